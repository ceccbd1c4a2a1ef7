/**
 * What this process appended last, for its subscriptions: most are not concerned, and learn it without asking the log. For the stores. It
 * is a memory, not the truth: in doubt a subscription asks the log.
 *
 * An append tells the types and tags of its events. They wake a waiting subscription only if its query matches; a busy subscription looks
 * at them later. Where another process appended in between, or too much came since, the subscription asks the log. So it does where an
 * append follows on another leaf than the one the subscription knows: the log behind it has been put back. A command of one caller
 * takes 0.88 of the CPU it took before (docs/reference/performance.md, "What was tried").
 */
import { Effect } from "effect"
import type { Bookmark } from "../port/Bookmark.ts"
import type { Position } from "../port/Event.ts"
import { matches, type Queried } from "../port/Matching.ts"
import type { Query } from "../port/Query.ts"
import type { Landed } from "./History.ts"

/** Events of this process's latest appends of which type and tags are remembered. @category values */
export const rememberedEvents = 1_024

/** What is remembered of the events after a bookmark, up to `last`. @category models */
export interface Remembered {
  readonly last: Bookmark
  /** From the first event that matches to the last one; none where nothing matches. */
  readonly found: { readonly from: Position; readonly to: Position; readonly adjacent: boolean } | undefined
}

/** How often something was told: of this process's appends, and of those of others. @category models */
export interface Told {
  readonly own: number
  readonly others: number
}

/** Wakes the subscriptions of this process after an append. @category models */
export interface Wake {
  /** This process has appended these events. The store tells it in the order of the appends. */
  readonly appended: (landed: Landed, events: ReadonlyArray<Queried>) => void
  /** Some process has appended something, or may have. */
  readonly notify: () => void
  /** The log is not the one that was appended to: it was put back. Nothing is remembered of it any more. */
  readonly forget: () => void
  /** Take it before looking at the head: {@link Wake.wait} misses nothing that was told since. */
  readonly told: () => Told
  /** What of the events after a bookmark matches; `undefined` where the log must be asked. */
  readonly since: (query: Query, after: Bookmark) => Remembered | undefined
  /**
   * Waits for something that may match. Gives the place up to which nothing did.
   *
   * @param told of this process, from before its memory or the log was asked. Of others, from before the log was asked: the memory does not
   * have what they appended
   */
  readonly wait: (query: Query, after: Bookmark, told: Told) => Effect.Effect<Bookmark>
}

interface Waiter {
  readonly query: Query
  at: Bookmark
  wake: () => void
}

interface RememberedEvent extends Queried {
  /** Known where an append ends. */
  readonly leaf: string | undefined
}

/** Types and tags of the events this process appended last, which are adjacent. */
const makeMemory = () => {
  /** The position of the first of them, and the leaf before it. */
  let base = 1
  let before: string | undefined
  let remembered: Array<RememberedEvent> = []
  const leafAt = (position: Position): string | undefined =>
    position === base - 1 ? before : remembered[position - base]?.leaf
  return {
    add: (landed: Landed, events: ReadonlyArray<Queried>): void => {
      const { first } = landed
      const end = base + remembered.length - 1
      // Told late: others of this process have come after it.
      if (first + events.length <= base) return
      if (first !== end + 1 || landed.before !== leafAt(end)) {
        base = first
        before = landed.before
        remembered = []
      }
      events.forEach(({ tags, type }, index) =>
        remembered.push({ type, tags, leaf: index === events.length - 1 ? landed.leaf : undefined })
      )
      // Now and then only, so that an append does not move them all.
      if (remembered.length > 2 * rememberedEvents) {
        const forgotten = remembered.length - rememberedEvents
        before = remembered[forgotten - 1]?.leaf
        base += forgotten
        remembered = remembered.slice(forgotten)
      }
    },
    clear: (): void => {
      base = 1
      before = undefined
      remembered = []
    },
    since: (query: Query, { leaf, position: after }: Bookmark): Remembered | undefined => {
      const last = base + remembered.length - 1
      if (after < base - 1 || after >= last || leafAt(after) !== leaf) return undefined
      let from = 0
      let to = 0
      let count = 0
      for (let position = after + 1; position <= last; position++) {
        if (!matches(query, remembered[position - base]!)) continue
        if (count === 0) from = position
        to = position
        count += 1
      }
      return {
        last: { position: last, leaf: leafAt(last)! },
        found: count === 0 ? undefined : { from, to, adjacent: count === to - from + 1 }
      }
    }
  }
}

/** @category constructors */
export const makeWake = (): Wake => {
  const waiting = new Set<Waiter>()
  const memory = makeMemory()
  let [own, others] = [0, 0]
  return {
    appended: (landed, events) => {
      own += 1
      memory.add(landed, events)
      const last = { position: landed.first + events.length - 1, leaf: landed.leaf }
      // A copy: where the head is at hand, a subscription waits again before the next one is woken.
      Array.from(waiting).forEach((waiter) => {
        if (last.position <= waiter.at.position) return
        const isNext = landed.first === waiter.at.position + 1 && landed.before === waiter.at.leaf
        if (isNext && !events.some((event) => matches(waiter.query, event))) waiter.at = last
        else waiter.wake()
      })
    },
    notify: () => {
      others += 1
      Array.from(waiting).forEach((waiter) => waiter.wake())
    },
    forget: memory.clear,
    told: () => ({ own, others }),
    since: memory.since,
    wait: (query, after, before) =>
      Effect.suspend(() => {
        const waiter: Waiter = { query, at: after, wake: () => undefined }
        return Effect.callback<Bookmark>((resume) => {
          if (own !== before.own || others !== before.others) return resume(Effect.succeed(after))
          waiter.wake = () => {
            waiting.delete(waiter)
            resume(Effect.succeed(waiter.at))
          }
          waiting.add(waiter)
          return Effect.sync(() => void waiting.delete(waiter))
        })
      })
  }
}
