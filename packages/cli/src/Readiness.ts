/**
 * Whether requests should be sent to a served register: whether it can write. For `/readyz`, and in words for whoever reads the output.
 */
import type { Log } from "@effekten/registrar"
import { Effect } from "effect"

/** Says why on standard error when it turns from ready to not ready, and back; a probe comes every few seconds. @category readiness */
export const readinessOf = (log: Pick<Log["Service"], "writable">): Effect.Effect<boolean> => {
  let wasReady = true
  return Effect.flatMap(Effect.result(log.writable), (writable) => {
    const isReady = writable._tag === "Success"
    if (isReady === wasReady) return Effect.succeed(isReady)
    wasReady = isReady
    return Effect.as(
      isReady ? Effect.logInfo("ready again") : Effect.logError(`not ready: ${writable.failure.message}`),
      isReady
    )
  })
}
