/**
 * Whether a served register can write, so that requests may be sent to it. For `/readyz`, and in words for operators that read the output.
 */
import { ReadModels } from "@effekten/projections"
import { type Log, stoppedReactors } from "@effekten/registrar"
import { Effect, Schema } from "effect"
import { open, rm } from "node:fs/promises"
import { join } from "node:path"

/** A disk that takes nothing: full, read-only, over its quota. @category errors */
export class DiskRefuses extends Schema.TaggedError<DiskRefuses>()("DiskRefuses", {
  message: Schema.String,
  cause: Schema.Defect()
}) {}

/** What is written and removed again: a whole block, because a byte may fit where a block does not. */
const block = Buffer.alloc(4_096, "effekten")

/** How long an answer of the disk is valid: any client may ask `/readyz`, as often as it likes. */
const standing = "1 second"

/**
 * Whether the disk of a folder takes writes. The log sees that only when it appends. Keys and contents are written before, and their failure
 * may prevent every append.
 *
 * @category running
 */
export const diskOf = (folder: string): Effect.Effect<Effect.Effect<void, DiskRefuses>> => {
  const path = join(folder, "probe.tmp")
  const probe = Effect.tryPromise({
    try: async () => {
      const file = await open(path, "w", 0o600)
      try {
        await file.writeFile(block)
        await file.sync()
      } finally {
        await file.close()
        await rm(path, { force: true })
      }
    },
    catch: (cause) => new DiskRefuses({ message: `${folder} takes no writes: ${(cause as Error).message}`, cause })
  })
  // A caller may be interrupted; the answer is for the others too.
  return Effect.cachedWithTTL(Effect.uninterruptible(probe), standing)
}

/** Logs why only when ready turns to not ready, and back: a probe comes every few seconds. @category running */
export const readinessOf = (
  log: Pick<Log["Service"], "writable">,
  disk: Effect.Effect<void, DiskRefuses> = Effect.void
): Effect.Effect<boolean> => {
  let wasReady = true
  return Effect.flatMap(Effect.result(Effect.andThen(log.writable, disk)), (writable) => {
    const isReady = writable._tag === "Success"
    if (isReady === wasReady) return Effect.succeed(isReady)
    wasReady = isReady
    return Effect.as(
      isReady ? Effect.logInfo("ready again") : Effect.logError(`not ready: ${writable.failure.message}`),
      isReady
    )
  })
}

/** The lists that do not go on, in words without a cause: any client may read them. All other lists are served. @category running */
export const stoppedLists = (models: Pick<ReadModels.Shape, "progress">): Effect.Effect<ReadonlyArray<string>> =>
  Effect.map(models.progress, (all) =>
    all.flatMap(({ failure, name, version }) =>
      failure === undefined
        ? []
        : [`the list of ${name} (version ${version}) stopped before position ${failure.position}`]
    )
  )

/** What does not go on while the register is served. What cannot be read now is told by the readiness itself. @category running */
export const standingStill = Effect.gen(function* () {
  const lists = yield* Effect.flatMap(ReadModels.ReadModels, stoppedLists)
  return [...lists, ...(yield* Effect.orElseSucceed(stoppedReactors, () => []))]
})
