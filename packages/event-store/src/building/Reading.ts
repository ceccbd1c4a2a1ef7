/**
 * Reading as a stream, reading at once and subscribing, over a log that returns pages. For the stores, and for builders of another store.
 */
import { type Duration, Effect, Option, Result, Stream } from "effect"
import type { Bookmark } from "../port/Bookmark.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import type { EventStoreError, EventStoreShape, ReadOptions } from "../port/EventStore.ts"
import { matches } from "../port/Matching.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import type { Query } from "../port/Query.ts"
import { tooManyRead } from "./Attempt.ts"
import { contains, type Look, otherHistory, positionOf } from "./History.ts"
import { makePolling } from "./Polling.ts"
import type { Wake } from "./Wake.ts"

/** A part of the log, bounds inclusive. @category models */
export interface Range {
  readonly from: Position
  readonly to: Position
  /** At most so many events. */
  readonly limit: number
  readonly backwards: boolean
}

/** The first events of a range that match, and where to go on; without `next` the range is read to its end. @category models */
export interface Page<A> {
  readonly events: ReadonlyArray<A>
  readonly next: Position | undefined
}

/** What reading needs of a store. @category models */
export interface Readable<E extends AnyEvent> {
  readonly head: Effect.Effect<Position, EventStoreError>
  /** The head and the leaf at a position, as they are at one moment. */
  readonly look: (at: Position) => Effect.Effect<Look, EventStoreError>
  readonly page: (query: Query, range: Range) => Effect.Effect<Page<RecordedEvent<E>>, EventStoreError>
  readonly wake: Wake
  /** How often to look whether another process has appended; undefined where none can. */
  readonly pollInterval: Duration.Input | undefined
  /** Asks again, for a subscription, while the log is out of reach; absent where that does not pass by itself. */
  readonly patiently?: <A>(asking: Effect.Effect<A, EventStoreError>) => Effect.Effect<A, EventStoreError>
}

/** What of a log is still to be read, at most `left` events of it. */
interface Rest {
  readonly from: Position
  readonly to: Position
  readonly left: number
  readonly backwards: boolean
}

const wholeOf = (last: Position, options: ReadOptions): Rest | undefined => {
  const rest = {
    from: Math.max(options.from ?? 1, 1),
    to: Math.min(options.to ?? last, last),
    left: options.limit ?? Number.POSITIVE_INFINITY,
    backwards: options.backwards === true
  }
  return rest.from > rest.to || rest.left <= 0 ? undefined : rest
}

const nextPart = ({ from, to, left, backwards }: Rest): Range => ({
  from,
  to,
  limit: Math.min(left, StoreLimits.chunk),
  backwards
})

const restAfter = (rest: Rest, { events, next }: Page<unknown>): Rest | undefined => {
  const left = rest.left - events.length
  if (next === undefined || left <= 0) return undefined
  return rest.backwards ? { ...rest, to: next, left } : { ...rest, from: next, left }
}

/** Pages of a range, one after the other, as a stream. @category constructors */
export const streamPages = <A, E>(
  head: Effect.Effect<Position, E>,
  page: (range: Range) => Effect.Effect<Page<A>, E>,
  options: ReadOptions = {}
): Stream.Stream<A, E> =>
  Stream.unwrap(
    Effect.map(head, (last) => {
      const whole = wholeOf(last, options)
      if (whole === undefined) return Stream.empty
      return Stream.paginate(whole, (rest) =>
        Effect.map(
          page(nextPart(rest)),
          (found) => [found.events, Option.fromUndefinedOr(restAfter(rest, found))] as const
        )
      )
    })
  )

/** The same at once: a stream costs as much as some events, and most of what is read at once is one page. */
const gatherPages = <A, E>(
  head: Effect.Effect<Position, E>,
  page: (range: Range) => Effect.Effect<Page<A>, E>,
  options: ReadOptions
): Effect.Effect<ReadonlyArray<A>, E> => {
  const more = (rest: Rest, before: Array<A>): Effect.Effect<ReadonlyArray<A>, E> =>
    Effect.flatMap(page(nextPart(rest)), (found) => {
      const after = restAfter(rest, found)
      if (before.length === 0 && after === undefined) return Effect.succeed(found.events)
      for (const event of found.events) before.push(event)
      return after === undefined ? Effect.succeed(before) : more(after, before)
    })
  return Effect.flatMap(head, (last) => {
    const whole = wholeOf(last, options)
    return whole === undefined ? Effect.succeed([]) : more(whole, [])
  })
}

