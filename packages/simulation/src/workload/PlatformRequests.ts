/**
 * The requests of a platform, made of steps. For the clients of a simulation. All people are invented.
 */
import { Currency, Id, type Units } from "@effekten/domain"
import { Api, Credits, Documents, Investments, Investors, Redemptions, Transfers, Wallets } from "@effekten/services"
import { Effect, Schema } from "effect"
import { isLive } from "../model/Asked.ts"
import { addressOf, proofOf } from "../model/Keys.ts"
import type { Investment, Objects } from "../model/Objects.ts"
import { asking, day, type Known, known, type Reader, request, textOf } from "./Reading.ts"
import type { Request } from "./Request.ts"
import type { Step, StepKind } from "./Steps.ts"

const euro = Currency.Code.make("EUR")
const somebody = Schema.decodeUnknownSync(Api.CreateInvestor)

const company = ({ a, b }: Step) => ({
  company_name: `Muster ${a} GmbH`,
  commercial_register: "Amtsgericht Musterstadt",
  commercial_register_number: "HRB 0",
  street: "Musterweg 2",
  city: "Musterstadt",
  zip: "00000",
  country: "DEU",
  phone: "",
  is_custodian_bank: b % 3 === 0
})

const investorOf = (step: Step): Api.CreateInvestor =>
  somebody({
    natural_person: {
      salutation: "MRS",
      forename: "Erika",
      surname: `Beispiel ${step.a}`,
      birth_date: "1980-02-29",
      birth_place: "Musterstadt",
      citizenship: "DEU",
      street: "Musterweg 1",
      city: "Musterstadt",
      zip: "00000",
      country: "DEU",
      phone: "+49 000 000",
      is_pep: step.b % 7 === 0
    },
    is_beneficiary: step.c % 15 !== 0,
    ...(step.d % 4 === 0 ? { legal_person: company(step) } : {}),
    ...(step.c % 3 === 0 ? { communication: { email: `erika${step.a}@example.org`, email_confirmed: true } } : {})
  })

const identification = Schema.decodeUnknownSync(Api.CreateIdentification)
const redemption = Schema.decodeUnknownSync(Api.CreateRedemption)
const transfer = Schema.decodeUnknownSync(Api.CreateTransfer)

/** The investors that nothing keeps from acting, and now and then any. */
const ableOf = ({ world }: Known, step: Step) =>
  new Map(
    [...world.investors].filter(([, person]) => step.b % 5 === 0 || (!person.erased && world.kyc(person) === "SUCCESS"))
  )

const walletsOf = ({ world }: Known, investor: string) =>
  new Map([...world.wallets].filter(([, wallet]) => wallet.investor === investor))

/** The investments that a task of the ledger is about, and those it takes from. */
const underWay = (world: Objects) => {
  const products = new Set(
    [...world.tasks.values()].flatMap(({ product, status }) => (status === "processing" ? product : []))
  )
  return new Map([...world.investments].filter(([, { product }]) => products.has(product)))
}

/** How many units of an investment's wallet and product a task may take. */
const freeBeside = (world: Objects, { delivered, product }: Investment) =>
  world.takeable(product, delivered ?? "").length

/** Mostly what is free, now and then more. @category computing */
export const unitsAsked = (world: Objects, step: Step, from: Investment) =>
  1 + (step.c % (step.b % 5 === 0 ? 30 : Math.max(1, Math.min(6, freeBeside(world, from)))))

/** A wallet that receives, mostly; now and then any, or none. @category computing */
export const targetOf = ({ world }: Known, step: Step, from: Investment): string => {
  const wallets = new Map(
    [...world.wallets].filter(([id, { receiving }]) => step.d % 7 === 0 || (receiving && id !== from.delivered))
  )
  return world.wallets.get(known(wallets, step.c))?.address ?? `0x${"f".repeat(40)}`
}

const isFree = (world: Objects, id: string): boolean =>
  ![...world.tasks.values()].some((task) => task.investment === id && isLive(task))

