/**
 * The encrypted contents of documents as they lie in a folder or a table, to be looked at only. For the checks that hold them against the
 * log. Nothing is decrypted here, and nothing written.
 */
import { Effect, Schema } from "effect"
import type { SqlClient, Statement } from "effect/sql"
import { createHash } from "node:crypto"
import { open, stat } from "node:fs/promises"
import { join } from "node:path"

/** The stored contents could not be looked at. */
class ContentsUnreadable extends Schema.TaggedError<ContentsUnreadable>()("ContentsUnreadable", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** A content as it is stored: bytes of its ciphertext, and their SHA-256 in lower-case hex. */
interface StoredContent {
  readonly size: number
  readonly digest: string
}

/** @category models */
export interface StoredContents {
  /** What an operator restores where all of them are gone. */
  readonly name: string
  /** The sizes of those of these contents that are there. None of them is read. */
  readonly sizes: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyMap<string, number>, ContentsUnreadable>
  /** Those of these contents that are there, each read to its end. */
  readonly measured: (
    ids: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyMap<string, StoredContent>, ContentsUnreadable>
}

/** Contents looked at together. */
const contentsAtOnce = 16

const unreadable = (cause: unknown): ContentsUnreadable =>
  new ContentsUnreadable({
    message: `the contents of documents cannot be looked at: ${cause instanceof Error ? cause.message : String(cause)}`,
    cause
  })

/**
 * Where a content lies in a folder of contents: before its event is recorded, and after. The tail of an id is random, so contents spread
 * over 256 folders.
 *
 * @category computing
 */
export const pathsIn = (folder: string, id: string): { readonly pending: string; readonly kept: string } => ({
  pending: join(folder, "pending", id),
  kept: join(folder, id.slice(-2), id)
})

const unlessMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code === "ENOENT") return undefined
  throw error
}

/** Bytes of a content that are in memory at a time. */
const chunkBytes = 1 << 20

const measureFile = async (path: string): Promise<StoredContent | undefined> => {
  const file = await open(path, "r").catch(unlessMissing)
  if (file === undefined) return undefined
  try {
    const hash = createHash("sha256")
    // A content does not grow, so nothing is read behind its end.
    const { size: all } = await file.stat()
    const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, all))
    let size = 0
    while (size < all) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) break
      size += bytesRead
      hash.update(buffer.subarray(0, bytesRead))
    }
    return { size, digest: hash.digest("hex") }
  } finally {
    await file.close()
  }
}

/** Those in a folder. @category constructors */
export const inFolder = (folder: string): StoredContents => {
  const lookAt =
    <A>(look: (path: string) => Promise<A | undefined>) =>
    (ids: ReadonlyArray<string>) =>
      Effect.tryPromise({
        try: async (signal): Promise<ReadonlyMap<string, A>> => {
          const found = new Map<string, A>()
          const left = ids.values()
          const lookOn = async () => {
            for (const id of left) {
              if (signal.aborted) return
              const { kept, pending } = pathsIn(folder, id)
              // It may move between two looks.
              const one = (await look(kept)) ?? (await look(pending)) ?? (await look(kept))
              if (one !== undefined) found.set(id, one)
            }
          }
          await Promise.all(Array.from({ length: Math.min(contentsAtOnce, ids.length) }, lookOn))
          return found
        },
        catch: unreadable
      })
  return {
    name: folder,
    sizes: lookAt(async (path) => (await stat(path).catch(unlessMissing))?.size),
    measured: lookAt(measureFile)
  }
}

/** Those in the tables of the database; where they are missing, there are none. @category constructors */
export const inSql = (sql: SqlClient.SqlClient): StoredContents => {
  const isThere = (table: string) =>
    Effect.map(
      sql<{ there: boolean }>`SELECT to_regclass(${table}) IS NOT NULL AS there`,
      ([found]) => found?.there === true
    )
  /** The parts of these contents, in a table that an older program has not made. */
  const partsOf = Effect.fnUntraced(function* (ids: ReadonlyArray<string>) {
    if (ids.length === 0 || !(yield* isThere("contents"))) return undefined
    const first = sql`SELECT id, 0 AS part, bytes FROM contents WHERE ${sql.in("id", ids)}`
    return (yield* isThere("content_parts"))
      ? sql`${first} UNION ALL SELECT id, part, bytes FROM content_parts WHERE ${sql.in("id", ids)}`
      : first
  })
  const lookAt =
    <Row extends { readonly id: string }, A>(what: Statement.Fragment, of: (row: Row) => A) =>
    (ids: ReadonlyArray<string>) =>
      Effect.gen(function* () {
        const parts = yield* partsOf(ids)
        if (parts === undefined) return new Map<string, A>()
        const rows =
          yield* sql<Row>`SELECT id, sum(octet_length(bytes)) AS size${what} FROM (${parts}) AS parts GROUP BY id`
        return new Map(rows.map((row) => [row.id, of(row)]))
      }).pipe(Effect.mapError(unreadable))
  return {
    name: "the table contents in the schema of the state",
    sizes: lookAt(sql.literal(""), ({ size }: { readonly id: string; readonly size: string }) => Number(size)),
    // The server takes the digest, so that no content crosses the network.
    measured: lookAt(
      sql.literal(", encode(sha256(string_agg(bytes, ''::bytea ORDER BY part)), 'hex') AS digest"),
      ({ digest, size }: { readonly id: string; readonly size: string; readonly digest: string }) => ({
        size: Number(size),
        digest
      })
    )
  }
}
