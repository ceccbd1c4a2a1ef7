/**
 * What reactors have in common: they follow the log or the clock, and instruct the register to do what follows. For settlement, forgetting
 * and retention, and for every further reactor.
 *
 * A reactor must decide nothing. It gives an instruction like any other, under a key that follows from what it saw. Given twice, by two
 * nodes or before and after a crash, it is recorded once. So a reactor remembers only how far it has come, and may forget that too.
 */
import type { Commands, Event } from "@effekten/domain"
import { type EventStoreError, History, type Position } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import type { CommandFailure } from "@effekten/services"
import { type Duration, Effect, Schedule, Schema, type Scope, Stream } from "effect"
import { Lease } from "../base/Lease.ts"
import { Secrets } from "../base/Secrets.ts"
import { Executor } from "../deciding/Executor.ts"
import type { Answered } from "../deciding/Instruction.ts"
import type { Log } from "../log/Log.ts"

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

interface Following<X> {
  readonly query: Projection.LogQuery
  /** Where to go on: looked at under the same history as what came before. */
  readonly after: Effect.Effect<Position, EventStoreError | X>
  /** What is logged where the log cannot be read. */
  readonly standing: string
  /** The log was put back behind the reactor. Says whether it goes on, or ends. */
  readonly putBack: (error: EventStoreError) => Effect.Effect<boolean, EventStoreError | X>
}

/**
 * The events after a position, and then those to come. After a fault of reading, reading goes on where it broke off; events under way are
 * not disturbed.
 *
 * @category running
 */
export const following = <X = never>(
  log: Pick<Log["Service"], "subscribe">,
  following: Following<X>
): Stream.Stream<Projection.LoggedEvent, EventStoreError | X> => {
  const { after, putBack, query, standing } = following
  const events: Stream.Stream<Projection.LoggedEvent, EventStoreError | X> = Stream.suspend(() =>
    Stream.unwrap(Effect.map(after, (position) => log.subscribe(query, position)))
  ).pipe(
    Stream.map((event): Projection.LoggedEvent => event),
    Stream.catchIf(History.isOtherHistory, (error) =>
      Stream.unwrap(Effect.map(putBack(error), (goesOn) => (goesOn ? events : Stream.empty)))
    )
  )
  return events.pipe(
    Stream.tapError((error) => Effect.logError(standing, error)),
    Stream.retry(again)
  )
}

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
