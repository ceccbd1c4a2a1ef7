/** The filter of words: it never calls a known word new. For a developer who changes it: an error here would lose conflicts. */
import { Effect, Result } from "effect"
import * as fc from "fast-check"
import { DatabaseSync } from "node:sqlite"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { note } from "@effekten/event-store/testing"
import { makeWordFilter } from "../src/sqlite/WordFilter.ts"
import { wordHalves, wordOf } from "../src/sqlite/TagIndex.ts"
import { folder, run, storeIn } from "./Harness.ts"

const index = () => {
  const database = new DatabaseSync(":memory:")
  database.exec(
    "CREATE VIRTUAL TABLE words USING fts5 (list, content = '', detail = none, columnsize = 0, tokenize = 'ascii')"
  )
  const statement = database.prepare("INSERT INTO words (rowid, list) VALUES (?, ?)")
  return { database, insert: (position: number, list: string) => statement.run(position, list) }
}
const word = (tag: number | string) => wordOf("tag", String(tag))

/** A connection that counts how often the index is asked. */
const counting = () => {
  const asked = { times: 0 }
  const connect = (filename: string, options: { readonly readOnly: boolean; readonly timeout: number }) => {
    const database = new DatabaseSync(filename, options)
    const prepare = database.prepare.bind(database)
    database.prepare = (sql) => {
      const statement = prepare(sql)
      if (!sql.includes("MATCH")) return statement
      const all = statement.all.bind(statement)
      statement.all = ((...parameters: Array<string>) => {
        asked.times++
        return all(...parameters)
      }) as typeof statement.all
      return statement
    }
    return database
  }
  return { asked, connect }
}

describe("words that are known", () => {
  it("promise 4: no word of the index is ever called new, whether it was there, came since, or both", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_000), { maxLength: 300 }), fc.nat(300), (tags, opened) => {
        const { database, insert } = index()
        const before = tags.slice(0, opened)
        before.forEach((tag, at) => insert(at + 1, word(tag)))
        const words = makeWordFilter(database, before.length)
        let isLearning = true
        tags.slice(opened).forEach((tag, at) => {
          const position = before.length + at + 1
          words.add(...wordHalves("tag", String(tag)))
          insert(position, word(tag))
          words.committed(position, position)
          if (isLearning && at % 3 === 0) isLearning = words.learn()
        })
        while (isLearning) isLearning = words.learn()
        const isNew = words.isNew(tags.length)!
        for (const tag of tags) expect(isNew(word(tag))).toBe(false)
        const others = Array.from({ length: 2_000 }, (_, other) => word(`other ${other}`)).filter(isNew)
        expect(others.length).toBeGreaterThan(1_950)
      })
    )
  })

  it("promise 4: an index of more words than one step takes is known in the end, and not before", () => {
    const { database, insert } = index()
    const tags = Array.from({ length: 10_000 }, (_, tag) => word(tag))
    tags.forEach((tag, at) => insert(at + 1, tag))
    const words = makeWordFilter(database, tags.length)
    let steps = 1
    expect(words.isNew(1)).toBeUndefined()
    for (; words.learn(); steps++) expect(words.isNew(1)).toBeUndefined()
    expect(steps).toBe(10)
    const isNew = words.isNew(tags.length)!
    expect(tags.filter(isNew)).toEqual([])
    expect(words.isNew(tags.length + 1)).toBeUndefined()
  })

  it("promise 4: more words than there is room for all pass for known", () => {
    const { database } = index()
    const words = makeWordFilter(database, 0, 1)
    const random = fc.sample(fc.nat(0xffffff), { numRuns: 2, seed: 1 })
    let made = 0
    for (; made < 2 ** 21 && words.isNew(0) !== undefined; made++) {
      // Different ones, made without hashing each.
      const [first, second] = random.map((start, half) => (start + made * (half + 7_919)) & 0xffffff)
      words.add(first!, second!)
    }
    expect(words.isNew(0)).toBeUndefined()
    expect(made).toBeGreaterThan(2 ** 20)
  })

  it("promise 4: what another connection appended is found, and so is what is appended after it", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        const { asked, connect } = counting()
        const store = yield* storeIn(path, { connect })
        const find = (tag: string) => Effect.map(store.readAll([{ tags: [tag] }]), (events) => events.length)
        yield* store.append([note(["a"])])
        expect(yield* find("b")).toBe(0)
        expect(asked.times).toBe(0)
        const other = yield* storeIn(path)
        yield* other.append([note(["b"])])
        expect(yield* find("b")).toBe(1)
        yield* store.append([note(["c"])])
        for (const tag of ["a", "b", "c"]) expect(yield* find(tag)).toBe(1)
        yield* other.append([note(["d"])])
        for (const tag of ["a", "b", "c", "d"]) expect(yield* find(tag)).toBe(1)
      })
    ))

  it("promise 4: after opening again, and after an append that was refused, all is found, and what is new costs no look-up", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        yield* Effect.scoped(Effect.flatMap(storeIn(path), (store) => store.append([note(["a"]), note(["b"])])))
        const { asked, connect } = counting()
        const store = yield* storeIn(path, { connect })
        const condition = { failIfEventsMatch: [{ tags: ["a"] }], after: 0 } as const
        expect(Result.isFailure(yield* Effect.result(store.append([note(["c"])], condition)))).toBe(true)
        yield* store.append([note(["d"])])
        asked.times = 0
        for (const tag of ["c", "e"]) expect(yield* store.readAll([{ tags: [tag] }])).toEqual([])
        expect(asked.times).toBe(0)
        for (const tag of ["a", "b", "d"])
          expect(yield* store.readAll([{ types: ["Noted"], tags: [tag] }])).toHaveLength(1)
        yield* store.rebuildIndex
        for (const tag of ["a", "b", "d"]) expect(yield* store.readAll([{ tags: [tag] }])).toHaveLength(1)
      })
    ))

  it("a damaged index is told to the reader that asks it, not at opening", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        yield* Effect.scoped(Effect.flatMap(storeIn(path), (store) => store.append([note(["a"])])))
        const database = new DatabaseSync(join(path, "log.db"), { defensive: false })
        database.exec("UPDATE words_data SET block = X'0000' WHERE id > 10")
        database.close()
        const store = yield* storeIn(path)
        const failed = yield* Effect.flip(store.readAll([{ tags: ["a"] }]))
        expect(failed).toMatchObject({ _tag: "EventStoreError", reason: "damaged" })
      })
    ))
})
