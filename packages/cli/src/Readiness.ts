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
 * Whether the disks of some folders take writes. The log sees that only when it appends. Keys and contents are written before, and their
 * failure may prevent every append. The contents of documents may lie on a volume of their own.
 *
 * @category running
 */
export const disksOf = (folders: ReadonlyArray<string>): Effect.Effect<Effect.Effect<void, DiskRefuses>> =>
  // A caller may be interrupted; the answer is for the others too.
  Effect.cachedWithTTL(
    Effect.uninterruptible(Effect.forEach(folders, probed, { concurrency: "unbounded", discard: true })),
    standing
  )

const probed = (folder: string): Effect.Effect<void, DiskRefuses> => {
  const path = join(folder, "probe.tmp")
  return Effect.tryPromise({
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
}

/** Whether the register can write; fails with what it is that it cannot. @category running */
export const readinessOf = <E extends { readonly message: string }>(
  log: Pick<Log["Service"], "writable">,
  disk: Effect.Effect<void, E>
) => Effect.as(Effect.all([log.writable, disk], { concurrency: "unbounded" }), true)

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
