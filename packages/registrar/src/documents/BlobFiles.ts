/**
 * Where encrypted contents are stored: in memory, in a folder. For {@link Blobs}. Nothing is encrypted or opened here.
 */
import { Array as Arr, Cause, Effect, Schema, Stream } from "effect"
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises"
import { dirname, join } from "node:path"
import { pathsIn } from "../base/StoredContents.ts"
import { gather } from "./Pieces.ts"

/** The store of contents could not do its work. @category errors */
export class BlobError extends Schema.TaggedError<BlobError>()("BlobError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** Where encrypted contents are stored. @category models */
export interface BlobFiles {
  /** Stores what comes, apart, and durably once it returns. Of a content that fails or is interrupted nothing is left. */
  readonly write: <E>(id: string, content: Stream.Stream<Uint8Array, E>) => Effect.Effect<void, E | BlobError>
  readonly keep: (id: string) => Effect.Effect<void, BlobError>
  /** `undefined` where there is none. */
  readonly read: (id: string) => Effect.Effect<Stream.Stream<Uint8Array, BlobError> | undefined, BlobError>
  readonly remove: (id: string) => Effect.Effect<void, BlobError>
  readonly pending: Effect.Effect<ReadonlyArray<string>, BlobError>
}

/** A fault of the store of contents, said in words. @category errors */
export const blobFailed =
  (what: string) =>
  (cause: unknown): BlobError =>
    new BlobError({
      message: `could not ${what} a document's content: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause
    })

const attempt = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, BlobError> =>
  Effect.tryPromise({ try: run, catch: blobFailed(what) })

/** Bytes that are written and read at a time. */
const blockBytes = 256 * 1024

/** Gone with the process. @category constructors */
export const inMemory: Effect.Effect<BlobFiles> = Effect.sync(() => {
  const contents = new Map<string, { readonly bytes: Uint8Array; readonly kept: boolean }>()
  return {
    write: (id, content) =>
      Effect.map(Stream.runCollect(content), (pieces) => {
        contents.set(id, { bytes: Buffer.concat(pieces), kept: false })
      }),
    keep: (id) =>
      Effect.sync(() => {
        const content = contents.get(id)
        if (content !== undefined) contents.set(id, { ...content, kept: true })
      }),
    read: (id) =>
      Effect.sync(() => {
        const content = contents.get(id)
        return content === undefined ? undefined : Stream.succeed(content.bytes)
      }),
    remove: (id) => Effect.sync(() => void contents.delete(id)),
    pending: Effect.sync(() => [...contents].filter(([, { kept }]) => !kept).map(([id]) => id))
  }
})

const unlessMissing = (error: NodeJS.ErrnoException) => {
  if (error.code === "ENOENT") return undefined
  throw error
}

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const writeAll = async (file: FileHandle, pieces: ReadonlyArray<Uint8Array>): Promise<void> => {
  const { bytesWritten } = await file.writev(pieces)
  if (bytesWritten === pieces.reduce((size, piece) => size + piece.length, 0)) return
  // The disk took a part only: of the rest it says why.
  await file.writeFile(Buffer.concat(pieces).subarray(bytesWritten))
}

/** A file that is closed with the stream. */
const readFrom = (path: string): Stream.Stream<Uint8Array, BlobError> =>
  Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        attempt("read", () => open(path, "r")),
        (file) => Effect.promise(() => file.close())
      ),
      (file) =>
        Stream.fromPull(
          Effect.succeed(
            Effect.flatMap(
              attempt("read", () => file.read({ buffer: Buffer.allocUnsafeSlow(blockBytes) })),
              ({ buffer, bytesRead }) =>
                bytesRead === 0 ? Cause.done() : Effect.succeed(Arr.of<Uint8Array>(buffer.subarray(0, bytesRead)))
            )
          )
        )
    )
  )

/** Files in a folder, which is made where it is missing. @category constructors */
export const inFiles = Effect.fnUntraced(function* (folder: string): Effect.fn.Return<BlobFiles, BlobError> {
  const pendingFolder = join(folder, "pending")
  yield* attempt("open", () => mkdir(pendingFolder, { recursive: true, mode: 0o700 }))
  return {
    write: (id, content) => {
      const path = pathsIn(folder, id).pending
      return Effect.acquireUseRelease(
        attempt("write", () => open(path, "wx", 0o600)),
        (file) =>
          Effect.andThen(
            Stream.runForEach(gather(blockBytes)(content), (pieces) => attempt("write", () => writeAll(file, pieces))),
            attempt("write", async () => {
              await file.sync()
              await syncFolder(pendingFolder)
            })
          ),
        (file, exit) =>
          attempt("write", async () => {
            // Half a content on a full disk would only keep it full.
            if (exit._tag === "Failure") await rm(path, { force: true })
            await file.close()
          })
      )
    },
    keep: (id) =>
      attempt("keep", async () => {
        const { kept, pending } = pathsIn(folder, id)
        await mkdir(dirname(kept), { recursive: true, mode: 0o700 })
        await rename(pending, kept).catch(unlessMissing)
      }),
    read: (id) =>
      attempt("read", async () => {
        const { kept, pending } = pathsIn(folder, id)
        for (const path of [kept, pending, kept])
          if ((await stat(path).catch(unlessMissing)) !== undefined) return readFrom(path)
        return undefined
      }),
    remove: (id) =>
      attempt("remove", async () => {
        const { kept, pending } = pathsIn(folder, id)
        await rm(kept, { force: true })
        await rm(pending, { force: true })
      }),
    pending: attempt("list", () => readdir(pendingFolder))
  }
})
