/** The `SqlClient` over `node:sqlite`, and the lock of a folder. For a developer who changes `files/`. */
import { Effect, Layer, Result, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { FolderLock, SqliteClient } from "@effekten/event-store"
import { folder, run } from "./Harness.ts"

const client = (filename = ":memory:", options: Partial<SqliteClient.SqliteClientOptions> = {}) =>
  Effect.map(Layer.build(SqliteClient.layer({ filename, ...options })), (context) => context).pipe(
    Effect.flatMap((context) => Effect.provideContext(SqlClient.SqlClient, context))
  )

describe("the SqlClient", () => {
  it("writes, reads, streams, gives values, and rolls back what fails", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* client()
        yield* sql`CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE)`
        yield* sql`INSERT INTO t ${sql.insert([
          { id: 1, name: "a" },
          { id: 2, name: "b" }
        ])}`
        expect(yield* sql`SELECT * FROM t ORDER BY id`).toEqual([
          { id: 1, name: "a" },
          { id: 2, name: "b" }
        ])
        expect(yield* sql`SELECT id, name FROM t WHERE id = ${2}`.values).toEqual([[2, "b"]])
        expect((yield* Stream.runCollect(sql`SELECT id FROM t`.stream)).length).toBe(2)
        const failed = yield* Effect.flip(sql`INSERT INTO t (id, name) VALUES (3, 'a')`)
        expect(failed.reason._tag).toBe("UniqueViolation")
        const outcome = yield* Effect.result(
          sql.withTransaction(Effect.andThen(sql`DELETE FROM t`, Effect.fail("stop" as const)))
        )
        expect(Result.isFailure(outcome)).toBe(true)
        expect((yield* sql`SELECT * FROM t`).length).toBe(2)
      })
    ))

  it("a statement of another fiber waits for a transaction and is not part of it", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* client()
        yield* sql`CREATE TABLE t (id INTEGER)`
        const transaction = sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`INSERT INTO t VALUES (1)`
            yield* Effect.sleep("5 millis")
            return yield* Effect.fail("rolled back")
          })
        )
        yield* Effect.all(
          [Effect.ignore(transaction), Effect.andThen(Effect.yieldNow, sql`INSERT INTO t VALUES (2)`)],
          {
            concurrency: "unbounded"
          }
        )
        expect(yield* sql`SELECT id FROM t`).toEqual([{ id: 2 }])
      })
    ))

  it("keeps integers past 2^53 exact when asked to", () =>
    run(
      Effect.gen(function* () {
        const sql = yield* client()
        yield* sql`CREATE TABLE t (id INTEGER PRIMARY KEY)`
        yield* sql`INSERT INTO t VALUES (${9_007_199_254_740_993n})`
        const rows = yield* sql`SELECT id FROM t`.pipe(Effect.provideService(SqlClient.SafeIntegers, true))
        expect(rows).toEqual([{ id: 9_007_199_254_740_993n }])
      })
    ))

  it("is durable unless told otherwise, and writes nothing when readonly", () =>
    run(
      Effect.gen(function* () {
        const filename = join(yield* folder, "views.db")
        const sql = yield* client(filename)
        expect(yield* sql`PRAGMA synchronous`).toEqual([{ synchronous: 2 }])
        expect(yield* sql`PRAGMA journal_mode`).toEqual([{ journal_mode: "wal" }])
        yield* sql`CREATE TABLE t (id INTEGER)`
        const reader = yield* client(filename, { readonly: true })
        expect(yield* reader`SELECT * FROM t`).toEqual([])
        yield* Effect.flip(reader`INSERT INTO t VALUES (1)`)
        expect(yield* (yield* client(filename, { synchronous: "NORMAL" }))`PRAGMA synchronous`).toEqual([
          { synchronous: 1 }
        ])
        expect((yield* Effect.flip(client(join(filename, "no", "such.db"))))._tag).toBe("SqlError")
      })
    ))
})

describe("the lock of a folder", () => {
  it("lets one in, tells the other what to do, and is free when the first has gone", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        yield* Effect.scoped(
          Effect.gen(function* () {
            yield* FolderLock.acquire(path)
            const refused = yield* Effect.flip(FolderLock.acquire(path))
            expect(refused).toMatchObject({ _tag: "FolderLocked", folder: path })
            expect(refused.message).toContain(
              "in use by another layer of this process: build the layer once and share it"
            )
          })
        )
        yield* FolderLock.acquire(path)
        expect((yield* Effect.flip(FolderLock.acquire(join(path, "missing")))).message).toContain("cannot be locked")
      })
    ))
})
