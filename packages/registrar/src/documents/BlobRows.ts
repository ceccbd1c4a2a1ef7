/**
 * Encrypted contents in PostgreSQL. For {@link Blobs}. Nothing is encrypted or opened here.
 *
 * A content is a row of `contents`, with its first part, and rows of `content_parts` with the others, none above {@link partBytes}. Contents
 * from before there were parts are one row, however long they are.
 */
import { SqlTables } from "@effekten/event-store"
import { Duration, Effect, Option, Stream } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { type BlobError, type BlobFiles, blobFailed } from "./BlobFiles.ts"
import { gather } from "./Pieces.ts"

/** Bytes of a row at most: what a node and the server hold of an upload at a time. */
const partBytes = 256 * 1024

/** How long a content may wait for its event while another node is at work on it. */
const abandoned = Duration.hours(1)

/** Makes the tables where they are missing. Several nodes write, so a content counts as left over only after a while. @category constructors */
export const inRows = Effect.fnUntraced(function* (sql: SqlClient.SqlClient): Effect.fn.Return<BlobFiles, BlobError> {
  const attempt = <A>(what: string, run: Effect.Effect<A, SqlError.SqlError>) => Effect.mapError(run, blobFailed(what))
  /** Ciphertexts do not get smaller, so nothing tries. PostgreSQL 14 and 15 do not take this in the statement that makes the table. */
  const uncompressed = (table: string) => sql`ALTER TABLE ${sql(table)} ALTER COLUMN bytes SET STORAGE EXTERNAL`
  yield* attempt(
    "make the tables for",
    SqlTables.create(sql, {
      contents: Effect.andThen(
        sql`CREATE TABLE IF NOT EXISTS contents (id TEXT PRIMARY KEY, bytes BYTEA NOT NULL,
          kept BOOLEAN NOT NULL DEFAULT false, written TIMESTAMPTZ NOT NULL DEFAULT now())`,
        uncompressed("contents")
      ),
      content_parts: Effect.andThen(
        sql`CREATE TABLE IF NOT EXISTS content_parts (id TEXT NOT NULL REFERENCES contents ON DELETE CASCADE,
          part INTEGER NOT NULL, bytes BYTEA NOT NULL, PRIMARY KEY (id, part))`,
        uncompressed("content_parts")
      )
    })
  )
  const remove = (id: string) => attempt("remove", Effect.asVoid(sql`DELETE FROM contents WHERE id = ${id}`))
  const partOf = (id: string, part: number) =>
    attempt(
      "read",
      part === 0
        ? sql<{ bytes: Uint8Array }>`SELECT bytes FROM contents WHERE id = ${id}`
        : sql<{ bytes: Uint8Array }>`SELECT bytes FROM content_parts WHERE id = ${id} AND part = ${part}`
    ).pipe(Effect.map(([row]) => row?.bytes))
  return {
    write: (id, content) => {
      let part = 0
      const insert = (bytes: Uint8Array) =>
        part++ === 0
          ? sql`INSERT INTO contents (id, bytes) VALUES (${id}, ${bytes})`
          : sql`INSERT INTO content_parts (id, part, bytes) VALUES (${id}, ${part - 1}, ${bytes})`
      return Stream.runForEach(gather(partBytes)(content), (pieces) =>
        attempt("write", insert(Buffer.concat(pieces)))
      ).pipe(Effect.onError(() => Effect.ignore(remove(id))))
    },
    keep: (id) => attempt("keep", Effect.asVoid(sql`UPDATE contents SET kept = true WHERE id = ${id}`)),
    read: (id) =>
      Effect.map(partOf(id, 0), (first) =>
        first === undefined
          ? undefined
          : Stream.concat(
              Stream.succeed(first),
              Stream.paginate(1, (part) =>
                Effect.map(partOf(id, part), (bytes) =>
                  bytes === undefined ? ([[], Option.none()] as const) : ([[bytes], Option.some(part + 1)] as const)
                )
              )
            )
      ),
    remove,
    pending: attempt(
      "list",
      sql<{ id: string }>`SELECT id FROM contents
        WHERE NOT kept AND written < now() - make_interval(secs => ${Duration.toSeconds(abandoned)})`
    ).pipe(Effect.map((rows) => rows.map(({ id }) => id)))
  }
})