/** So many units of what an investment was delivered into. @category constructors */
export const redeeming = (from: Investment, units: number, platform: Id.PlatformId): Request => {
  const input = redemption({
    investor_id: from.investor,
    product_id: from.product,
    wallet_id: from.delivered,
    units
  })
  return request("Redemptions.create", { platform, operation: "RequestRedemption", input }, (options) =>
    Effect.flatMap(Redemptions, (redemptions) => redemptions.create(input, options))
  )
}

/** @category constructors */
export const signing = (input: Api.CreateInvestment, platform: Id.PlatformId): Request =>
  request("Investments.create", { platform, operation: "SignInvestment", input }, (options) =>
    Effect.flatMap(Investments, (investments) => investments.create(input, options))
  )

/** All investors of a platform. @category constructors */
export const listing = (platform: Id.PlatformId): Request =>
  request("Investors.list", { platform, operation: undefined, input: {} }, () =>
    Effect.flatMap(Investors, (investors) => investors.list())
  )

const prove: Reader = (step, knows) => {
  const generic = [...knows.world.wallets].filter(([, { managed }]) => step.b % 8 === 0 || !managed)
  const id = known(new Map(generic), step.a)
  const wallet = knows.world.wallets.get(id)
  const signed = wallet && (step.b % 5 === 0 ? { ...wallet, investor: "another" } : wallet)
  const input: Api.ProveAddress = { signature: (signed && proofOf(signed)) ?? `0x${"11".repeat(65)}` }
  const ids = [wallet?.investor ?? known(knows.world.investors, step.a), id] as const
  const platform = asking(knows, step, wallet?.platform)
  return request("Wallets.prove", { platform, operation: "ProveAddress", ids, input }, (options) =>
    Effect.flatMap(Wallets, (wallets) =>
      wallets.prove(Id.InvestorId.make(ids[0]), Id.WalletId.make(ids[1]), input, options)
    )
  )
}

