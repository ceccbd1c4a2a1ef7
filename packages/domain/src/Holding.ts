/**
 * Holdings: all lots of one product in one wallet, in rank order. For tasks that take units, and for every reading of "who holds what".
 *
 * A fold over a wallet with many lots must not copy them all for each event. Therefore lots lie in chunks, and an event copies only the
 * chunks it touches. Chunks with nothing to take or to release are passed over.
 */
import type { Recorded } from "./Catalogue.ts"
import { decisionModel } from "./Decision.ts"
import type { Part } from "./events/Part.ts"
import type { InvestmentId, ProductId, WalletId } from "./Id.ts"
import * as Tag from "./Tag.ts"
import type { UnitCount, Units } from "./Units.ts"

/** The units of one investment in one wallet. @category models */
export interface Lot {
  readonly investmentId: InvestmentId
  /** Position of the delivery. */
  readonly rank: number
  /** As delivered. */
  readonly units: Units
  /** Still held. */
  readonly remaining: UnitCount
  /** What tasks in flight will take of it. */
  readonly reserved: UnitCount
  /** Its investment was cancelled after delivery: it stays held and can no longer be redeemed or transferred. */
  readonly blocked: boolean
}

/** Lots side by side in rank, with the sums over them that let a fold pass over the chunk. @category models */
export interface Chunk {
  readonly lots: ReadonlyArray<Lot>
  readonly available: UnitCount
  readonly reserved: UnitCount
}

/** @category models */
export interface State {
  /** Whose wallet this is: a transfer concerns two holdings. */
  readonly walletId: WalletId
  readonly chunks: ReadonlyArray<Chunk>
  /** Sum over unblocked lots of `remaining − reserved`. */
  readonly available: UnitCount
  /** A number of units that may not leave, whichever lots they are in. */
  readonly frozen: UnitCount
  /** The lots that tasks in flight have reserved. */
  readonly inFlight: ReadonlyArray<{ readonly task: string; readonly lots: ReadonlyArray<Part> }>
}

/** What a new task may take of a lot. @category computing */
export const availableOf = (lot: Lot): UnitCount => (lot.blocked ? 0 : lot.remaining - lot.reserved)

/** What a new task, or a freeze, may take of a holding. A lot blocked after a freeze may leave less than is frozen. @category computing */
export const free = (holding: State): UnitCount => Math.max(0, holding.available - holding.frozen)

/** All lots, in rank order. @category computing */
export const lotsOf = (holding: State): ReadonlyArray<Lot> => holding.chunks.flatMap((chunk) => chunk.lots)

/** Lots per chunk: about the square root of a large holding, so that a copy is small on both levels. */
const chunkSize = 64

const chunkOf = (lots: ReadonlyArray<Lot>): Chunk => {
  let available = 0
  let reserved = 0
  for (const lot of lots) {
    available += availableOf(lot)
    reserved += lot.reserved
  }
  return { lots, available, reserved }
}

const addLot = (state: State, lot: Lot): State => {
  const chunks = state.chunks.slice()
  const last = chunks[chunks.length - 1]
  if (last === undefined || last.lots.length === chunkSize) chunks.push(chunkOf([lot]))
  else chunks[chunks.length - 1] = chunkOf([...last.lots, lot])
  return { ...state, chunks, available: state.available + lot.remaining }
}

/** Changes the lots named, each by the units named with it, looking only into chunks that can hold one. */
const changeLots = (
  state: State,
  parts: ReadonlyArray<Part>,
  mayHold: (chunk: Chunk) => boolean,
  change: (lot: Lot, units: Units) => Lot
): State => {
  const wanted = new Map<string, Units>()
  for (const part of parts) wanted.set(part.investmentId, part.units)
  const chunks = state.chunks.slice()
  let available = state.available
  for (let i = 0; i < chunks.length && wanted.size > 0; i++) {
    const chunk = chunks[i]
    if (chunk === undefined || !mayHold(chunk)) continue
    let lots: Array<Lot> | undefined
    for (let j = 0; j < chunk.lots.length && wanted.size > 0; j++) {
      const lot = chunk.lots[j]
      const units = lot && wanted.get(lot.investmentId)
      if (lot === undefined || units === undefined) continue
      lots ??= chunk.lots.slice()
      lots[j] = change(lot, units)
      wanted.delete(lot.investmentId)
    }
    if (lots === undefined) continue
    const changed = chunkOf(lots)
    chunks[i] = changed
    available += changed.available - chunk.available
  }
  return { ...state, chunks, available }
}

