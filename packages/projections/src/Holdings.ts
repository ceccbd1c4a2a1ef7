/**
 * Holdings: all lots of one product in one wallet, oldest delivery first. For register extracts, and for the question which units a wallet
 * held at a time.
 */
import { type Events, type Id, Tag } from "@effekten/domain"
import { keyWithin, partsOfKey, type Logged, type LoggedEvent, type Projection } from "./Projection.ts"

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
  /** Cancelled after delivery: held, but can no longer be redeemed or transferred. */
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
  /** A number of units that may not leave, whichever lots they are in. */
  readonly frozen: number
  /** What a new redemption or transfer may take. */
  readonly free: number
  /** Redemptions, transfers and reversals without a final outcome, by their tags, and the lots they bind. */
  readonly inFlight: { readonly [task: string]: ReadonlyArray<Events.Part> }
}

/** The key of a holding. @category constructors */
export const holdingKey = (product: Id.ProductId, wallet: Id.WalletId): string => keyWithin(product, wallet)

const change = (
  state: HoldingState,
  lots: ReadonlyArray<Lot>,
  inFlight: HoldingState["inFlight"] = state.inFlight,
  frozen: number = state.frozen
): HoldingState => {
  let held = 0
  let reserved = 0
  let available = 0
  for (const lot of lots) {
    held += lot.remaining
    reserved += lot.reserved
    if (!lot.blocked) available += lot.remaining - lot.reserved
  }
  return { ...state, lots, held, reserved, frozen, free: Math.max(0, available - frozen), inFlight }
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

type ReversedData = Logged<"RegisterChangeReversed">["data"]

const without = (inFlight: HoldingState["inFlight"], task: string): HoldingState["inFlight"] =>
  Object.fromEntries(Object.entries(inFlight).filter(([tag]) => tag !== task))

const reserve = (state: HoldingState, task: string, lots: ReadonlyArray<Events.Part>): HoldingState =>
  change(state, move(state.lots, lots, 0, 1), { ...state.inFlight, [task]: lots })

const take = (state: HoldingState, task: string, lots: ReadonlyArray<Events.Part>): HoldingState =>
  change(state, move(state.lots, lots, -1, -1), without(state.inFlight, task))

const release = (state: HoldingState, task: string): HoldingState =>
  change(state, move(state.lots, state.inFlight[task] ?? [], 0, -1), without(state.inFlight, task))

/** Takes in the one wallet, gives back in the other; the lot of a credit is gone. */
const reversed = (state: HoldingState, { change: undone, ...data }: ReversedData): HoldingState => {
  if (data.fromWalletId !== state.walletId) return change(state, move(state.lots, data.returned, 1, 0))
  const taken = take(state, Tag.reversal(data.reversalId), data.taken)
  if (undone.kind !== "credit") return taken
  return change(
    taken,
    taken.lots.filter((lot) => lot.investmentId !== undone.id)
  )
}

/** What an entry brings, and where. */
type Arrival = Pick<HoldingState, "productId" | "walletId" | "investorId"> & Pick<Lot, "investmentId" | "units">

const arrive = (state: HoldingState | undefined, rank: number, arrival: Arrival): HoldingState => {
  const { investmentId, units, ...place } = arrival
  const before = state ?? { ...place, lots: [], held: 0, reserved: 0, frozen: 0, free: 0, inFlight: {} }
  return change(before, [...before.lots, { investmentId, rank, units, remaining: units, reserved: 0, blocked: false }])
}

/** What arrives in this wallet; the other wallet of a transfer has nothing of it. */
const arrivalOf = (event: LoggedEvent, key: string): Arrival | undefined => {
  if (event.type === "UnitsCredited") return event.data
  if (event.type !== "UnitsTransferred") return undefined
  const { productId, recipientInvestmentId, recipientInvestorId, targetWalletId, units } = event.data
  if (key !== holdingKey(productId, targetWalletId)) return undefined
  return {
    productId,
    walletId: targetWalletId,
    investorId: recipientInvestorId,
    investmentId: recipientInvestmentId,
    units
  }
}

const evolve = (state: HoldingState | undefined, event: LoggedEvent, key: string): HoldingState | undefined => {
  const arrival = arrivalOf(event, key)
  if (arrival !== undefined) return arrive(state, event.position, arrival)
  if (state === undefined) return undefined
  switch (event.type) {
    case "RedemptionRequested":
      return reserve(state, Tag.redemption(event.data.redemptionId), event.data.lots)
    case "UnitsRedeemed":
      return take(state, Tag.redemption(event.data.redemptionId), event.data.lots)
    case "RedemptionFailed":
      return release(state, Tag.redemption(event.data.redemptionId))
    case "TransferRequested":
      return reserve(state, Tag.transfer(event.data.transferId), event.data.lots)
    case "UnitsTransferred":
      return take(state, Tag.transfer(event.data.transferId), event.data.lots)
    case "TransferFailed":
      return release(state, Tag.transfer(event.data.transferId))
    case "ReversalRequested":
      return reserve(state, Tag.reversal(event.data.reversalId), event.data.taken)
    case "RegisterChangeReversed":
      return reversed(state, event.data)
    case "ReversalFailed":
      return release(state, Tag.reversal(event.data.reversalId))
    case "UnitsFrozen":
      return change(state, state.lots, state.inFlight, state.frozen + event.data.units)
    case "UnitsUnfrozen":
      return change(state, state.lots, state.inFlight, state.frozen - event.data.units)
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
  version: 4,
  types: [
    "UnitsCredited",
    "RedemptionRequested",
    "UnitsRedeemed",
    "RedemptionFailed",
    "TransferRequested",
    "UnitsTransferred",
    "TransferFailed",
    "ReversalRequested",
    "RegisterChangeReversed",
    "ReversalFailed",
    "UnitsFrozen",
    "UnitsUnfrozen",
    "InvestmentCancelledAfterDelivery"
  ],
  keys(event) {
    switch (event.type) {
      case "UnitsCredited":
      case "RedemptionRequested":
      case "UnitsRedeemed":
      case "RedemptionFailed":
      case "UnitsFrozen":
      case "UnitsUnfrozen":
      case "InvestmentCancelledAfterDelivery":
        return [holdingKey(event.data.productId, event.data.walletId)]
      case "TransferRequested":
      case "TransferFailed":
        return [holdingKey(event.data.productId, event.data.sourceWalletId)]
      case "UnitsTransferred": {
        const { productId, sourceWalletId, targetWalletId } = event.data
        return [holdingKey(productId, sourceWalletId), holdingKey(productId, targetWalletId)]
      }
      case "ReversalRequested":
      case "ReversalFailed":
        return event.data.fromWalletId === undefined ? [] : [holdingKey(event.data.productId, event.data.fromWalletId)]
      case "RegisterChangeReversed": {
        const { fromWalletId, productId, toWalletId } = event.data
        return [fromWalletId, toWalletId].flatMap((wallet) =>
          wallet === undefined ? [] : [holdingKey(productId, wallet)]
        )
      }
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

/** Units that arrived in a wallet, or left it. @category models */
export interface Movement {
  readonly productId: Id.ProductId
  readonly walletId: Id.WalletId
  readonly investorId: Id.InvestorId
  /** Less than zero where they left. */
  readonly units: number
}

/** The types of the events that move units: no others do. @category values */
export const movementTypes = ["UnitsCredited", "UnitsRedeemed", "UnitsTransferred", "RegisterChangeReversed"] as const
/** @category models */
export type MovementType = (typeof movementTypes)[number]

type Place = readonly [investorId: Id.InvestorId | undefined, walletId: Id.WalletId | undefined]

const nowhere: Place = [undefined, undefined]

const placesOf = ({ data, type }: Logged<MovementType>): readonly [from: Place, to: Place] => {
  switch (type) {
    case "UnitsCredited":
      return [nowhere, [data.investorId, data.walletId]]
    case "UnitsRedeemed":
      return [[data.investorId, data.walletId], nowhere]
    case "UnitsTransferred":
      return [
        [data.sourceInvestorId, data.sourceWalletId],
        [data.recipientInvestorId, data.targetWalletId]
      ]
    case "RegisterChangeReversed":
      return [
        [data.fromInvestorId, data.fromWalletId],
        [data.toInvestorId, data.toWalletId]
      ]
  }
}

/**
 * Which units an event moves, for writers of projections. A credit and a redemption are one movement, a transfer is two. A reversal is those
 * of what it undoes, the other way. The sum of all movements is what is held.
 *
 * @category computing
 */
export const movementsOf = (event: Logged<MovementType>): ReadonlyArray<Movement> => {
  const { productId, units } = event.data
  const [from, to] = placesOf(event)
  const movement = ([investorId, walletId]: Place, sign: 1 | -1): ReadonlyArray<Movement> =>
    investorId === undefined || walletId === undefined ? [] : [{ productId, walletId, investorId, units: sign * units }]
  return [...movement(from, -1), ...movement(to, 1)]
}
