/**
 * Calls that run to their end on virtual time, and what they failed with. For the tests of the client.
 */
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"

/** Runs to the end, however long it sleeps. */
export const settled = <A, E>(effect: Effect.Effect<A, E>, step = 1000) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust(step)
    return yield* Fiber.await(fiber)
  })

export const failed = (exit: Exit.Exit<unknown, unknown>): unknown => {
  if (!Exit.isFailure(exit)) throw new Error("it succeeded")
  const [reason] = exit.cause.reasons
  return reason?._tag === "Fail" ? reason.error : reason
}