/** How far a subscription has come, and a bookmark of the history it reads, once it has one. The bookmark may lie further on. */
interface Reached {
  readonly at: Position
  readonly known: Bookmark | undefined
  /** How often other processes had been heard of when the log was asked last; it has not been where this is negative. */
  readonly heard: number
}

const reachedAt = (known: Position | Bookmark, heard = -1): Reached =>
  typeof known === "number" ? { at: known, known: undefined, heard } : { at: known.position, known, heard }

/** @category constructors */
export const makeReading = <E extends AnyEvent>(
  readable: Readable<E>
): Pick<EventStoreShape<E>, "read" | "readAll" | "subscribe" | "head" | "bookmark"> => {
  const { head, look, page, wake, pollInterval, patiently = (asking) => asking } = readable
  const polled = makePolling(
    Effect.map(look(0), (found) => found.head),
    pollInterval,
    wake
  )
  const read: EventStoreShape<E>["read"] = (query, options) => streamPages(head, (range) => page(query, range), options)

  const readAll: EventStoreShape<E>["readAll"] = (query, options) =>
    Effect.flatMap(
      gatherPages(head, (range) => page(query, range), {
        ...options,
        limit: Math.min(options?.limit ?? Number.POSITIVE_INFINITY, StoreLimits.readAll + 1)
      }),
      (events) => (events.length <= StoreLimits.readAll ? Effect.succeed(events) : Effect.die(tooManyRead()))
    )

  /** The head, if the log still has what is known. */
  const headAfter = (known: Position | Bookmark): Effect.Effect<Bookmark, EventStoreError> =>
    Effect.flatMap(look(positionOf(known)), (found) => {
      if (contains(found, known)) return Effect.succeed(found.head)
      wake.forget()
      return Effect.fail(otherHistory(found, known))
    })

  /** Where nothing else lies between, the positions say all: no index is asked. Unless the log was put back, every event matches. */
  const adjacentPage = (query: Query, range: Range) =>
    Effect.map(page("all", range), ({ events, next }) => ({
      events: events.filter((event) => matches(query, event)),
      next
    }))

  const subscribe: EventStoreShape<E>["subscribe"] = (query, after) =>
    Stream.paginate(reachedAt(after), (start) =>
      Effect.gen(function* () {
        let { at, heard, known } = start
        while (true) {
          const told = wake.told()
          const remembered = known?.position === at ? wake.since(query, known) : undefined
          if (remembered === undefined) heard = told.others
          const last: Bookmark = remembered?.last ?? (yield* patiently(headAfter(known ?? at)))
          const unread =
            remembered === undefined ? { from: at + 1, to: last.position, adjacent: false } : remembered.found
          if (unread === undefined || at >= last.position) {
            // What is remembered says nothing of what others appended: of that the log has to be asked.
            ;({ at, known } = reachedAt(yield* polled(wake.wait(query, last, { ...told, others: heard }))))
            continue
          }
          const { adjacent, from, to } = unread
          const range = { from, to, limit: StoreLimits.chunk, backwards: false }
          const found = yield* Effect.result(patiently(adjacent ? adjacentPage(query, range) : page(query, range)))
          if (Result.isFailure(found)) {
            if (remembered === undefined || found.failure.reason !== "damaged") return yield* found.failure
            // Remembered, and not there: the log may have been put back since. It is asked.
            wake.forget()
            continue
          }
          const { events, next } = found.success
          at = next === undefined ? last.position : next - 1
          known = last
          if (events.length > 0) return [events, Option.some<Reached>({ at, known, heard })] as const
        }
      })
    )

  return { read, readAll, subscribe, head, bookmark: (known) => headAfter(known ?? 0) }
}
