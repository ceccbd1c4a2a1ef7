/**
 * Streams over a log that can give pages of itself: reading, reading at once, subscribing. The same for every store.
 */
import { type Duration, Effect, Option, Stream } from "effect"
import type { AnyEvent, Position, RecordedEvent } from "./Event.ts"
import type { EventStoreError, EventStoreShape, ReadOptions } from "./EventStore.ts"
import { Limits } from "./Limits.ts"
import type { Query } from "./Query.ts"
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

/** What a store gives to be read. @category models */
export interface Readable<E extends AnyEvent> {
  readonly head: Effect.Effect<Position, EventStoreError>
  readonly page: (query: Query, range: Range) => Effect.Effect<Page<RecordedEvent<E>>, EventStoreError>
  readonly wake: Wake
  /** How often to look whether another process has appended; undefined where none can. */
  readonly pollInterval: Duration.Input | undefined
}

/** Pages of a range, one after the other, as a stream. @category constructors */
export const streamPages = <A, E>(
  head: Effect.Effect<Position, E>,
  page: (range: Range) => Effect.Effect<Page<A>, E>,
  options: ReadOptions = {}
): Stream.Stream<A, E> =>
  Stream.unwrap(
    Effect.map(head, (last) => {
      const backwards = options.backwards === true
      const from = Math.max(options.from ?? 1, 1)
      const to = Math.min(options.to ?? last, last)
      const limit = options.limit ?? Number.POSITIVE_INFINITY
      if (from > to || limit <= 0) return Stream.empty
      return Stream.paginate({ at: backwards ? to : from, left: limit }, ({ at, left }) =>
        Effect.map(
          page({
            from: backwards ? from : at,
            to: backwards ? at : to,
            limit: Math.min(left, Limits.chunk),
            backwards
          }),
          ({ events, next }) => {
            const rest = left - events.length
            return [
              events,
              next === undefined || rest <= 0 ? Option.none() : Option.some({ at: next, left: rest })
            ] as const
          }
        )
      )
    })
  )

/** @category constructors */
export const makeReading = <E extends AnyEvent>(
  readable: Readable<E>
): Pick<EventStoreShape<E>, "read" | "readAll" | "subscribe" | "head"> => {
  const { head, page, wake, pollInterval } = readable
  const read: EventStoreShape<E>["read"] = (query, options) => streamPages(head, (range) => page(query, range), options)

  const readAll: EventStoreShape<E>["readAll"] = (query, options) =>
    Effect.flatMap(
      Stream.runCollect(
        read(query, { ...options, limit: Math.min(options?.limit ?? Number.POSITIVE_INFINITY, Limits.readAll + 1) })
      ),
      (events) =>
        events.length <= Limits.readAll
          ? Effect.succeed(events)
          : Effect.die(
              new RangeError(`a query read at once matches more than ${Limits.readAll} events: read it as a stream`)
            )
    )

  const subscribe: EventStoreShape<E>["subscribe"] = (query, after) =>
    Stream.paginate(after, (start) =>
      Effect.gen(function* () {
        let at = start
        while (true) {
          const told = wake.told()
          const known = wake.since(query, at)
          const last = known?.last ?? (yield* head)
          const unread = known === undefined ? { from: at + 1, to: last, adjacent: false } : known.found
          if (unread === undefined || at >= last) {
            at = yield* wake.wait(query, Math.max(at, last), told, pollInterval)
            continue
          }
          const { adjacent, from, to } = unread
          const range = { from, to, limit: Limits.chunk, backwards: false }
          // Where nothing else lies between, the positions say all: no index is asked.
          const { events, next } = yield* page(adjacent ? "all" : query, range)
          at = next === undefined ? last : next - 1
          if (events.length > 0) return [events, Option.some(at)] as const
        }
      })
    )

  return { read, readAll, subscribe, head }
}
