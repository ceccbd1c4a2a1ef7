/**
 * The instant at which a call is over for its caller. For callers of the services, embedded too, and for the implementations.
 *
 * A command whose deadline passes before it is recorded has no effect, and fails as `Unavailable` with `executed: "no"`. Once its group is
 * being committed the deadline is not looked at any more: the command is answered as if it had none.
 */
import { Clock, Context, Duration, Effect } from "effect"
import { Unavailable } from "./Failure.ts"

/** Monotonic nanoseconds of the running `Clock`, which mean nothing elsewhere. Default: none. @category services */
export const Deadline = Context.Reference<bigint | undefined>("effekten/services/Deadline", {
  defaultValue: () => undefined
})

/**
 * Gives what an effect calls so long at most. Inside another deadline the earlier holds.
 *
 * @example
 * ```ts
 * const program = Deadline.within(investors.create(input, { key }), "2 seconds")
 * ```
 *
 * @category computing
 */
export const within = <A, E, R>(effect: Effect.Effect<A, E, R>, duration: Duration.Input): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    const outer = yield* Deadline
    const own = (yield* Clock.monotonicTimeNanos) + Duration.toNanosUnsafe(Duration.fromInputUnsafe(duration))
    const deadline = outer === undefined || own < outer ? own : outer
    return yield* Effect.provideService(effect, Deadline, deadline)
  })

/** @category predicates */
export const isOver = (deadline: bigint | undefined, clock: Clock.Clock): boolean =>
  deadline !== undefined && clock.monotonicTimeNanosUnsafe() >= deadline

/** What is left of a deadline, from zero on. */
const left = (deadline: bigint): Effect.Effect<Duration.Duration> =>
  Effect.map(Clock.monotonicTimeNanos, (now) => Duration.nanos(deadline > now ? deadline - now : 0n))

/** Waits until a deadline has passed. @category computing */
export const reached = (deadline: bigint): Effect.Effect<void> => Effect.flatMap(left(deadline), Effect.sleep)

/** A wait that has a bound already, and ends with the call's time. @category computing */
export const shortened = (wait: Duration.Duration): Effect.Effect<Duration.Duration> =>
  Effect.flatMap(Deadline, (deadline) =>
    deadline === undefined ? Effect.succeed(wait) : Effect.map(left(deadline), (rest) => Duration.min(wait, rest))
  )

/** Fails if the call's time is over. @category computing */
export const check: Effect.Effect<void, Unavailable> = Effect.flatMap(Deadline, (deadline) =>
  deadline === undefined
    ? Effect.void
    : Effect.clockWith((clock) => (isOver(deadline, clock) ? Effect.fail(exceeded()) : Effect.void))
)

/** The call's time was over before anything was recorded. @category constructors */
export const exceeded = (): Unavailable =>
  new Unavailable({
    executed: "no",
    code: "deadline_exceeded",
    message: "The time given for the call was over before it was carried out. It had no effect."
  })