const hasAvailable = (chunk: Chunk): boolean => chunk.available > 0
const hasReserved = (chunk: Chunk): boolean => chunk.reserved > 0
const anyChunk = (): boolean => true

const reserve = (lot: Lot, units: Units): Lot => ({ ...lot, reserved: lot.reserved + units })
const release = (lot: Lot, units: Units): Lot => ({ ...lot, reserved: lot.reserved - units })
const take = (lot: Lot, units: Units): Lot => ({
  ...lot,
  reserved: lot.reserved - units,
  remaining: lot.remaining - units
})
const giveBack = (lot: Lot, units: Units): Lot => ({ ...lot, remaining: lot.remaining + units })
const block = (lot: Lot): Lot => ({ ...lot, blocked: true })

/** @param task its tag: the ids of two kinds of tasks may be equal. A reversal takes of blocked lots too, which are not available. */
const begin = (state: State, task: string, lots: ReadonlyArray<Part>, mayHold = hasAvailable): State =>
  changeLots({ ...state, inFlight: [...state.inFlight, { task, lots }] }, lots, mayHold, reserve)

const settle = (state: State, task: string, change: (lot: Lot, units: Units) => Lot): State => {
  const known = state.inFlight.find((other) => other.task === task)
  if (known === undefined) return state
  const inFlight = state.inFlight.filter((other) => other !== known)
  return changeLots({ ...state, inFlight }, known.lots, hasReserved, change)
}

const arrived = (state: State, investmentId: InvestmentId, units: Units, rank: number): State =>
  addLot(state, { investmentId, rank, units, remaining: units, reserved: 0, blocked: false })

/** The lot of a credit that is reversed is gone: what is delivered again is another lot. */
const without = (state: State, investmentId: InvestmentId): State => ({
  ...state,
  chunks: state.chunks.flatMap((chunk) => {
    const lots = chunk.lots.filter((lot) => lot.investmentId !== investmentId)
    return lots.length === chunk.lots.length ? [chunk] : lots.length === 0 ? [] : [chunkOf(lots)]
  })
})

/** Takes in the one wallet, gives back in the other. */
const reversed = (state: State, { data }: Recorded<"RegisterChangeReversed">): State => {
  const { change, fromWalletId, returned, reversalId } = data
  if (fromWalletId !== state.walletId) return changeLots(state, returned, anyChunk, giveBack)
  const taken = settle(state, Tag.reversal(reversalId), take)
  return change.kind === "credit" ? without(taken, change.id) : taken
}

const types = [
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
] as const

const evolve = (state: State, event: Recorded<(typeof types)[number]>): State => {
  switch (event.type) {
    case "UnitsCredited":
      return arrived(state, event.data.investmentId, event.data.units, event.position)
    case "RedemptionRequested":
      return begin(state, Tag.redemption(event.data.redemptionId), event.data.lots)
    case "UnitsRedeemed":
      return settle(state, Tag.redemption(event.data.redemptionId), take)
    case "RedemptionFailed":
      return settle(state, Tag.redemption(event.data.redemptionId), release)
    case "TransferRequested":
      return event.data.sourceWalletId === state.walletId
        ? begin(state, Tag.transfer(event.data.transferId), event.data.lots)
        : state
    case "UnitsTransferred": {
      const { recipientInvestmentId, sourceWalletId, transferId, units } = event.data
      return sourceWalletId === state.walletId
        ? settle(state, Tag.transfer(transferId), take)
        : arrived(state, recipientInvestmentId, units, event.position)
    }
    case "TransferFailed":
      return settle(state, Tag.transfer(event.data.transferId), release)
    case "ReversalRequested":
      return event.data.fromWalletId === state.walletId
        ? begin(state, Tag.reversal(event.data.reversalId), event.data.taken, anyChunk)
        : state
    case "RegisterChangeReversed":
      return reversed(state, event)
    case "ReversalFailed":
      return settle(state, Tag.reversal(event.data.reversalId), release)
    case "UnitsFrozen":
      return { ...state, frozen: state.frozen + event.data.units }
    case "UnitsUnfrozen":
      return { ...state, frozen: state.frozen - event.data.units }
    case "InvestmentCancelledAfterDelivery":
      return changeLots(state, [{ investmentId: event.data.investmentId, units: 1 }], anyChunk, block)
  }
}

/** @category decision models */
export const model = (productId: ProductId, walletId: WalletId) =>
  decisionModel({
    name: "Holding",
    version: 5,
    types,
    tags: [Tag.product(productId), Tag.wallet(walletId)],
    initial: { walletId, chunks: [], available: 0, frozen: 0, inFlight: [] },
    evolve
  })
