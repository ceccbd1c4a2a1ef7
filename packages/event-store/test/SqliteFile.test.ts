/** The file of the SQLite log: opened, refused, damaged, full, read beside its writer. For a developer who changes the SQLite store. */
import { Array as Arr, Effect, Fiber, Result, Stream } from "effect"
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import { Codec } from "@effekten/event-store"
import { kitCatalogue, name, note, opened, revealedName, subjectOf } from "@effekten/event-store/testing"
import { folder, run, storeIn } from "./Harness.ts"

type Connect = (filename: string, options: { readonly readOnly: boolean; readonly timeout: number }) => DatabaseSync

/** A connection whose statements of this text do something else. */
const faulty =
  (sql: string, instead: (run: () => unknown) => unknown): Connect =>
  (filename, options) => {
    const database = new DatabaseSync(filename, options)
    return new Proxy(database, {
      get: (target, member) => {
        const value: unknown = Reflect.get(target, member, target)
        if (member === "prepare")
          return (text: string) => {
            const statement = target.prepare(text)
            if (text !== sql) return statement
            return { run: () => instead(() => statement.run()), get: () => instead(() => statement.get()) }
          }
        return typeof value === "function" ? value.bind(target) : value
      }
    })
  }

const sqliteError = (errcode: number) =>
  Object.assign(new Error(`fault ${errcode}`), { code: "ERR_SQLITE_ERROR", errcode })

const alter = (filename: string, sql: string) => {
  const database = new DatabaseSync(filename)
  database.exec(sql)
  database.close()
}

