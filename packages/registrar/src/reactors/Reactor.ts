/**
 * What reactors have in common: they follow the log or the clock, and instruct the register to do what follows. For settlement, forgetting
 * and retention, and for every further reactor.
 *
 * A reactor must decide nothing. It gives an instruction like any other, under a key that follows from what it saw. Given twice, by two
 * nodes or before and after a crash, it is recorded once. So a reactor remembers only how far it has come, and may forget that too.
 */
import type { Commands, Event } from "@effekten/domain"
import type { EventStoreError, Position } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import type { CommandFailure } from "@effekten/services"
import { type Duration, Effect, Schedule, Schema, type Scope, Stream } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { SqlError } from "effect/sql/SqlError"
import { Lease } from "../base/Lease.ts"
import { Secrets } from "../base/Secrets.ts"
import { Executor } from "../deciding/Executor.ts"
import type { Answered } from "../deciding/Instruction.ts"
import { Log } from "../log/Log.ts"
import { Progress } from "./Progress.ts"

/** A step that broke off by a defect, which must not end the reactor for good. @category errors */
export class BrokenOff extends Schema.TaggedError<BrokenOff>()("BrokenOff", {
  message: Schema.String,
  cause: Schema.Defect()
}) {}

/** Pauses that begin short and grow, so that many nodes do not come again at once. @category values */
export const backingOff = (first: Duration.Input, longest: Duration.Input) =>
  Schedule.jittered(Schedule.min([Schedule.exponential(first), Schedule.spaced(longest)]))

/** How a reactor of the log comes again after a fault. @category values */
export const again = backingOff("100 millis", "10 seconds")

/**
 * Runs a reactor for as long as the scope is open. Where several processes serve the register, it runs in the one that has its lease.
 *
 * @category running
 */
export const run = Effect.fnUntraced(function* <A, E, R>(
  name: string,
  work: Effect.Effect<A, E, R>
): Effect.fn.Return<void, never, R | Scope.Scope> {
  const lease = yield* Lease
  yield* Effect.forkScoped(lease.shared ? lease.whileHeld(name, work) : work)
})

/** A step whose defects are failures. @category running */
export const withoutDefects = <A, E, R>(step: Effect.Effect<A, E, R>): Effect.Effect<A, E | BrokenOff, R> =>
  Effect.catchDefect(step, (cause) => Effect.fail(new BrokenOff({ message: String(cause), cause })))

/** Takes a step until it succeeds; each failure is logged under the message. @category running */
export const insisting = <A, E, R>(
  step: Effect.Effect<A, E, R>,
  failing: string,
  schedule: ReturnType<typeof backingOff> = again
): Effect.Effect<A, E | BrokenOff, R> =>
  withoutDefects(step).pipe(
    Effect.tapError((error) => Effect.logError(failing, error)),
    Effect.retry(schedule)
  )

/**
 * The events after a position, and then those to come. After a fault of reading, reading goes on where it broke off; events under way are
 * not disturbed.
 *
 * @category running
 */
export const following = (
  log: Pick<Log["Service"], "subscribe">,
  query: Projection.LogQuery,
  after: () => Position,
  standing: string
): Stream.Stream<Projection.LoggedEvent, EventStoreError> =>
  Stream.suspend(() => log.subscribe(query, after())).pipe(
    Stream.map((event): Projection.LoggedEvent => event),
    Stream.tapError((error) => Effect.logError(standing, error)),
    Stream.retry(again)
  )

/** Gives a reactor's instructions, whose key is the step that it takes. @category constructors */
export const instructing = (actor: Event.Meta["actor"]) =>
  Effect.gen(function* () {
    const executor = yield* Executor
    const secrets = yield* Secrets
    return (command: Commands.Command, id: string, key: string): Effect.Effect<Answered, CommandFailure> =>
      executor.execute({
        identity: secrets.identity({ platform: undefined, operation: command.operation, ids: [id], key }),
        fingerprint: secrets.fingerprint(key),
        platform: undefined,
        actor,
        correlation: undefined,
        // Only the reactor reads the answer.
        answer: 1,
        command
      })
  })

interface LogReactor<E extends Projection.LoggedEvent, X, R> {
  /** Of its lease and of its stored progress. */
  readonly name: string
  readonly types: NonEmptyReadonlyArray<E["type"]>
  /** Does what follows from an event. Run again after a crash, it must find that done. */
  readonly react: (event: E) => Effect.Effect<void, X, R>
  /** The reactor is through with an event, whatever came of it. */
  readonly through: (event: E) => Effect.Effect<unknown>
  /** At most so many events under way. */
  readonly maximumInFlight: number
  /** What is logged where the log cannot be read, and where an event cannot be dealt with. */
  readonly standing: string
  readonly failing: string
}

/** Events after which progress is stored, if there is no quiet moment before. */
const progressStep = 256

/** Follows the log from where the reactor has come to, many events at a time. @category running */
export const followLog = Effect.fnUntraced(function* <E extends Projection.LoggedEvent, X, R>(
  reactor: LogReactor<E, X, R>
): Effect.fn.Return<void, EventStoreError | SqlError, Log | Progress | R | Scope.Scope> {
  const log = yield* Log
  const progress = yield* Progress
  const lease = yield* Lease
  const heeded = (event: Projection.LoggedEvent): event is E => reactor.types.some((type) => type === event.type)
  const start = Effect.gen(function* () {
    const known = yield* progress.get(reactor.name)
    // Progress beyond the log's head means that the log was put back to an earlier state. What was done after that state is undone.
    return known > (yield* log.head) ? 0 : known
  })

  const underway = new Set<Position>()
  let reached = yield* start
  let stored = reached
  const begun = (position: Position) => {
    reached = position
    underway.add(position)
  }
  const done = Effect.fnUntraced(function* (position: Position) {
    underway.delete(position)
    const before = Math.min(...underway, reached + 1) - 1
    // Written only now and then: events in between are found done when they are looked at again.
    if (before - stored < progressStep && underway.size > 0) return
    stored = before
    // Progress that is not stored only costs work: the next one is stored.
    yield* Effect.ignore(
      Effect.tapError(progress.set(reactor.name, before), (error) =>
        Effect.logError(`The progress of ${reactor.name} could not be stored`, error)
      )
    )
  })
  const take = (event: E) =>
    reactor.react(event).pipe(
      Effect.andThen(done(event.position)),
      // Progress stays before it: the next start looks at it again.
      Effect.catchCause((cause) => Effect.logError(reactor.failing, cause)),
      Effect.andThen(reactor.through(event))
    )
  const follow = following(log, [{ types: reactor.types }], () => reached, reactor.standing).pipe(
    Stream.filter(heeded),
    Stream.tap((event) => Effect.sync(() => begun(event.position))),
    Stream.mapEffect(take, { concurrency: reactor.maximumInFlight, unordered: true }),
    Stream.runDrain
  )
  // Another process may have come further than this one has seen, since the lease was here last.
  const turn = Effect.gen(function* () {
    underway.clear()
    stored = reached = yield* Effect.retry(start, again)
    yield* follow
  })
  yield* run(reactor.name, lease.shared ? turn : follow)
})
