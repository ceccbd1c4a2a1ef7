/**
 * Contents of documents, each encrypted under a key of its own. For the upload of documents.
 *
 * A content is durable before the event that names it. Until that event is recorded it is stored apart, so that a start finds what a crash
 * left over without looking at every content.
 */
import { type Id, Tag } from "@effekten/domain"
import { SqlTables, Vault } from "@effekten/event-store"
import { Context, Duration, Effect, Layer, Option, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { createHash } from "node:crypto"
import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import type { RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { inFolder, inSql, pathsIn } from "../base/StoredContents.ts"
import type { Access } from "../log/Access.ts"
import { AccessRecord } from "../log/AccessRecord.ts"
import { Log } from "../log/Log.ts"
import { checkContents } from "../log/WholenessAtStart.ts"

/** The store of contents could not do its work. @category errors */
export class BlobError extends Schema.TaggedError<BlobError>()("BlobError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** How long a content may wait for its event while another node is at work on it. */
const abandoned = Duration.hours(1)

/** What the record of openings calls a content. */
const contentClass = "content"

/** Where encrypted contents are stored. @category models */
interface BlobFiles {
  readonly write: (id: string, bytes: Uint8Array) => Promise<void>
  readonly keep: (id: string) => Promise<void>
  readonly read: (id: string) => Promise<Uint8Array | undefined>
  readonly remove: (id: string) => Promise<void>
  readonly pending: () => Promise<ReadonlyArray<string>>
}

/** @category services */
export class Blobs extends Context.Service<
  Blobs,
  {
    /** Encrypts a content and makes it durable. Returns the SHA-256 of the ciphertext, hexadecimal. */
    readonly put: (id: Id.DocumentId, content: Uint8Array) => Effect.Effect<string, BlobError>
    /** Its event is recorded: it stays. */
    readonly keep: (id: Id.DocumentId) => Effect.Effect<void, BlobError>
    /** The content, once it is recorded that it was opened; none once forgotten. */
    readonly get: (access: Access, id: Id.DocumentId) => Effect.Effect<Option.Option<Uint8Array>, BlobError>
    /** Removes a content, and the key it was encrypted under. */
    readonly remove: (id: Id.DocumentId) => Effect.Effect<void, BlobError>
    /** Contents whose event may not be recorded: what was under way when the process ended. */
    readonly pending: Effect.Effect<ReadonlyArray<Id.DocumentId>, BlobError>
  }
>()("effekten/registrar/Blobs") {
  static readonly layerMemory: Layer.Layer<Blobs, never, AccessRecord | Vault.Vault> = Layer.effect(
    Blobs,
    Effect.suspend(() => {
      const contents = new Map<string, { readonly bytes: Uint8Array; readonly kept: boolean }>()
      return make({
        write: async (id, bytes) => void contents.set(id, { bytes, kept: false }),
        keep: async (id) => {
          const content = contents.get(id)
          if (content !== undefined) contents.set(id, { ...content, kept: true })
        },
        read: async (id) => contents.get(id)?.bytes,
        remove: async (id) => void contents.delete(id),
        pending: async () => [...contents].filter(([, { kept }]) => !kept).map(([id]) => id)
      })
    })
  )

  /**
   * Rows of a table in PostgreSQL, made where it is missing, of the database it is given. Several nodes write them, so a content counts as
   * left over only after {@link abandoned}.
   */
  static readonly layerPostgres: Layer.Layer<
    Blobs,
    BlobError | RegisterUnavailable,
    AccessRecord | Log | Vault.Vault | SqlClient.SqlClient
  > = Layer.effect(
    Blobs,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* checkContents(yield* Log, inSql(sql))
      const run = Effect.runPromiseWith(yield* Effect.context<never>())
      yield* attempt("make the table for", () =>
        run(
          SqlTables.create(sql, {
            contents: sql`CREATE TABLE IF NOT EXISTS contents (id TEXT PRIMARY KEY, bytes BYTEA STORAGE EXTERNAL NOT NULL,
              kept BOOLEAN NOT NULL DEFAULT false, written TIMESTAMPTZ NOT NULL DEFAULT now())`
          })
        )
      )
      return yield* make({
        write: async (id, bytes) => void (await run(sql`INSERT INTO contents (id, bytes) VALUES (${id}, ${bytes})`)),
        keep: async (id) => void (await run(sql`UPDATE contents SET kept = true WHERE id = ${id}`)),
        read: async (id) =>
          (await run(sql<{ bytes: Uint8Array }>`SELECT bytes FROM contents WHERE id = ${id}`))[0]?.bytes,
        remove: async (id) => void (await run(sql`DELETE FROM contents WHERE id = ${id}`)),
        pending: async () =>
          (
            await run(
              sql<{ id: string }>`SELECT id FROM contents
                WHERE NOT kept AND written < now() - make_interval(secs => ${Duration.toSeconds(abandoned)})`
            )
          ).map(({ id }) => id)
      })
    })
  )

  /** Files in a folder. It is refused where the log has contents, and none of them is there. */
  static readonly layerFolder = (
    folder: string
  ): Layer.Layer<Blobs, BlobError | RegisterUnavailable, AccessRecord | Log | Vault.Vault> =>
    Layer.effect(
      Blobs,
      Effect.gen(function* () {
        yield* checkContents(yield* Log, inFolder(folder))
        const pendingFolder = join(folder, "pending")
        yield* attempt("open", () => mkdir(pendingFolder, { recursive: true, mode: 0o700 }))
        const unlessMissing = (error: NodeJS.ErrnoException) => {
          if (error.code === "ENOENT") return undefined
          throw error
        }
        return yield* make({
          write: async (id, bytes) => {
            const path = pathsIn(folder, id).pending
            const file = await open(path, "wx", 0o600)
            try {
              await file.writeFile(bytes)
              await file.sync()
            } catch (error) {
              // Half a content on a full disk would only keep it full.
              await rm(path, { force: true })
              throw error
            } finally {
              await file.close()
            }
            await syncFolder(pendingFolder)
          },
          keep: async (id) => {
            const { kept, pending } = pathsIn(folder, id)
            await mkdir(dirname(kept), { recursive: true, mode: 0o700 })
            await rename(pending, kept).catch(unlessMissing)
          },
          read: async (id) => {
            const { kept, pending } = pathsIn(folder, id)
            return (await readFile(kept).catch(unlessMissing)) ?? (await readFile(pending).catch(unlessMissing))
          },
          remove: async (id) => {
            const { kept, pending } = pathsIn(folder, id)
            await rm(kept, { force: true })
            await rm(pending, { force: true })
          },
          pending: () => readdir(pendingFolder)
        })
      })
    )
}

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const attempt = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, BlobError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) =>
      new BlobError({
        message: `could not ${what} a document's content: ${cause instanceof Error ? cause.message : cause}`,
        cause
      })
  })

