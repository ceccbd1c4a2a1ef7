/**
 * After healing each entry of a crypto security, and each change of one, has its statement (eWpG § 19). Which entries an event changes is
 * told from the log alone: what lies in which wallet is counted here once more. An investor that was erased gets none any more.
 */
import type { Projection } from "@effekten/projections"
import type { Invariant } from "./Invariant.ts"

/** What was entered, by its investment. */
interface Entry {
  readonly investor: string
  readonly product: string
  readonly wallet: string
  units: number
}

interface Part {
  readonly investmentId: string
  readonly units: number
}

/** Entries of crypto securities, told event by event. */
const counting = () => {
  const crypto = new Set<string>()
  const investors = new Map<string, string>()
  const entries = new Map<string, Entry>()
  const move = (parts: ReadonlyArray<Part>, direction: 1 | -1): ReadonlyArray<string> => {
    for (const { investmentId, units } of parts) entries.get(investmentId)!.units += direction * units
    return parts.map(({ investmentId }) => investmentId)
  }
  const inWallet = (wallet: string, product: string | undefined): ReadonlyArray<string> =>
    [...entries].flatMap(([id, entry]) =>
      entry.wallet === wallet && entry.units > 0 && (product ?? entry.product) === entry.product ? [id] : []
    )
  /** The entries that an event makes or changes. */
  const changed = ({ data, type }: Projection.LoggedEvent): ReadonlyArray<string> => {
    if (type === "ProductRegistered" && data.kind === "ewpg") crypto.add(data.productId)
    if (type === "InvestmentSigned") investors.set(data.investmentId, data.investorId)
    if (type === "WalletFrozen" || type === "WalletUnfrozen") return inWallet(data.walletId, undefined)
    if (type === "InvestmentCancelledAfterDelivery") return entries.has(data.investmentId) ? [data.investmentId] : []
    if (!("productId" in data) || !crypto.has(data.productId)) return []
    const { productId: product } = data
    switch (type) {
      case "UnitsCredited": {
        const { investmentId, units, walletId: wallet } = data
        entries.set(investmentId, { investor: investors.get(investmentId) ?? "", product, wallet, units })
        return [investmentId]
      }
      case "UnitsTransferred": {
        const { lots, recipientInvestmentId: id, recipientInvestorId: investor, targetWalletId: wallet, units } = data
        entries.set(id, { investor, product, wallet, units })
        return [id, ...move(lots, -1)]
      }
      case "UnitsRedeemed":
        return move(data.lots, -1)
      case "RegisterChangeReversed":
        return [...move(data.taken, -1), ...move(data.returned, 1)]
      case "UnitsFrozen":
      case "UnitsUnfrozen":
        return inWallet(data.walletId, product)
      default:
        return []
    }
  }
  return { changed, investorOf: (investment: string): string => entries.get(investment)!.investor }
}

/** @category values */
export const statements: Invariant = {
  name: "after healing each entry has its statements",
  watch: (_facts, broken) => {
    const { changed, investorOf } = counting()
    const due = new Map<string, Projection.LoggedEvent>()
    const erased = new Set<string>()
    return {
      committed: ({ events }) => {
        for (const event of events) {
          const { data, position, type } = event
          for (const id of changed(event)) due.set(`${id} ${position}`, event)
          if (type === "RegistryStatementIssued") due.delete(`${data.investmentId} ${data.about}`)
          if (type === "InvestorErased") erased.add(data.investorId)
        }
      },
      healed: () => {
        for (const [name, { position, type }] of due) {
          const [id = ""] = name.split(" ")
          if (!erased.has(investorOf(id))) broken(`${id} has no statement of ${type} at ${position}`)
        }
      }
    }
  }
}
