/** The index of the log in a SQLite file: that it finds what `matches` says, and is made again where it does not. */
import { Effect, Result } from "effect"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import { hash } from "node:crypto"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import { name, note, opened, revealedName, subjectOf } from "@effekten/event-store/testing"
import { refusesChangedTags } from "./ChangedTags.ts"
import { folder, run, storeIn } from "./Harness.ts"

const alter = (filename: string, sql: string) => {
  const database = new DatabaseSync(filename)
  database.exec(sql)
  database.close()
}

const words = (filename: string) => {
  const database = new DatabaseSync(filename)
  database.exec("CREATE VIRTUAL TABLE temp.dump USING fts5vocab (main, words, instance)")
  const rows = database.prepare("SELECT doc, term FROM temp.dump ORDER BY doc, term").all()
  database.close()
  return rows.map((row) => ({ ...row }))
}

describe("the index in the log's file", () => {
  it("a log of layout 1 is found by its tags as before: its index is made again when it is opened", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const filename = join(path, "log.db")
        yield* Effect.scoped(
          Effect.flatMap(storeIn(path), (store) => store.append([opened("a"), note(["x"]), opened("b")]))
        )
        // Words of SHA-256, as they were.
        const database = new DatabaseSync(filename)
        database.exec("INSERT INTO words (words) VALUES ('delete-all')")
        const word = (kind: string, value: string) => hash("sha256", `${kind}\0${value}`, "hex").slice(0, 12)
        const insert = database.prepare("INSERT INTO words (rowid, list) VALUES (?, ?)")
        insert.run(1, [word("type", "Opened"), word("tag", "account:a"), word("tag", "kind:plain")].join(" "))
        insert.run(2, [word("type", "Noted"), word("tag", "x")].join(" "))
        insert.run(3, [word("type", "Opened"), word("tag", "account:b"), word("tag", "kind:plain")].join(" "))
        database.exec("PRAGMA user_version = 1")
        database.close()

        expect(yield* Effect.flip(storeIn(path, { readOnly: true }))).toMatchObject({ reason: "older" })
        for (let times = 0; times < 2; times++) {
          yield* Effect.scoped(
            Effect.gen(function* () {
              const store = yield* storeIn(path)
              expect(yield* store.readAll([{ tags: ["x"] }])).toHaveLength(1)
              expect(yield* store.readAll([{ types: ["Opened"], tags: ["kind:plain"] }])).toHaveLength(2)
            })
          )
        }
        expect(words(filename)).toHaveLength(8)
      })
    ))

  it("invariant 29: the index made again from the bodies equals the index", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const filename = join(path, "log.db")
        yield* Effect.scoped(
          Effect.gen(function* () {
            const store = yield* storeIn(path)
            for (let index = 0; index < 40; index++)
              yield* store.append([
                note([`n:${index}`, `m:${index % 3}`]),
                opened(`${index}`),
                name(`${index}`, "Erika")
              ])
          })
        )
        const before = words(filename)
        expect(before.length).toBe(40 * (3 + 3 + 3))
        alter(filename, "INSERT INTO words (words) VALUES ('delete-all')")
        expect(words(filename)).toEqual([])
        expect(yield* Effect.flip(storeIn(path))).toMatchObject({ _tag: "DatabaseRefused", reason: "index" })
        yield* Effect.scoped(Effect.flatMap(storeIn(path, { unfitIndex: true }), (store) => store.rebuildIndex))
        expect(words(filename)).toEqual(before)
        const store = yield* storeIn(path)
        expect((yield* store.readAll([{ tags: ["m:1"] }])).length).toBe(13)
      })
    ))

  it("promise 4: a catalogue that gives events other tags than the index has is refused, until the index is made again", () =>
    run(Effect.flatMap(folder, (path) => refusesChangedTags((options) => storeIn(path, options)))))

  it("invariant 35: an index whose own tables are damaged closes the log for writing, and is made again from the bodies too", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        yield* Effect.scoped(Effect.flatMap(storeIn(path), (store) => store.append([note(["x"]), opened("a")])))
        const database = new DatabaseSync(join(path, "log.db"))
        database.enableDefensive?.(false)
        database.exec("UPDATE words_data SET block = zeroblob(9) WHERE id > 10")
        database.close()
        const store = yield* Effect.result(storeIn(path))
        // To an older SQLite such an index is empty.
        if (Result.isFailure(store)) expect(store.failure).toMatchObject({ _tag: "DatabaseRefused", reason: "index" })
        else {
          const { append, readAll } = store.success
          expect(yield* Effect.flip(readAll([{ tags: ["x"] }]))).toMatchObject({ reason: "damaged" })
          // What is damaged is not written to.
          expect(yield* Effect.flip(append([note(["x"])]))).toMatchObject({
            reason: "read_only",
            message: expect.stringMatching(/look at the disk, then open the log again/)
          })
        }
        const again = yield* storeIn(path, { unfitIndex: true })
        yield* again.rebuildIndex
        expect((yield* again.readAll([{ tags: ["x"] }])).map(({ position }) => position)).toEqual([1])
        expect((yield* again.append([note(["x"])])).first).toBe(3)
      })
    ))

  it("a query by tags and types finds the same however many events of other types bear the tags", () =>
    run(
      Effect.gen(function* () {
        const store = yield* storeIn(yield* folder)
        // Runs of one type, of all lengths around those in which the log looks: 64, 256, 1,024.
        for (const [length, ofType] of [
          [5, opened],
          [70, () => note(["account:a"])],
          [400, opened],
          [1_100, () => note(["account:a"])],
          [3, opened],
          [300, () => note(["account:b"])],
          [80, opened]
        ] as const) {
          const group = Array.from({ length }, () => ofType("a"))
          if (isReadonlyArrayNonEmpty(group)) yield* store.append(group)
        }
        const all = yield* store.readAll("all")
        const wanted = all.filter(({ type }) => type === "Opened").map(({ position }) => position)
        const query = [{ tags: ["account:a"], types: ["Opened"] }, { types: ["Named"] }] as const
        for (const [from, to, limit] of [
          [1, all.length, 10_000],
          [6, all.length, 10_000],
          [3, 1_500, 64],
          [1, all.length, 65],
          [70, 1_577, 403],
          [76, 80, 3],
          [480, 1_575, 1]
        ] as const) {
          const inside = wanted.filter((position) => position >= from && position <= to)
          const read = (backwards: boolean) =>
            Effect.map(store.readAll(query, { from, to, limit, backwards }), (events) =>
              events.map(({ position }) => position)
            )
          expect(yield* read(false)).toEqual(inside.slice(0, limit))
          expect(yield* read(true)).toEqual(inside.toReversed().slice(0, limit))
        }
        const failing = { failIfEventsMatch: query, after: 1_578 }
        expect(yield* Effect.flip(store.append([note([])], failing))).toMatchObject({ position: 1_879 })
      })
    ))

  it("what the index finds is looked at again: words that collide find nothing they should not", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const filename = join(path, "log.db")
        yield* Effect.scoped(
          Effect.flatMap(storeIn(path), (store) =>
            store.append([note(["a"]), note(["b"]), name("c", "Erika"), name("d", "Max")])
          )
        )
        // As if every word of every event were the same.
        const all = [...new Set(words(filename).map(({ term }) => String(term)))].join(" ")
        alter(filename, "INSERT INTO words (words) VALUES ('delete-all')")
        for (const position of [1, 2, 3, 4])
          alter(filename, `INSERT INTO words (rowid, list) VALUES (${position}, '${all}')`)
        const store = yield* storeIn(path)
        expect((yield* store.readAll([{ tags: ["b"] }])).map(({ position }) => position)).toEqual([2])
        yield* store.append([note(["b"])], { failIfEventsMatch: [{ tags: ["a"], types: ["Noted"] }], after: 1 })
        yield* store.forget(subjectOf("c"))
        expect(yield* store.reveal([3, 4])).toEqual([{ _tag: "Erased" }, revealedName("d", "Max")])
      })
    ))
})
