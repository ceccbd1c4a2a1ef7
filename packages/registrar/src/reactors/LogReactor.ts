/**
 * A reactor that follows the log from where it has come to, many events at a time. For settlement, and for every further reactor that does
 * something outside the register.
 */
import type { Bookmark, EventStoreError, Position } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import { Effect, Queue, type Scope, Stream } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { SqlError } from "effect/sql/SqlError"
import { Lease } from "../base/Lease.ts"
import { Log } from "../log/Log.ts"
import type { Progress } from "./Progress.ts"
import * as Reactor from "./Reactor.ts"
import * as ReactorPlace from "./ReactorPlace.ts"

interface LogReactor<E extends Projection.LoggedEvent, X, R> {
  /** Of its lease and of its stored progress. */
  readonly name: ReactorPlace.ReactorName
  readonly types: NonEmptyReadonlyArray<E["type"]>
  /**
   * Does what follows from an event. Run again after a crash, it must find that done. It is told where that may have been done in a history
   * that is lost, so that the log does not say so. Returns where what came of it is recorded.
   */
  readonly react: (event: E, isRepeated: boolean) => Effect.Effect<Position | Bookmark, X, R>
  /** The reactor is through with an event, whatever came of it. */
  readonly through: (event: E) => Effect.Effect<unknown>
  /** What an event asks for, in messages: ids only. */
  readonly task: (event: E) => string
  /** At most so many events under way. */
  readonly maximumInFlight: number
  /** What is logged where the log cannot be read, and where an event cannot be dealt with. */
  readonly standing: string
  readonly failing: string
}

/** Follows the log, for as long as the scope is open. @category running */
export const followLog = Effect.fnUntraced(function* <E extends Projection.LoggedEvent, X, R>(
  reactor: LogReactor<E, X, R>
): Effect.fn.Return<void, EventStoreError | SqlError, Log | Progress | R | Scope.Scope> {
  const log = yield* Log
  const lease = yield* Lease
  const place = yield* ReactorPlace.make(reactor.name)
  const heeded = (event: Projection.LoggedEvent): event is E => reactor.types.some((type) => type === event.type)
  const take = (event: E) =>
    reactor.react(event, place.isRepeated(event.position)).pipe(
      Effect.flatMap((outcome) => place.done(event.position, outcome)),
      // Progress stays before it: the next start looks at it again.
      Effect.catchCause((cause) => Effect.logError(reactor.failing, cause)),
      Effect.andThen(reactor.through(event))
    )
  const follow = Reactor.following(
    {
      subscribe: (query, after) =>
        // What comes is taken only once it is known to be of the history that was read before.
        Stream.mapArrayEffect(log.subscribe(query, after), (events) => Effect.as(place.reached, events))
    },
    { query: [{ types: reactor.types }], after: place.reached, standing: reactor.standing, putBack: place.putBack }
  ).pipe(
    Stream.filter(heeded),
    Stream.tap((event) => Effect.sync(() => place.taken(event.position, reactor.task(event)))),
    Stream.mapEffect(take, { concurrency: reactor.maximumInFlight, unordered: true }),
    Stream.runDrain
  )
  const isReady = !lease.shared && (yield* place.begin)
  // Another process may have come further than this one has seen, since the lease was here last.
  const turn = Effect.gen(function* () {
    if (yield* Effect.retry(place.begin, Reactor.again)) yield* follow
  })
  if (!lease.shared) return yield* Reactor.run(reactor.name, isReady ? follow : Effect.void)
  // Another node may hold the lease next. Only this process knows what it had done when it lost it.
  const broken = yield* Queue.unbounded<void>()
  yield* Queue.take(broken).pipe(
    Effect.andThen(Effect.retry(place.allThere, Reactor.again)),
    Effect.forever,
    Effect.forkScoped
  )
  yield* Reactor.run(
    reactor.name,
    Effect.onInterrupt(turn, () => Queue.offer(broken, undefined))
  )
})
