/**
 * A bounded queue that takes from its parties in turn: a party that brings much makes itself wait and no other. For the executor. Nothing of
 * what waits may be known here but its party.
 *
 * Within a party the order is that of arrival. A party alone gets every place, so nothing is idle while something waits.
 */
import { type Effect, Latch } from "effect"

/** @category models */
export interface FairQueue<A> {
  /** False if the queue is full for this party, or closed. */
  readonly offer: (item: A) => boolean
  /** At most so many: one of each party in turn, beginning with the party whose turn was longest ago. */
  readonly take: (limit: number) => ReadonlyArray<A>
  /** What was taken and has to wait once more: before all others of its party. False if the queue is closed. */
  readonly putBack: (items: ReadonlyArray<A>) => boolean
  /** It waits no longer. */
  readonly leave: (item: A) => void
  /** Returns once something waits. */
  readonly awaitSome: Effect.Effect<void>
  /** Takes all there is, and nothing more in. */
  readonly close: () => ReadonlyArray<A>
}

/** @category constructors */
export const make = <A, Party>(options: {
  readonly partyOf: (item: A) => Party
  /** Of one party at most. */
  readonly maximumOfOne: number
  readonly maximumInAll: number
}): FairQueue<A> => {
  const { maximumInAll, maximumOfOne, partyOf } = options
  /** In the order of their turns. A set, so that an item can leave from the midst. */
  const parties = new Map<Party, Set<A>>()
  const some = Latch.makeUnsafe()
  let size = 0
  let closed = false

  const take = (limit: number): ReadonlyArray<A> => {
    const taken: Array<A> = []
    for (let [turn] = parties; turn !== undefined && taken.length < limit; [turn] = parties) {
      const [party, items] = turn
      // A party alone has every turn.
      let turns = parties.size === 1 ? limit - taken.length : 1
      for (const item of items) {
        if (turns-- === 0) break
        items.delete(item)
        taken.push(item)
      }
      parties.delete(party)
      if (items.size > 0) parties.set(party, items)
    }
    size -= taken.length
    if (size === 0) some.closeUnsafe()
    return taken
  }

  return {
    take,
    offer: (item) => {
      const party = partyOf(item)
      const items = parties.get(party) ?? new Set()
      if (closed || size >= maximumInAll || items.size >= maximumOfOne) return false
      parties.set(party, items.add(item))
      size += 1
      some.openUnsafe()
      return true
    },
    putBack: (items) => {
      if (closed) return false
      for (const [party, own] of Map.groupBy(items, partyOf)) {
        parties.set(party, new Set([...own, ...(parties.get(party) ?? [])]))
        size += own.length
      }
      if (size > 0) some.openUnsafe()
      return true
    },
    leave: (item) => {
      const party = partyOf(item)
      const items = parties.get(party)
      if (items?.delete(item) !== true) return
      size -= 1
      if (items.size === 0) parties.delete(party)
      if (size === 0) some.closeUnsafe()
    },
    awaitSome: some.await,
    close: () => {
      closed = true
      return take(size)
    }
  }
}
