/**
 * Holdings: all lots of one product in one wallet, oldest delivery first. For register extracts, and for the question which units a wallet
 * held at a time.
 */
import { type Events, type Id, Tag } from "@effekten/domain"
import { keyWithin, partsOfKey, type LoggedEvent, type Projection } from "./Projection.ts"

/** The units one investment has in the wallet. @category models */
export interface Lot {
  readonly investmentId: Id.InvestmentId
  /** Position of the delivery: lots are redeemed in this order. */
  readonly rank: number
  /** As delivered. */
  readonly units: number
  readonly remaining: number
  /** Of these, bound by a task in flight. */
  readonly reserved: number
  /** Cancelled after delivery: held, but can no longer be redeemed. */
  readonly blocked: boolean
}

/** A holding. @category models */
export interface HoldingState {
  readonly productId: Id.ProductId
  readonly walletId: Id.WalletId
  readonly investorId: Id.InvestorId
  readonly lots: ReadonlyArray<Lot>
  /** What is registered here: the sum of `remaining`. */
  readonly held: number
  /** The sum of `reserved`. */
  readonly reserved: number
  /** What a new redemption may take. */
  readonly free: number
  /** Redemptions without a final outcome, and the lots they bind. */
  readonly inFlight: { readonly [redemption: Id.RedemptionId]: ReadonlyArray<Events.Part> }
}

/** The key of a holding. @category constructors */
export const holdingKey = (product: Id.ProductId, wallet: Id.WalletId): string => keyWithin(product, wallet)

const change = (
  state: HoldingState,
  lots: ReadonlyArray<Lot>,
  inFlight: HoldingState["inFlight"] = state.inFlight
): HoldingState => {
  let held = 0
  let reserved = 0
  let free = 0
  for (const lot of lots) {
    held += lot.remaining
    reserved += lot.reserved
    if (!lot.blocked) free += lot.remaining - lot.reserved
  }
  return { ...state, lots, held, reserved, free, inFlight }
}

/** One pass over the lots, however many parts: a custodian's wallet may have thousands. */
const move = (
  lots: ReadonlyArray<Lot>,
  parts: ReadonlyArray<Events.Part>,
  remaining: number,
  reserved: number
): ReadonlyArray<Lot> => {
  const units = new Map<Id.InvestmentId, number>()
  for (const part of parts) units.set(part.investmentId, (units.get(part.investmentId) ?? 0) + part.units)
  return lots.map((lot) => {
    const moved = units.get(lot.investmentId)
    return moved === undefined
      ? lot
      : { ...lot, remaining: lot.remaining + remaining * moved, reserved: lot.reserved + reserved * moved }
  })
}

const without = (inFlight: HoldingState["inFlight"], redemption: Id.RedemptionId): HoldingState["inFlight"] =>
  Object.fromEntries(Object.entries(inFlight).filter(([id]) => id !== redemption))

const evolve = (state: HoldingState | undefined, event: LoggedEvent): HoldingState | undefined => {
  if (event.type === "UnitsCredited") {
    const { investmentId, investorId, productId, units, walletId } = event.data
    const before = state ?? { productId, walletId, investorId, lots: [], held: 0, reserved: 0, free: 0, inFlight: {} }
    const lot: Lot = { investmentId, rank: event.position, units, remaining: units, reserved: 0, blocked: false }
    return change(before, [...before.lots, lot])
  }
  if (state === undefined) return undefined
  switch (event.type) {
    case "RedemptionRequested":
      return change(state, move(state.lots, event.data.lots, 0, 1), {
        ...state.inFlight,
        [event.data.redemptionId]: event.data.lots
      })
    case "UnitsRedeemed":
      return change(state, move(state.lots, event.data.lots, -1, -1), without(state.inFlight, event.data.redemptionId))
    case "RedemptionFailed":
      return change(
        state,
        move(state.lots, state.inFlight[event.data.redemptionId] ?? [], 0, -1),
        without(state.inFlight, event.data.redemptionId)
      )
    case "InvestmentCancelledAfterDelivery":
      return change(
        state,
        state.lots.map((lot) => (lot.investmentId === event.data.investmentId ? { ...lot, blocked: true } : lot))
      )
    default:
      return state
  }
}

/** Keyed by {@link holdingKey}, listed by product. @category projections */
export const holdings: Projection<HoldingState> = {
  name: "holdings",
  version: 1,
  types: [
    "UnitsCredited",
    "RedemptionRequested",
    "UnitsRedeemed",
    "RedemptionFailed",
    "InvestmentCancelledAfterDelivery"
  ],
  keys(event) {
    switch (event.type) {
      case "UnitsCredited":
      case "RedemptionRequested":
      case "UnitsRedeemed":
      case "RedemptionFailed":
      case "InvestmentCancelledAfterDelivery":
        return [holdingKey(event.data.productId, event.data.walletId)]
      default:
        return []
    }
  },
  evolve,
  scope: (state) => state.productId,
  query(key) {
    const [product, wallet] = partsOfKey(key)
    return [{ types: holdings.types, tags: [Tag.product(product as Id.ProductId), Tag.wallet(wallet as Id.WalletId)] }]
  }
}
