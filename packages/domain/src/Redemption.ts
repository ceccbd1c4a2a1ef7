/**
 * Redemptions: the ledger task that burns units. For platforms, for the registrar, for the ledger, for the person that resolves an unknown
 * outcome, and for reads.
 *
 * A platform redeems what is no crypto security; crypto securities are redeemed by the registrar alone, on a legal basis (eWpG § 29). The
 * request chooses and reserves its lots; settling reads only the task, because nothing else can make the outcome wrong.
 */
import { Schema } from "effect"
import { Basis } from "./Basis.ts"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import { filing } from "./events/Filing.ts"
import type { Part } from "./events/Part.ts"
import {
  RedemptionFailed,
  RedemptionOutcomeUnknown,
  RedemptionRequested,
  RedemptionSubmitted,
  UnitsRedeemed
} from "./events/RedemptionEvents.ts"
import { takeLots } from "./Fifo.ts"
import * as Freezing from "./Freezing.ts"
import { InvestorId, type PlatformId, ProductId, RedemptionId, WalletId } from "./Id.ts"
import * as Investor from "./Investor.ts"
import * as Product from "./Product.ts"
import * as Tag from "./Tag.ts"
import * as Task from "./Task.ts"
import { isUnits, type Units } from "./Units.ts"
import { platformOf } from "./Visibility.ts"
import * as Wallet from "./Wallet.ts"

/** @category models */
export interface State extends Task.Progress {
  readonly id: RedemptionId
  readonly platform: PlatformId | null
  readonly investorId: InvestorId
  readonly productId: ProductId
  readonly walletId: WalletId
  readonly units: Units
}

/** Raised when the same events come to mean another state: a stored state of another version is folded again. @category values */
export const stateVersion = 2

/** @category values */
export const types = {
  requested: "RedemptionRequested",
  submitted: "RedemptionSubmitted",
  succeeded: "UnitsRedeemed",
  failed: "RedemptionFailed",
  unknown: "RedemptionOutcomeUnknown"
} as const satisfies Task.Types

/** @category models */
export type Event = Recorded<(typeof types)[keyof typeof types]>

const redemptionOf = ({ data, meta }: Recorded<"RedemptionRequested">): State => ({
  id: data.redemptionId,
  platform: data.holderPlatform ?? platformOf(meta),
  investorId: data.investorId,
  productId: data.productId,
  walletId: data.walletId,
  units: data.units,
  ...Task.initial
})

/** The redemption after one more of its events. @category computing */
export const after = (redemption: State | undefined, event: Event): State | undefined =>
  event.type === "RedemptionRequested" ? redemptionOf(event) : redemption && Task.after(redemption, event.type, types)

/** A redemption and what was requested, which its outcome repeats. @category models */
export interface RequestedRedemption extends State {
  readonly requested: Recorded<"RedemptionRequested">["data"]
}

/** @category decision models */
export const model = (id: RedemptionId) =>
  decisionModel({
    name: "Redemption",
    types: Task.listOf(types),
    tags: [Tag.redemption(id)],
    initial: undefined,
    evolve: (state: RequestedRedemption | undefined, event): RequestedRedemption | undefined =>
      event.type === "RedemptionRequested"
        ? { ...redemptionOf(event), requested: event.data }
        : state && Task.after(state, event.type, types)
  })

const asked = { productId: ProductId, walletId: WalletId, units: Schema.Finite }

/** Takes free units only: neither reserved, nor blocked, nor frozen. Of the product the caller has made sure that it may be redeemed. */
function* take(
  { paused }: Product.State,
  { productId, units, walletId }: Schema.Struct.Type<typeof asked> & { readonly units: Units }
): Generator<Read | Refuse, ReadonlyArray<Part>, any> {
  if (paused) return yield* refuse({ code: "product_paused" })
  if (yield* read(Freezing.ofWallet(walletId))) return yield* refuse({ code: "wallet_frozen" })
  return yield* takeLots(productId, walletId, units)
}

