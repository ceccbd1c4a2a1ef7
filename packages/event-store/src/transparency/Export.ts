/**
 * Writes a log as plain files. For operators of a log, and for auditors: they verify it without the database and without this program.
 * Nothing personal may be written there.
 */
import { Effect, Option, Schema, Stream } from "effect"
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { damaged, leafOf } from "../building/Codec.ts"
import type { EventStoreError, EventStoreShape } from "../port/EventStore.ts"
import * as Checkpoint from "./Checkpoint.ts"
import type { CheckpointStoreShape, SignedCheckpoint } from "./CheckpointStore.ts"
import { exportFiles } from "./ExportFolder.ts"
import { auditorsReadme } from "./ExportReadme.ts"
import { type Frontier, makeFrontier, sameHash } from "./MerkleTree.ts"
import { printKey } from "./SignedNote.ts"
import { makeTileBuilder, tilePath } from "./Tiles.ts"

/** The export cannot be made. The message says what to do. @category errors */
export class ExportFailed extends Schema.TaggedError<ExportFailed>()("ExportFailed", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** @category models */
export interface ExportOptions {
  readonly log: Pick<EventStoreShape<any>, "readStored" | "head">
  readonly checkpoints: CheckpointStoreShape
  /** Made by the export; must not exist yet, or be empty. */
  readonly folder: string
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => Effect.Effect<void>
}

/** @category models */
export interface Exported {
  /** Events, all of them under the last checkpoint. */
  readonly events: number
  readonly checkpoints: number
  /** Events that no checkpoint covers yet, and that are not in the export. */
  readonly notSigned: number
  readonly root: string
}

/** Bytes of events gathered before they are written. */
const bufferBytes = 1 << 20

/**
 * Exports a log up to its last checkpoint; beside a running program too. The folder appears when it is complete: what a broken off export
 * left, in a folder beside it, the next one replaces.
 *
 * @category running
 */
export const exportLog = Effect.fnUntraced(function* (
  options: ExportOptions
): Effect.fn.Return<Exported, ExportFailed | EventStoreError> {
  const { log, checkpoints, folder } = options
  const keys = yield* checkpoints.keys
  const origin = keys.at(-1)?.name
  const last = origin === undefined ? Option.none<SignedCheckpoint>() : yield* checkpoints.last(origin)
  if (origin === undefined || Option.isNone(last) || last.value.size === 0)
    return yield* new ExportFailed({
      message: "the log has no checkpoint yet: let the program that writes it run for a moment, and stop it"
    })
  const { size, root, note } = last.value
  if (!isFree(folder))
    return yield* new ExportFailed({ message: `${folder} is there and not empty: choose another folder, or remove it` })
  const partial = `${folder}.partial`
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(partial, path)), { recursive: true })
    writeFileSync(join(partial, path), content)
  }

  const notes: Array<string> = []
  yield* Stream.runForEach(
    Stream.takeWhile(checkpoints.all(origin), (each) => each.size <= size),
    // The one of the empty tree speaks of no event, and readers of earlier exports expect none.
    (each) => Effect.sync(() => void (each.size > 0 && notes.push(each.note)))
  )
  yield* attempt(folder, () => {
    rmSync(partial, { recursive: true, force: true })
    mkdirSync(partial, { recursive: true })
  })

  const builder = makeTileBuilder(({ level, index, width }, content) => write(tilePath(level, index, width), content))
  const tree = makeFrontier(builder.onNode)
  yield* Effect.scoped(writeEvents(options, join(partial, exportFiles.events), size, tree))
  if (tree.size() !== size || !sameHash(tree.root(), root))
    return yield* damaged(size, "the events up to here are not those the last checkpoint was signed over")

  yield* attempt(folder, () => {
    builder.finish()
    write(exportFiles.checkpoint, note)
    write(exportFiles.checkpoints, Checkpoint.printAll(notes))
    write(exportFiles.keys, keys.map((key) => `${printKey(key)}\n`).join(""))
    write(exportFiles.readme, auditorsReadme(last.value))
    if (existsSync(folder)) rmdirSync(folder)
    renameSync(partial, folder)
  })
  return {
    events: size,
    checkpoints: notes.length,
    notSigned: Math.max(0, (yield* log.head) - size),
    root: Buffer.from(root).toString("hex")
  }
})

/** Writes the bodies line by line, held against their leaves, and grows the tree over them. */
const writeEvents = Effect.fnUntraced(function* (
  { folder, log, onProgress }: ExportOptions,
  path: string,
  size: number,
  tree: Frontier
) {
  const file = yield* Effect.acquireRelease(
    attempt(folder, () => openSync(path, "w")),
    (opened) => Effect.sync(() => closeSync(opened))
  )
  let text: Array<string> = []
  let length = 0
  const flush = () => {
    // All of it: a single write may end early without an error, as on a disk that is nearly full.
    writeFileSync(file, text.join(""))
    text = []
    length = 0
  }
  yield* Stream.runForEachArray(log.readStored({ to: size }), (events) =>
    Effect.gen(function* () {
      for (const { position, body, leaf } of events)
        if (!sameHash(leafOf(body), leaf)) return yield* damaged(position, "the body is not the one that was written")
      yield* attempt(folder, () => {
        for (const { body, leaf } of events) {
          tree.add(leaf)
          text.push(body, "\n")
          length += body.length + 1
          if (length >= bufferBytes) flush()
        }
      })
      yield* onProgress?.({ done: tree.size(), total: size }) ?? Effect.void
    })
  )
  yield* attempt(folder, () => {
    flush()
    fsyncSync(file)
  })
})

const isFree = (folder: string): boolean => !existsSync(folder) || readdirSync(folder).length === 0

const attempt = <A>(folder: string, work: () => A): Effect.Effect<A, ExportFailed> =>
  Effect.try({
    try: work,
    catch: (cause) =>
      new ExportFailed({
        message: `${folder} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
        cause
      })
  })
