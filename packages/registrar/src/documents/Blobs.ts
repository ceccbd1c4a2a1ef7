/**
 * Contents of documents, each encrypted under a key of its own while it comes. For the upload of documents.
 *
 * A content is durable before the event that names it. Until that event is recorded it is stored apart, so that a start finds what a crash
 * left over without looking at every content.
 */
import { type Id, Tag } from "@effekten/domain"
import { Vault } from "@effekten/event-store"
import { Context, Effect, Layer, Option, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { createHash } from "node:crypto"
import type { RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { inFolder, inSql } from "../base/StoredContents.ts"
import type { Access } from "../log/Access.ts"
import { AccessRecord } from "../log/AccessRecord.ts"
import { Log } from "../log/Log.ts"
import { checkContents } from "../log/WholenessAtStart.ts"
import { BlobError, type BlobFiles, inFiles, inMemory } from "./BlobFiles.ts"
import { inRows } from "./BlobRows.ts"
import { cut } from "./Pieces.ts"

export { BlobError } from "./BlobFiles.ts"

/** What the record of openings calls a content. */
const contentClass = "content"

/** Bytes that are encrypted in one step: other fibers have their turn before the next one. */
const stepBytes = 64 * 1024

/** A content that was stored: its bytes, and two SHA-256, lower-case hexadecimal. @category models */
export interface Stored {
  readonly size: number
  /** Of the content. */
  readonly digest: string
  /** Of the ciphertext. */
  readonly sealed: string
}

/** @category services */
export class Blobs extends Context.Service<
  Blobs,
  {
    /** Encrypts a content as it comes, and makes it and its key durable. Of a content that fails nothing is left. */
    readonly put: <E>(id: Id.DocumentId, content: Stream.Stream<Uint8Array, E>) => Effect.Effect<Stored, E | BlobError>
    /** Its event is recorded: it stays. */
    readonly keep: (id: Id.DocumentId) => Effect.Effect<void, BlobError>
    /**
     * The content, once it is recorded that it was opened; none once forgotten. It is decrypted as it is read. That it is all of it is known
     * at its end.
     */
    readonly get: (
      access: Access,
      id: Id.DocumentId
    ) => Effect.Effect<Option.Option<Stream.Stream<Uint8Array, BlobError>>, BlobError>
    /** Removes a content, and the key it was encrypted under. */
    readonly remove: (id: Id.DocumentId) => Effect.Effect<void, BlobError>
    /** Contents whose event may not be recorded: what was under way when the process ended. */
    readonly pending: Effect.Effect<ReadonlyArray<Id.DocumentId>, BlobError>
  }
>()("effekten/registrar/Blobs") {
  static readonly layerMemory: Layer.Layer<Blobs, never, AccessRecord | Vault.Vault> = Layer.effect(
    Blobs,
    Effect.flatMap(inMemory, (files) => make(files))
  )

  /** A place in memory that several registers share, and that outlives each of them. For simulations. */
  static readonly memory: Effect.Effect<BlobFiles> = inMemory

  /** Contents at a place that is there already. */
  static readonly layerAt = (files: BlobFiles): Layer.Layer<Blobs, never, AccessRecord | Vault.Vault> =>
    Layer.effect(Blobs, make(files))

  /** Rows of tables in PostgreSQL, made where they are missing, of the database it is given. */
  static readonly layerPostgres: Layer.Layer<
    Blobs,
    BlobError | RegisterUnavailable,
    AccessRecord | Log | Vault.Vault | SqlClient.SqlClient
  > = Layer.effect(
    Blobs,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* checkContents(yield* Log, inSql(sql))
      return yield* make(yield* inRows(sql))
    })
  ).pipe(Layer.fresh)

  /** Files in a folder. It is refused where the log has contents, and none of them is there. */
  static readonly layerFolder = (
    folder: string
  ): Layer.Layer<Blobs, BlobError | RegisterUnavailable, AccessRecord | Log | Vault.Vault> =>
    Layer.effect(
      Blobs,
      Effect.gen(function* () {
        yield* checkContents(yield* Log, inFolder(folder))
        return yield* make(yield* inFiles(folder))
      })
    )
}

/** What goes by, measured. */
const measuring = () => {
  const hash = createHash("sha256")
  let size = 0
  return {
    see: (piece: Uint8Array): Uint8Array => {
      hash.update(piece)
      size += piece.length
      return piece
    },
    end: () => ({ digest: hash.digest("hex"), size })
  }
}

/** Bytes and SHA-256 of a content that is not kept. @category running */
export const measured = <E>(content: Stream.Stream<Uint8Array, E>): Effect.Effect<Pick<Stored, "digest" | "size">, E> =>
  Effect.suspend(() => {
    const { end, see } = measuring()
    return content.pipe(cut(stepBytes), Stream.map(see), Stream.runDrain, Effect.map(end))
  })

const make = Effect.fnUntraced(function* (files: BlobFiles) {
  const openings = yield* AccessRecord
  const vault = yield* Vault.Vault
  const failed = (error: { readonly message: string }) => new BlobError({ message: error.message, cause: error })
  const associated = (id: Id.DocumentId) => `document content ${id}`
  return Blobs.of({
    put: <E>(id: Id.DocumentId, content: Stream.Stream<Uint8Array, E>) =>
      Effect.suspend((): Effect.Effect<Stored, E | BlobError> => {
        const subject = Tag.document(id)
        const plain = measuring()
        const ciphertext = measuring()
        const sealed = content.pipe(
          cut(stepBytes),
          Stream.map(plain.see),
          // What fails before it is encrypted is the caller's, and stays what it is.
          Stream.mapError((error) => ({ error })),
          (pieces) => vault.sealPieces(subject, associated(id), pieces),
          Stream.mapError((error) => ("error" in error ? error.error : failed(error))),
          Stream.map(ciphertext.see)
        )
        return files.write(id, sealed).pipe(
          Effect.andThen(
            Effect.onError(Effect.mapError(vault.ensureKeys([subject]), failed), () => Effect.ignore(files.remove(id)))
          ),
          Effect.onError(() => vault.discard(subject)),
          Effect.map(() => ({ ...plain.end(), sealed: ciphertext.end().digest }))
        )
      }),
    keep: files.keep,
    get: Effect.fnUntraced(function* (access, id) {
      const subject = Tag.document(id)
      const sealed = yield* files.read(id)
      if (sealed === undefined) {
        if (yield* Effect.mapError(vault.isForgotten(subject), failed)) return Option.none()
        return yield* new BlobError({ message: `the content of the document ${id} is missing` })
      }
      const content = yield* Effect.mapError(vault.openPieces(subject, associated(id), sealed), failed)
      if (Option.isSome(content))
        yield* Effect.mapError(openings.record(access, [{ subject, class: contentClass }]), failed)
      return Option.map(content, Stream.mapError(failed))
    }),
    remove: Effect.fnUntraced(function* (id) {
      yield* Effect.mapError(vault.forget(Tag.document(id)), failed)
      yield* files.remove(id)
    }),
    pending: Effect.map(files.pending, (ids) => ids as ReadonlyArray<Id.DocumentId>)
  })
})