/** @category conversions */
export const platformReaders = {
  investor: (step, knows) => {
    const input = investorOf(step)
    const platform = Id.PlatformId.make([...knows.world.platforms][step.b % knows.world.platforms.size]!)
    return request("Investors.create", { platform, operation: "RegisterInvestor", input }, (options) =>
      Effect.flatMap(Investors, (investors) => investors.create(input, options))
    )
  },
  document: (step, knows) => {
    const content = new TextEncoder().encode(`content ${step.a}`)
    const input = { fileName: `protocol-${step.a}.pdf`, mediaType: "application/pdf", content }
    const platform = Id.PlatformId.make([...knows.world.platforms][step.b % knows.world.platforms.size]!)
    return request("Documents.upload", { platform, operation: "UploadDocument", input: input.fileName }, (options) =>
      Effect.flatMap(Documents, (documents) => documents.upload(input, options))
    )
  },
  identify: (step, knows) => {
    const id = known(knows.world.investors, step.a)
    const owner = knows.world.investors.get(id)?.platform
    const own = new Map([...knows.world.documents].filter(([, { platform }]) => platform === owner))
    const input = identification({
      document_type: "IDCARD",
      document_id: "X0000000",
      document_issuer: "Musterstadt",
      document_valid_from: "2020-01-01",
      document_valid_to: "2040-01-01",
      identity_provider: "POSTIDENT",
      legitimation_process_id: "0",
      legitimation_protocol_id: known(own, step.b),
      verified_at: textOf(knows.now - (step.c % 7 === 0 ? -600_000 : day))
    })
    return request(
      "Investors.identify",
      { platform: asking(knows, step, owner), operation: "RecordIdentification", ids: [id], input },
      (options) => Effect.flatMap(Investors, (investors) => investors.identify(Id.InvestorId.make(id), input, options))
    )
  },
  wallet: (step, knows) => {
    const id = known(ableOf(knows, step), step.a)
    const platform = asking(knows, step, knows.world.investors.get(id)?.platform)
    if (step.c % 3 !== 0)
      return request(
        "Wallets.createManaged",
        { platform, operation: "RegisterManagedWallet", ids: [id], input: {} },
        (options) => Effect.flatMap(Wallets, (wallets) => wallets.createManaged(Id.InvestorId.make(id), options))
      )
    const input = Schema.decodeUnknownSync(Api.CreateGenericWallet)({
      address: addressOf(1 + (step.b % 30)),
      receiving_enabled: true
    })
    return request(
      "Wallets.createGeneric",
      { platform, operation: "RegisterGenericWallet", ids: [id], input },
      (options) => Effect.flatMap(Wallets, (wallets) => wallets.createGeneric(Id.InvestorId.make(id), input, options))
    )
  },
  sign: (step, knows) => {
    const { now, world } = knows
    const investor = known(ableOf(knows, step), step.a)
    const owner = world.investors.get(investor)?.platform
    const campaigns = new Map(
      [...world.campaigns].filter(([, { platform }]) => step.d % 13 === 0 || platform === owner)
    )
    const wallets = walletsOf(knows, investor)
    const signedAt = textOf(now - (step.c % 19 === 0 ? -400_000 : step.c % 5 === 0 ? 3 * day : 60_000))
    const input: Api.CreateInvestment = {
      campaignId: Id.CampaignId.make(known(campaigns, step.b)),
      investorId: Id.InvestorId.make(investor),
      units: (1 + (step.c % 9)) as Units.Units,
      signedAt,
      ...(step.d % 4 === 0 ? {} : { acceptedAt: signedAt }),
      ...(step.d % 4 === 0 || step.d % 12 === 1 ? {} : { paidAt: signedAt }),
      ...(step.b % 3 === 0 ? { disagio: { amount: `${step.b % 97}`, decimals: 2, currency: euro } } : {}),
      ...(step.b % 4 === 0
        ? { accruedInterest: { amount: `-${1 + (step.a % 97)}`, decimals: 2, currency: euro } }
        : {}),
      ...(wallets.size === 0 ? {} : { wallet: Id.WalletId.make(known(wallets, step.a)) })
    }
    return signing(input, asking(knows, step, owner))
  },
  amend: (step, knows) => {
    const open = new Map(
      [...knows.world.investments].filter(([, { end, paid }]) => step.d % 3 === 0 || (!end && paid === undefined))
    )
    const id = known(open, step.a)
    const found = knows.world.investments.get(id)
    const at = textOf(knows.now - (step.c % 3) * 60_000)
    const wallets = walletsOf(knows, found?.investor ?? "")
    const input: Api.AmendInvestment = {
      ...(step.b % 2 === 0 ? { acceptedAt: at } : {}),
      ...(step.b % 3 === 0 ? { paidAt: at } : {}),
      ...(wallets.size > 0 && step.b % 5 < 2 ? { wallet: Id.WalletId.make(known(wallets, step.c)) } : {})
    }
    if (Object.keys(input).length === 0) return undefined
    return request(
      "Investments.amend",
      { platform: asking(knows, step, found?.platform), operation: "AmendInvestment", ids: [id], input },
      (options) =>
        Effect.flatMap(Investments, (investments) => investments.amend(Id.InvestmentId.make(id), input, options))
    )
  },
  cancel: (step, knows) => {
    const id = known(step.c % 2 === 0 ? underWay(knows.world) : knows.world.investments, step.a)
    const input: Api.CancelInvestment = step.b % 2 === 0 ? {} : { cancelledAt: textOf(knows.now - 60_000) }
    const platform = asking(knows, step, knows.world.investments.get(id)?.platform)
    return request("Investments.cancel", { platform, operation: "CancelInvestment", ids: [id], input }, (options) =>
      Effect.flatMap(Investments, (investments) => investments.cancel(Id.InvestmentId.make(id), input, options))
    )
  },
  credit: (step, knows) => {
    const { world } = knows
    const ripe = new Map(
      [...world.investments].filter(
        ([id, each]) =>
          step.b % 8 === 0 || (world.status(each) === "PAID" && each.wallet !== undefined && isFree(world, id))
      )
    )
    const id = known(ripe, step.a)
    const platform = asking(knows, step, world.investments.get(id)?.platform)
    return request("Credits.create", { platform, operation: "RequestCredit", ids: [id], input: {} }, (options) =>
      Effect.flatMap(Credits, (credits) => credits.create(Id.InvestmentId.make(id), options))
    )
  },
  redeem: (step, knows) => {
    const { world } = knows
    const held = [...world.investments].filter(([, { delivered }]) => delivered !== undefined)
    const redeemable = held.filter(
      ([, each]) => world.products.get(each.product)?.ewpg === false && freeBeside(world, each) > 0
    )
    const from = world.investments.get(known(new Map(step.b % 6 === 0 ? held : redeemable), step.a))
    if (from?.delivered === undefined) return undefined
    return redeeming(from, unitsAsked(world, step, from), asking(knows, step, from.platform))
  },
  transfer: (step, knows) => {
    const { world } = knows
    const held = [...world.investments].filter(([, { delivered }]) => delivered !== undefined)
    const transferable = held.filter(
      ([, each]) => world.wallets.get(each.delivered!)!.managed && freeBeside(world, each) > 0
    )
    const from = world.investments.get(known(new Map(step.b % 6 === 0 ? held : transferable), step.a))
    if (from?.delivered === undefined) return undefined
    const input = transfer({
      product: from.product,
      source_wallet: from.delivered,
      target_address: targetOf(knows, step, from),
      amount: unitsAsked(world, step, from)
    })
    return request(
      "Transfers.create",
      { platform: asking(knows, step, from.platform), operation: "RequestTransfer", input },
      (options) => Effect.flatMap(Transfers, (transfers) => transfers.create(input, options))
    )
  },
  receive: (step, knows) => {
    if (step.d % 3 === 0) return prove(step, knows)
    const id = known(knows.world.wallets, step.a)
    const wallet = knows.world.wallets.get(id)
    const input: Api.AmendWallet = { receivingEnabled: step.b % 3 !== 0 }
    const ids = [wallet?.investor ?? known(knows.world.investors, step.a), id] as const
    const platform = asking(knows, step, wallet?.platform)
    return request("Wallets.amend", { platform, operation: "SetReceiving", ids, input }, (options) =>
      Effect.flatMap(Wallets, (wallets) =>
        wallets.amend(Id.InvestorId.make(ids[0]), Id.WalletId.make(ids[1]), input, options)
      )
    )
  },
  read: (step, knows) => {
    const { world } = knows
    const told = { operation: undefined, input: {} }
    const asked = step.b % 6
    if (asked === 5) {
      const asked = [...world.tasks].filter(([, { kind }]) => kind === "transfer")
      const name = known(new Map(asked), step.a)
      const platform = asking(knows, step, world.tasks.get(name)?.platform)
      const id = name.replace("transfer ", "")
      return request("Transfers.get", { ...told, platform, ids: [id] }, () =>
        Effect.flatMap(Transfers, (transfers) => transfers.get(Id.TransferId.make(id)))
      )
    }
    if (asked === 0) {
      const id = known(world.investors, step.a)
      const platform = asking(knows, step, world.investors.get(id)?.platform)
      return request("Investors.get", { ...told, platform, ids: [id] }, () =>
        Effect.flatMap(Investors, (investors) => investors.get(Id.InvestorId.make(id)))
      )
    }
    if (asked < 3) {
      // What is under way is what two readings can see differently.
      const id = known(step.c % 2 === 0 ? underWay(world) : world.investments, step.a)
      const platform = asking(knows, step, world.investments.get(id)?.platform)
      return request("Investments.get", { ...told, platform, ids: [id] }, () =>
        Effect.flatMap(Investments, (investments) => investments.get(Id.InvestmentId.make(id)))
      )
    }
    const platform = Id.PlatformId.make([...world.platforms][step.a % world.platforms.size]!)
    return asked === 3
      ? request("Investments.list", { ...told, platform }, () =>
          Effect.flatMap(Investments, (investments) => investments.list())
        )
      : listing(platform)
  }
} satisfies { readonly [Kind in StepKind]?: Reader }
