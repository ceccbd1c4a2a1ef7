/**
 * Deadlines on the wire. For the PostgreSQL store. They are about the time of the world, not about the clock of a test.
 */
import { type Context, Effect, Fiber } from "effect"

/**
 * Gives an effect up that takes too long. The world's time counts, also where the program's clock stands still. Made by hand, because every
 * statement has a deadline: a race would cost two fibers where this costs one. With three other changes it took the CPU of a command among
 * 64 from 240 to 197 µs (docs/reference/performance.md, "What was tried").
 */
export const within = <A, X, R, L>(
  effect: Effect.Effect<A, X, R>,
  millis: number,
  late: () => L
): Effect.Effect<A, X | L, R> =>
  Effect.contextWith((context: Context.Context<R>) =>
    Effect.callback<A, X | L>((resume) => {
      const fiber = Effect.runForkWith(context)(effect)
      const timer = globalThis.setTimeout(() => {
        resume(Effect.fail(late()))
        fiber.interruptUnsafe()
      }, millis)
      fiber.addObserver((exit) => {
        clearTimeout(timer)
        resume(exit)
      })
      return Fiber.interrupt(fiber)
    })
  )