describe("the log's file", () => {
  it("promise 5: is WAL with synchronous FULL, and a connection that will not be is refused", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        let connection: DatabaseSync | undefined
        const store = yield* storeIn(path, { connect: (file, how) => (connection = new DatabaseSync(file, how)) })
        yield* store.append([note(["a"])])
        expect(connection?.prepare("PRAGMA journal_mode").get()).toMatchObject({ journal_mode: "wal" })
        expect(connection?.prepare("PRAGMA synchronous").get()).toMatchObject({ synchronous: 2 })
        for (const [pragma, found] of [
          ["synchronous", 1],
          ["journal_mode", "delete"]
        ] as const) {
          const connect = faulty(`PRAGMA ${pragma}`, () => ({ [pragma]: found }))
          const refused = yield* Effect.flip(storeIn(yield* folder, { connect }))
          expect(refused).toMatchObject({ _tag: "DatabaseRefused", reason: "not_durable" })
        }
      })
    ))

  it("a newer, a foreign, a damaged and a missing database are refused, each in words, and none is touched", () =>
    run(
      Effect.gen(function* () {
        const refusal = (prepare: (filename: string) => void, readOnly = false) =>
          Effect.gen(function* () {
            const path = yield* folder
            const filename = join(path, "log.db")
            prepare(filename)
            const content = () => (existsSync(filename) ? readFileSync(filename).toString("base64") : "no file")
            const before = content()
            const refused = yield* Effect.flip(storeIn(path, { readOnly }))
            expect(content()).toBe(before)
            expect(refused.message).toContain(filename)
            return refused._tag === "DatabaseRefused" ? refused.reason : refused._tag
          })
        const made = yield* folder
        yield* Effect.scoped(Effect.flatMap(storeIn(made), (store) => store.append([note(["a"])])))
        const original = readFileSync(join(made, "log.db"))
        const copy = (filename: string) => writeFileSync(filename, original)

        expect(yield* refusal((file) => (copy(file), alter(file, "PRAGMA user_version = 99")))).toBe("newer")
        expect(yield* refusal((file) => alter(file, "CREATE TABLE mine (x); PRAGMA user_version = 1"))).toBe("foreign")
        expect(yield* refusal((file) => writeFileSync(file, readFileSync(join(made, "keys.db"))))).toBe("foreign")
        expect(yield* refusal((file) => writeFileSync(file, Buffer.alloc(8_192, "no database")))).toBe("damaged")
        expect(yield* refusal((file) => (copy(file), truncateSync(file, 5_000)))).toBe("damaged")
        expect(yield* refusal((file) => (copy(file), alter(file, "DROP TABLE words")))).toBe("damaged")
        expect(yield* refusal(() => undefined, true)).toBe("missing")
      })
    ))

  it("keeps its identity, its head and its instants over a restart", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const first = yield* Effect.scoped(
          Effect.gen(function* () {
            const store = yield* storeIn(path)
            return { id: store.logId, appended: yield* store.append([opened("a"), name("a", "Erika")]) }
          })
        )
        const store = yield* storeIn(path)
        expect(store.logId).toBe(first.id)
        expect(yield* store.head).toBe(2)
        const second = yield* store.append([note(["a"])])
        expect(second.first).toBe(3)
        expect(second.recordedAt >= first.appended.recordedAt).toBe(true)
        expect(yield* store.reveal([2])).toEqual([revealedName("a", "Erika")])
      })
    ))

  it("is read beside the process that writes it, which a reader cannot do", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const writer = yield* storeIn(path)
        yield* writer.append([name("a", "Erika")])
        const reader = yield* storeIn(path, { readOnly: true, pollInterval: "5 millis" })
        expect(reader.logId).toBe(writer.logId)
        const live = yield* Effect.forkChild(Stream.runCollect(reader.subscribe("all", 0).pipe(Stream.take(3))))
        yield* writer.append([note(["a"])])
        yield* writer.append([note(["a"])])
        expect((yield* Fiber.join(live)).map(({ position }) => position)).toEqual([1, 2, 3])
        expect(yield* Effect.flip(reader.append([note(["a"])]))).toMatchObject({ reason: "read_only" })
        expect(yield* Effect.flip(reader.writable)).toMatchObject({ reason: "read_only" })
        expect(yield* Effect.flip(reader.forget(subjectOf("a")))).toMatchObject({ reason: "read_only" })
        expect(yield* writer.reveal([1])).toEqual([revealedName("a", "Erika")])
      })
    ))

  it("invariant 35: a full disk refuses the append, closes the log for writing, and what was there stays", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const connect: Connect = (file, how) => {
          const database = new DatabaseSync(file, how)
          database.exec("PRAGMA max_page_count = 60")
          return database
        }
        const store = yield* storeIn(path, { connect })
        let acknowledged = 0
        let failed: unknown
        while (failed === undefined) {
          const outcome = yield* Effect.result(store.append([note(["a"], "x".repeat(10_000)), note(["a"])]))
          if (Result.isSuccess(outcome)) acknowledged = outcome.success.last
          else failed = outcome.failure
        }
        expect(acknowledged).toBeGreaterThan(4)
        expect(failed).toMatchObject({ _tag: "EventStoreError", reason: "unavailable" })
        const refused = yield* Effect.flip(store.append([note(["a"])]))
        expect(refused).toMatchObject({ reason: "read_only", message: expect.stringContaining("full") })
        expect(yield* Effect.flip(store.writable)).toEqual(refused)
        expect((yield* store.readAll("all")).length).toBe(acknowledged)
        const again = yield* storeIn(path)
        expect((yield* again.readAll([{ tags: ["a"] }])).length).toBe(acknowledged)
        yield* again.append([note(["a"])])
        yield* again.writable
      })
    ))

  it("I-22 a commit that fails is unknown, whether it happened or not, and the log is closed for writing", () =>
    run(
      Effect.gen(function* () {
        for (const happens of [true, false]) {
          const path = yield* folder
          let armed = false
          const connect = faulty("COMMIT", (commit) => {
            if (!armed || happens) commit()
            if (armed) throw sqliteError(10 | (4 << 8))
          })
          const store = yield* storeIn(path, { connect })
          yield* store.append([note(["a"])])
          armed = true
          expect(yield* Effect.flip(store.append([note(["a"])]))).toMatchObject({ reason: "unknown" })
          armed = false
          expect(yield* Effect.flip(store.append([note(["a"])]))).toMatchObject({ reason: "read_only" })
          expect((yield* store.readAll("all")).length).toBe(happens ? 2 : 1)
        }
      })
    ))

  it("a log locked by another connection is unavailable for now, no more", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        let armed = true
        const connect = faulty("BEGIN IMMEDIATE", (begin) => {
          if (armed) throw sqliteError(5)
          return begin()
        })
        const store = yield* storeIn(path, { connect })
        armed = false
        yield* store.append([name("a", "Erika")])
        armed = true
        for (const refused of [
          yield* Effect.flip(store.append([note(["a"])])),
          // Nor is a key destroyed whose ciphertexts could not be deleted.
          yield* Effect.flip(store.forget(subjectOf("a")))
        ])
          expect(refused).toMatchObject({ reason: "unavailable", message: expect.stringMatching(/another process/) })
        armed = false
        expect(yield* store.reveal([1])).toEqual([revealedName("a", "Erika")])
        expect((yield* store.append([note(["a"])])).first).toBe(2)
      })
    ))

  it("promise 6: an altered body is found at its position, however it is read", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const filename = join(path, "log.db")
        yield* Effect.scoped(
          Effect.flatMap(storeIn(path), (store) => store.append([note(["a"], "1"), note(["a"], "2"), note(["a"], "3")]))
        )
        alter(filename, `UPDATE events SET body = replace(body, '"text":"2"', '"text":"4"') WHERE position = 2`)
        const store = yield* storeIn(path)
        const damage = { _tag: "EventStoreError", reason: "damaged", position: 2 }
        expect(yield* Effect.flip(store.readAll("all"))).toMatchObject(damage)
        expect(yield* Effect.flip(store.readAll([{ tags: ["a"] }], { backwards: true }))).toMatchObject(damage)
        expect(yield* Effect.flip(store.reveal([2]))).toMatchObject(damage)
        expect((yield* store.readAll("all", { from: 3 })).length).toBe(1)
      })
    ))

  it("the write-ahead log shrinks again after a long reader", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const store = yield* storeIn(path)
        const size = () => statSync(join(path, "log.db-wal")).size
        const megabyte = () => store.append(Arr.makeBy(20, () => note([], "x".repeat(50_000))))
        yield* store.append([note(["a"])])
        const reader = new DatabaseSync(join(path, "log.db"), { readOnly: true })
        reader.exec("BEGIN")
        reader.prepare("SELECT count(*) FROM events").get()
        for (let times = 0; times < 30; times++) yield* megabyte()
        expect(size()).toBeGreaterThan(25_000_000)
        reader.exec("COMMIT")
        reader.close()
        for (let times = 0; times < 5; times++) yield* megabyte()
        expect(size()).toBeLessThanOrEqual(17_000_000)
      })
    ))

  it("promise 6: a hole and a cut body are damage at their position, and an unknown type is not", () =>
    run(
      Effect.gen(function* () {
        for (const [sql, position] of [
          ["DELETE FROM events WHERE position = 2", 2],
          ["DELETE FROM events WHERE position = 1", 1],
          ["UPDATE events SET body = substr(body, 1, 40), leaf = x'00' WHERE position = 3", 3]
        ] as const) {
          const path = yield* folder
          yield* Effect.scoped(
            Effect.flatMap(storeIn(path), (store) => store.append([note(["a"]), note(["a"]), note(["a"]), opened("b")]))
          )
          alter(join(path, "log.db"), sql)
          const store = yield* storeIn(path)
          for (const query of ["all", [{ tags: ["a"] }]] as const)
            for (const backwards of [false, true])
              expect(yield* Effect.flip(store.readAll(query, { backwards }))).toMatchObject({
                reason: "damaged",
                position
              })
        }
        const path = yield* folder
        yield* Effect.scoped(Effect.flatMap(storeIn(path), (store) => store.append([note(["a"]), opened("b")])))
        const { Opened: _, ...events } = kitCatalogue.events
        const store = yield* storeIn(path, { catalogue: { ...kitCatalogue, events } as unknown as typeof kitCatalogue })
        expect(yield* Effect.flip(store.readAll("all"))).toMatchObject({ reason: "newer", position: 2 })
      })
    ))

  it("D-04 a ciphertext given to another event of its subject does not open, though body and leaf agree", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        yield* Effect.scoped(
          Effect.flatMap(storeIn(path), (store) => store.append([name("a", "Erika"), name("a", "Max")]))
        )
        const database = new DatabaseSync(join(path, "log.db"))
        const bodies = database
          .prepare("SELECT body FROM events ORDER BY position")
          .all()
          .map((row) => String(row["body"]))
        const hashOf = (body = "") => /"hash":"([0-9a-f]{64})"/.exec(body)?.[1] ?? ""
        const forged = (bodies[1] ?? "").replace(hashOf(bodies[1]), hashOf(bodies[0]))
        database.prepare("UPDATE events SET body = ?, leaf = ? WHERE position = 2").run(forged, Codec.leafOf(forged))
        database.exec(
          "UPDATE personal SET ciphertext = (SELECT ciphertext FROM personal WHERE position = 1) WHERE position = 2"
        )
        database.close()
        const store = yield* storeIn(path)
        expect(yield* store.reveal([1])).toEqual([revealedName("a", "Erika")])
        expect(yield* Effect.flip(store.reveal([2]))).toMatchObject({ reason: "damaged", position: 2 })
      })
    ))

  it("a store that was closed says so", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const store = yield* Effect.scoped(storeIn(path))
        expect(yield* Effect.flip(store.head)).toMatchObject({ reason: "unavailable" })
        expect(yield* Effect.flip(store.append([note(["a"])]))).toMatchObject({ reason: "unavailable" })
      })
    ))

  it("D-10 a forgotten ciphertext is gone from the file", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const filename = join(path, "log.db")
        const store = yield* storeIn(path)
        yield* store.append([name("a", "Erika"), name("b", "Max")])
        const look = () => {
          const database = new DatabaseSync(filename, { readOnly: true })
          const rows = database.prepare("SELECT position FROM personal ORDER BY position").all()
          database.close()
          return rows.map((row) => row["position"])
        }
        expect(look()).toEqual([1, 2])
        yield* store.forget(subjectOf("a"))
        expect(look()).toEqual([2])
      })
    ))
  it("D-10 what a reader still holds in the write-ahead log is not called forgotten; it is, once the reader is gone", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const filename = join(path, "log.db")
        const store = yield* storeIn(path, { connect: (file, how) => new DatabaseSync(file, { ...how, timeout: 20 }) })
        yield* store.append([name("a", "Erika"), name("b", "Max")])
        const reader = new DatabaseSync(filename, { readOnly: true })
        const ciphertext = reader.prepare("SELECT ciphertext FROM personal WHERE position = 1").get()!["ciphertext"]
        reader.exec("BEGIN")
        reader.prepare("SELECT count(*) FROM events").get()
        const refused = yield* Effect.flip(store.forget(subjectOf("a")))
        expect(refused).toMatchObject({ reason: "unavailable" })
        expect(refused.message).toContain("which a reader holds")
        expect(yield* store.reveal([1])).toEqual([{ _tag: "Erased" }])
        reader.close()
        yield* store.forget(subjectOf("a"))
        for (const file of [filename, `${filename}-wal`])
          expect(readFileSync(file).includes(Buffer.from(ciphertext as Uint8Array))).toBe(false)
        yield* store.append([name("b", "Max")])
      })
    ))
})
