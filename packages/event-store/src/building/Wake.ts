/**
 * What this process appended last, for its subscriptions: most are not concerned, and learn it without asking the log. For the stores. It
 * is a memory, not the truth: in doubt a subscription asks the log.
 *
 * An append tells the types and tags of its events. They wake a waiting subscription only if its query matches; a busy subscription looks
 * at them later. Where another process appended in between, or too much came since, the subscription asks the log. A command of one caller
 * takes 0.88 of the CPU it took before (docs/reference/performance.md, "What was tried").
 */
import { type Duration, Effect } from "effect"
import type { Position } from "../port/Event.ts"
import { matches, type Queried } from "../port/Matching.ts"
import type { Query } from "../port/Query.ts"

/** Events of this process's latest appends of which type and tags are remembered. @category values */
export const rememberedEvents = 1_024

/** What is remembered of the events after a position, up to `last`. @category models */
export interface Remembered {
  readonly last: Position
  /** From the first event that matches to the last one; none where nothing matches. */
  readonly found: { readonly from: Position; readonly to: Position; readonly adjacent: boolean } | undefined
}

/** Wakes the subscriptions of this process after an append. @category models */
export interface Wake {
  /** This process has appended these events from this position on. The store tells it in the order of the appends. */
  readonly appended: (first: Position, events: ReadonlyArray<Queried>) => void
  /** Some process has appended something, or may have. */
  readonly notify: () => void
  /** How often anything was told. Take it before looking at the head: {@link Wake.wait} misses nothing that was told since. */
  readonly told: () => number
  /** What of the events after a position matches; `undefined` where the log must be asked. */
  readonly since: (query: Query, after: Position) => Remembered | undefined
  /**
   * Waits for something that may match. Gives the position up to which nothing did.
   *
   * @param told from before the log was asked
   * @param atMost how long; then the log is asked again, for another process may have appended. `undefined` where none can
   */
  readonly wait: (
    query: Query,
    after: Position,
    told: number,
    atMost: Duration.Input | undefined
  ) => Effect.Effect<Position>
}

interface Waiter {
  readonly query: Query
  at: Position
  wake: () => void
}

/** Types and tags of the events this process appended last, which are adjacent. */
const makeMemory = () => {
  /** The position of the first of them. */
  let base = 1
  let remembered: Array<Queried> = []
  return {
    add: (first: Position, events: ReadonlyArray<Queried>): void => {
      const next = base + remembered.length
      // Told late: others of this process have come after it.
      if (first < next) return
      if (first > next) {
        base = first
        remembered = []
      }
      for (const { type, tags } of events) remembered.push({ type, tags })
      // Now and then only, so that an append does not move them all.
      if (remembered.length > 2 * rememberedEvents) {
        base += remembered.length - rememberedEvents
        remembered = remembered.slice(-rememberedEvents)
      }
    },
    since: (query: Query, after: Position): Remembered | undefined => {
      const last = base + remembered.length - 1
      if (after < base - 1 || after >= last) return undefined
      let from = 0
      let to = 0
      let count = 0
      for (let position = after + 1; position <= last; position++) {
        if (!matches(query, remembered[position - base]!)) continue
        if (count === 0) from = position
        to = position
        count += 1
      }
      return { last, found: count === 0 ? undefined : { from, to, adjacent: count === to - from + 1 } }
    }
  }
}

/** @category constructors */
export const makeWake = (): Wake => {
  const waiting = new Set<Waiter>()
  const memory = makeMemory()
  let told = 0
  return {
    appended: (first, events) => {
      told += 1
      memory.add(first, events)
      const last = first + events.length - 1
      for (const waiter of waiting) {
        if (last <= waiter.at) continue
        const isNext = first <= waiter.at + 1
        if (isNext && !events.some((event, index) => first + index > waiter.at && matches(waiter.query, event)))
          waiter.at = last
        else waiter.wake()
      }
    },
    notify: () => {
      told += 1
      for (const waiter of waiting) waiter.wake()
    },
    told: () => told,
    since: memory.since,
    wait: (query, after, before, atMost) =>
      Effect.suspend(() => {
        const waiter: Waiter = { query, at: after, wake: () => undefined }
        const woken = Effect.callback<Position>((resume) => {
          if (told !== before) return resume(Effect.succeed(after))
          waiter.wake = () => {
            waiting.delete(waiter)
            resume(Effect.succeed(waiter.at))
          }
          waiting.add(waiter)
          return Effect.sync(() => void waiting.delete(waiter))
        })
        return atMost === undefined
          ? woken
          : Effect.timeoutOrElse(woken, { duration: atMost, orElse: () => Effect.sync(() => waiter.at) })
      })
  }
}
