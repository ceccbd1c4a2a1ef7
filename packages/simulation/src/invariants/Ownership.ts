/**
 * An event names only what there is, of one platform and of one investor (promise 10). So no unit comes to a wallet of another investor, and
 * no investor refers to a document of another platform. A transfer and a reversal have two sides, each held to this. The log alone is asked,
 * not the second model.
 */
import type { Events } from "@effekten/domain"
import type { Projection } from "@effekten/projections"
import type { Invariant } from "./Invariant.ts"

/** What makes an object of a platform, and which member names it. */
const makes: { readonly [T in Events.EventType]?: string } = {
  CampaignOpened: "campaignId",
  InvestorRegistered: "investorId",
  DocumentUploaded: "documentId",
  WalletRegistered: "walletId",
  InvestmentSigned: "investmentId",
  CreditRequested: "creditId",
  RedemptionRequested: "redemptionId",
  TransferRequested: "transferId",
  ReversalRequested: "reversalId"
}

/** Members that name objects of a platform. */
const names = [...Object.values(makes), "protocolDocumentId", "sourceInvestorId", "sourceWalletId"]

/** To whom an object belongs. */
interface Owned {
  readonly platform: unknown
  readonly investor: unknown
}

type Members = Readonly<Record<string, unknown>>

const idsIn = (data: Members): ReadonlyArray<unknown> => [
  ...names.map((name) => data[name]),
  ...((data["documentIds"] ?? []) as ReadonlyArray<unknown>),
  ...((data["lots"] ?? []) as ReadonlyArray<Members>).map(({ investmentId }) => investmentId)
]

/** The platform that an event names where none has instructed it: that of its object. */
const saidIn = (data: Members): unknown => data["platformId"] ?? data["holderPlatform"] ?? data["sourcePlatform"]

/** What a transfer says of the side where the units arrive, in the words of other events. */
const arrivalOf = (data: Members): Members => ({
  platformId: data["recipientPlatform"],
  investorId: data["recipientInvestorId"],
  walletId: data["targetWalletId"]
})

/** What an event of a reversal says of the side it takes from, and of the side it gives back to. The change is of one of them. */
const reversedOf = (data: Members): ReadonlyArray<Members> => {
  const { id, kind } = data["change"] as Members
  const credit = { campaignId: data["campaignId"], investmentId: id }
  return [
    {
      ...(kind === "credit" ? credit : {}),
      investorId: data["fromInvestorId"],
      walletId: data["fromWalletId"],
      lots: data["taken"]
    },
    {
      ...(kind === "credit" ? {} : { [`${String(kind)}Id`]: id }),
      investorId: data["toInvestorId"],
      walletId: data["toWalletId"],
      lots: data["returned"]
    }
  ]
}

/** @category values */
export const ownership: Invariant = {
  name: "10: an event names what is of one platform and one investor",
  watch: (_facts, broken) => {
    const owners = new Map<unknown, Owned>()
    const takeSide = (
      { position, type }: Projection.LoggedEvent,
      data: Members,
      asking: unknown,
      made: unknown
    ): void => {
      const ids = idsIn(data).filter((id) => id !== undefined && id !== made)
      const missing = ids.find((id) => !owners.has(id))
      if (missing !== undefined) return broken(`${type} at ${position} names ${missing}, and there is no such thing`)
      const named = ids.map((id) => owners.get(id)!)
      const platforms = new Set([asking ?? saidIn(data), ...named.map(({ platform }) => platform)])
      const investors = new Set(named.map(({ investor }) => investor))
      if (type === "InvestorRegistered") investors.add(made)
      platforms.delete(undefined)
      investors.delete(undefined)
      if (platforms.size > 1) broken(`${type} at ${position} is of the platforms ${[...platforms].join(" and ")}`)
      if (investors.size > 1) broken(`${type} at ${position} is of the investors ${[...investors].join(" and ")}`)
      const [[platform], [investor]] = [[...platforms], [...investors]]
      if (made !== undefined) owners.set(made, { platform, investor })
    }
    const take = (event: Projection.LoggedEvent): void => {
      const { meta, type } = event
      const data: Members = event.data
      const making = makes[type]
      takeSide(event, data, meta.platform, making === undefined ? undefined : data[making])
      if (type === "TransferRequested") takeSide(event, arrivalOf(data), undefined, undefined)
      if (type === "UnitsTransferred") takeSide(event, arrivalOf(data), undefined, data["recipientInvestmentId"])
      if ("reversalId" in data) for (const side of reversedOf(data)) takeSide(event, side, undefined, undefined)
    }
    return { committed: ({ events }) => events.forEach(take) }
  }
}
