/**
 * What signals mean to a server. For `effekten serve`. Without it SIGHUP and SIGUSR2 would end it at once, in the midst of answers, and
 * SIGUSR1 would open a debugger beside the keys.
 */
import { Effect, type Scope } from "effect"

const ignored = ["SIGUSR1", "SIGUSR2"] as const

/** SIGHUP is taken for SIGTERM; what else may be sent is told to the log, and does nothing. As long as the scope is open. @category running */
export const signals: Effect.Effect<void, never, Scope.Scope> = Effect.gen(function* () {
  // Windows has none of them.
  if (process.platform === "win32") return
  const run = Effect.runForkWith(yield* Effect.context())
  const hangUp = () => void process.kill(process.pid, "SIGTERM")
  const ignore = (signal: NodeJS.Signals) =>
    void run(Effect.logWarning(`${signal} means nothing to a server: SIGTERM stops it`))
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      process.on("SIGHUP", hangUp)
      for (const signal of ignored) process.on(signal, ignore)
    }),
    () =>
      Effect.sync(() => {
        process.off("SIGHUP", hangUp)
        for (const signal of ignored) process.off(signal, ignore)
      })
  )
})