const make = Effect.fnUntraced(function* (files: BlobFiles) {
  const openings = yield* AccessRecord
  const vault = yield* Vault.Vault
  const failed = (error: { readonly message: string }) => new BlobError({ message: error.message, cause: error })
  const associated = (id: Id.DocumentId) => `document content ${id}`
  return Blobs.of({
    put: Effect.fnUntraced(function* (id, content) {
      const subject = Tag.document(id)
      const sealed = yield* Effect.mapError(vault.seal(subject, associated(id), content), failed)
      yield* Effect.mapError(vault.ensureKeys([subject]), failed)
      yield* attempt("write", () => files.write(id, sealed))
      return createHash("sha256").update(sealed).digest("hex")
    }),
    keep: (id) => attempt("keep", () => files.keep(id)),
    get: Effect.fnUntraced(function* (access, id) {
      const sealed = yield* attempt("read", () => files.read(id))
      if (sealed === undefined) {
        if (yield* Effect.mapError(vault.isForgotten(Tag.document(id)), failed)) return Option.none()
        return yield* new BlobError({ message: `the content of the document ${id} is missing` })
      }
      const subject = Tag.document(id)
      const content = yield* Effect.mapError(vault.open(subject, associated(id), sealed), failed)
      if (Option.isSome(content))
        yield* Effect.mapError(openings.record(access, [{ subject, class: contentClass }]), failed)
      return content
    }),
    remove: Effect.fnUntraced(function* (id) {
      yield* Effect.mapError(vault.forget(Tag.document(id)), failed)
      yield* attempt("remove", () => files.remove(id))
    }),
    pending: Effect.map(
      attempt("list", () => files.pending()),
      (ids) => ids as ReadonlyArray<Id.DocumentId>
    )
  })
})
