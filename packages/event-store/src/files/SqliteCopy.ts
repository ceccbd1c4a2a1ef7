/**
 * A copy of a SQLite file while another process may be writing it: as it was at one instant, in one file. For backups.
 */
import { Effect, Schema } from "effect"
import { closeSync, openSync } from "node:fs"
import { backup, DatabaseSync } from "node:sqlite"

/** The copy could not be made; what is stored at `to` is not a copy. @category errors */
export class CopyFailed extends Schema.TaggedError<CopyFailed>()("CopyFailed", {
  from: Schema.String,
  to: Schema.String,
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** Pages copied at a time; between two of these it can be broken off. */
const step = 4_096

/**
 * Copies what is committed when it begins, page by page. Writers are not kept waiting; their write-ahead log grows until the copy is done.
 * The new file must not exist yet; only its owner may read it.
 *
 * @category running
 */
export const copy = (from: string, to: string): Effect.Effect<void, CopyFailed> => {
  const failed = (cause: unknown) =>
    new CopyFailed({
      from,
      to,
      message: `${from} cannot be copied to ${to}: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause
    })
  return Effect.acquireUseRelease(
    Effect.try({ try: () => new DatabaseSync(from, { readOnly: true, timeout: 5_000 }), catch: failed }),
    (source) =>
      Effect.andThen(
        Effect.callback<void, CopyFailed>((resume) => {
          let stopped = false
          const running = pages(source, to, () => stopped).then(
            () => resume(Effect.void),
            (cause: unknown) => resume(Effect.fail(failed(cause)))
          )
          return Effect.promise(() => {
            stopped = true
            return running
          })
        }),
        Effect.try({ try: () => toOneFile(to), catch: failed })
      ),
    (source) => Effect.sync(() => source.close())
  )
}

const pages = async (source: DatabaseSync, to: string, isStopped: () => boolean): Promise<void> => {
  closeSync(openSync(to, "wx", 0o600))
  // One read transaction around all steps: without it each commit of a writer would make the copy begin anew.
  source.exec("BEGIN")
  source.prepare("SELECT count(*) FROM sqlite_schema").get()
  await backup(source, to, {
    rate: step,
    progress: () => {
      if (isStopped()) throw new Error("it was broken off")
    }
  })
  source.exec("COMMIT")
}

/** A write-ahead log beside it would have to be copied with it. A program that opens it to write makes one again. */
const toOneFile = (filename: string): void => {
  const database = new DatabaseSync(filename)
  try {
    database.exec("PRAGMA journal_mode = DELETE")
  } finally {
    database.close()
  }
}