/** By the holder, through a platform. @category commands */
export const RequestRedemption = Command.make("RequestRedemption", {
  input: { redemptionId: RedemptionId, investorId: InvestorId, ...asked },
  *decide(input, _personal, context) {
    const { investorId, productId, units, walletId } = input
    const investor = yield* Investor.find(investorId, context)
    yield* Wallet.findOf(investorId, walletId, context)
    const product = yield* read(Product.model(productId))
    // A product that was never listed on the investor's platform is none of its business.
    if (product === undefined || !product.everListedOn.some((platform) => platform === investor.platform)) {
      return yield* refuse({ code: "product_not_found" })
    }
    if (!isUnits(units)) return yield* refuse({ code: "units_invalid" })
    if (product.terms.kind === "ewpg") return yield* refuse({ code: "redemption_of_crypto_security" })
    const lots = yield* take(product, { ...input, units })
    return [RedemptionRequested.make({ ...input, lots, basis: undefined, holderPlatform: undefined }, undefined)]
  },
  recall: (events) => {
    const { redemptionId, investorId, productId, walletId, units } = Command.recorded(events, "RedemptionRequested")
    return { redemptionId, investorId, productId, walletId, units }
  }
})

/**
 * By the registrar, of a crypto security: its units go to the issuer, and their entry is deleted (eWpG § 29). The holder's platform sees it
 * as a redemption of its own.
 *
 * @category commands
 */
export const RedeemCrypto = Command.make("RedeemCrypto", {
  input: { redemptionId: RedemptionId, ...asked, basis: Basis },
  personal: filing,
  *decide(input, personal, context) {
    const { investorId } = yield* Wallet.find(input.walletId, context)
    const { platform } = yield* Investor.find(investorId, context)
    const product = yield* read(Product.model(input.productId))
    if (product === undefined) return yield* refuse({ code: "product_not_found" })
    if (!isUnits(input.units)) return yield* refuse({ code: "units_invalid" })
    if (product.terms.kind !== "ewpg") return yield* refuse({ code: "not_a_crypto_security" })
    const lots = yield* take(product, { ...input, units: input.units })
    return [RedemptionRequested.make({ ...input, investorId, lots, holderPlatform: platform ?? undefined }, personal)]
  },
  recall: (events) => {
    const { basis, productId, redemptionId, units, walletId } = Command.recorded(events, "RedemptionRequested")
    if (basis === undefined) throw new TypeError("a redemption without a basis is not the registrar's")
    return { redemptionId, productId, walletId, units, basis }
  }
})

const key = { redemptionId: RedemptionId }

/** The redemption, for this client. @category predicates */
export function* find(
  { redemptionId }: { readonly redemptionId: RedemptionId },
  context: DecisionContext
): Generator<Read | Refuse, RequestedRedemption, any> {
  const redemption = yield* Investor.visibleObject(yield* read(model(redemptionId)), context)
  return redemption ?? (yield* refuse({ code: "task_not_found" }))
}

const redemptions: Task.Kind<RequestedRedemption> = {
  submitted: ({ id }) => RedemptionSubmitted.make({ redemptionId: id }),
  succeeded: ({ requested }, resolution) =>
    UnitsRedeemed.make({
      ...requested,
      basis: requested.basis,
      holderPlatform: requested.holderPlatform,
      resolution
    }),
  failed: ({ id, productId, walletId }, reason, resolution) =>
    RedemptionFailed.make({ redemptionId: id, productId, walletId, reason, resolution }),
  unknown: ({ id }) => RedemptionOutcomeUnknown.make({ redemptionId: id })
}

/** @category commands */
export const SubmitRedemption = Command.make("SubmitRedemption", {
  input: key,
  *decide(input, _personal, context) {
    return Task.submit(redemptions, yield* find(input, context))
  },
  recall: (events) => Command.recorded(events, "RedemptionSubmitted")
})

/** @category commands */
export const SettleRedemption = Command.make("SettleRedemption", {
  input: { ...key, ...Task.reportMembers },
  *decide(input, _personal, context) {
    return yield* Task.settle(redemptions, yield* find(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason } = Task.recordedOutcome(events, types)
    return { redemptionId: data.redemptionId, outcome, reason }
  }
})

/** The units were reserved until now. @category commands */
export const ResolveRedemption = Command.make("ResolveRedemption", {
  input: { ...key, ...Task.resolutionMembers },
  *decide(input, _personal, context) {
    return yield* Task.resolve(redemptions, yield* find(input, context), input)
  },
  recall: (events) => {
    const { data, outcome, reason, resolution } = Task.recordedResolution(events, types)
    return { redemptionId: data.redemptionId, outcome, reason, resolution }
  }
})
