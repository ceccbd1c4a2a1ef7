/** Rows of the log in PostgreSQL that were changed past the store, and databases of other programs. */
import { Cause, Effect, Exit, Option, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { PgEventStore } from "@effekten/event-store/postgres"
import { kitCatalogue, name, note, opened, subjectOf } from "@effekten/event-store/testing"
import { refusesChangedTags } from "./ChangedTags.ts"
import { run } from "./Harness.ts"
import { nodeAt, sessionAt, vaultAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const postgres = useServer()

describe("a log that is not what was written", () => {
  it("promise 6: an edited body, a cut leaf and a missing row are found on read, with their position", () =>
    run(
      Effect.gen(function* () {
        const store = yield* nodeAt(postgres.server(), { schema: "edited" })
        yield* store.append([opened("a"), name("a", "Erika"), note(["x"]), note(["x"])])
        const session = yield* sessionAt(postgres.server())
        const refused = yield* Effect.flip(session.query("UPDATE edited.events SET body = body || ' '"))
        expect(String((refused.reason as { cause?: unknown }).cause)).toMatch(/only ever appended/)
        yield* session.query("SET session_replication_role = replica")
        const spoiled = (sql: string, position: number) =>
          Effect.gen(function* () {
            yield* session.query("BEGIN")
            yield* session.query(sql)
            yield* session.query("COMMIT")
            for (const query of ["all", [{ tags: ["x"] }, { types: ["Opened", "Named"] }]] as const)
              expect(yield* Effect.flip(store.readAll(query))).toMatchObject({ reason: "damaged", position })
          })
        yield* session.query("CREATE TABLE edited.kept AS SELECT * FROM edited.events")
        const restore = session.query(
          `INSERT INTO edited.events SELECT * FROM edited.kept
           ON CONFLICT (position) DO UPDATE SET body = excluded.body, leaf = excluded.leaf`
        )
        yield* spoiled("UPDATE edited.events SET body = replace(body, 'plain', 'plane') WHERE position = 1", 1)
        yield* restore
        yield* spoiled("UPDATE edited.events SET leaf = substring(leaf FROM 2) WHERE position = 3", 3)
        yield* restore
        yield* spoiled("DELETE FROM edited.events WHERE position = 3", 3)
        yield* restore
        expect((yield* store.readAll("all")).length).toBe(4)
        yield* session.query("DELETE FROM edited.personal")
        expect(yield* Effect.flip(store.reveal([2]))).toMatchObject({ reason: "damaged", position: 2 })
        yield* store.forget(subjectOf("a"))
        expect(yield* store.reveal([2])).toEqual([{ _tag: "Erased" }])
      })
    ))

  it("promise 6: an inspection names what is wrong with index, instants and personal parts, by position", () =>
    run(
      Effect.gen(function* () {
        const store = yield* nodeAt(postgres.server(), { schema: "inspected" })
        yield* store.append([opened("a"), name("a", "Erika"), note(["x", "y"]), note(["x"]), note(["z"])])
        const faults = Effect.map(Stream.runCollect(store.inspect()), (parts) =>
          parts.flatMap((part) => part.faults.map(({ kind, position }) => `${position} ${kind}`)).toSorted()
        )
        expect(yield* faults).toEqual([])
        const session = yield* sessionAt(postgres.server())
        yield* session.query("SET session_replication_role = replica")
        yield* session.query(
          "DELETE FROM inspected.words WHERE position = 3 AND word = (SELECT min(word) FROM inspected.words WHERE position = 3)"
        )
        yield* session.query(
          "UPDATE inspected.words SET type = type + 1 WHERE position = 4 AND word = (SELECT max(word) FROM inspected.words WHERE position = 4)"
        )
        yield* session.query("INSERT INTO inspected.words VALUES (1, 99, 1)")
        yield* session.query(
          "UPDATE inspected.events SET recorded_at = recorded_at - interval '1 day' WHERE position = 5"
        )
        yield* session.query("UPDATE inspected.personal SET ciphertext = ciphertext || '\\x00' WHERE position = 2")
        yield* session.query("INSERT INTO inspected.personal VALUES (77, '\\x00')")
        expect(yield* faults).toEqual(["2 personal", "3 index", "4 index", "5 index", "77 personal", "99 index"])
        yield* session.query("DELETE FROM inspected.events WHERE position = 4")
        expect(yield* faults).toContain("4 position")
      })
    ))

  it("promise 6: an event that claims a position far behind the last one is named, and not looked for event by event", () =>
    run(
      Effect.gen(function* () {
        const store = yield* nodeAt(postgres.server(), { schema: "far" })
        yield* store.append([note(["x"]), note(["y"])])
        const session = yield* sessionAt(postgres.server())
        yield* session.query("SET session_replication_role = replica")
        yield* session.query(
          `INSERT INTO far.events (position, recorded_at, leaf, body)
           SELECT 1000000000000, recorded_at, leaf, body FROM far.events WHERE position = 1`
        )
        const faults = Effect.map(Stream.runCollect(store.inspect()), (parts) => parts.flatMap((part) => part.faults))
        expect(yield* faults).toEqual([
          { position: 3, kind: "position", message: expect.stringContaining("claim positions up to 1000000000000") }
        ])
        yield* session.query("DELETE FROM far.events WHERE position = 1")
        expect((yield* faults)[0]).toMatchObject({ position: 1, kind: "position" })
      })
    ))

  it("promise 6: an index that knows an event the log has not yet is damage, and nothing is appended over it", () =>
    run(
      Effect.gen(function* () {
        const store = yield* nodeAt(postgres.server(), { schema: "ahead" })
        yield* store.append([note(["x"])])
        const session = yield* sessionAt(postgres.server())
        yield* session.query("INSERT INTO ahead.words SELECT word, 2, type + 1 FROM ahead.words WHERE position = 1")
        expect(yield* Effect.flip(store.append([note(["x"])]))).toMatchObject({ reason: "damaged" })
        expect(yield* store.head).toBe(1)
      })
    ))

  it("the index is made again from the bodies", () =>
    run(
      Effect.gen(function* () {
        const store = yield* nodeAt(postgres.server(), { schema: "index" })
        yield* store.append([opened("a"), note(["x", "y"]), note(["x"])])
        const session = yield* sessionAt(postgres.server())
        yield* session.query("DELETE FROM index.words WHERE position > 1")
        expect((yield* store.readAll([{ tags: ["x"] }])).length).toBe(0)
        yield* store.rebuildIndex
        expect((yield* store.readAll([{ tags: ["x", "y"] }])).map(({ position }) => position)).toEqual([2])
        expect((yield* store.readAll([{ types: ["Opened"] }])).map(({ position }) => position)).toEqual([1])
      })
    ))

  it("promise 4: a catalogue that gives events other tags than the index has is refused, until the index is made again", () =>
    run(refusesChangedTags((options) => nodeAt(postgres.server(), { schema: "retagged", ...options }))))

  it("a database of a newer version, and a server that is not there, are refused", () =>
    run(
      Effect.gen(function* () {
        const session = yield* sessionAt(postgres.server())
        yield* nodeAt(postgres.server(), { schema: "newer" })
        yield* session.query("UPDATE newer.log SET layout = 99")
        expect(yield* Effect.flip(nodeAt(postgres.server(), { schema: "newer" }))).toMatchObject({
          _tag: "DatabaseRefused",
          reason: "newer"
        })
        // A program that seals in format 3 marks the keys, so that no older program opens them.
        yield* nodeAt(postgres.server(), { schema: "older" })
        yield* session.query("UPDATE older_keys.layout SET layout = 1")
        yield* nodeAt(postgres.server(), { schema: "older" })
        expect(yield* session.queryValues("SELECT layout FROM older_keys.layout")).toEqual([[2]])
        yield* session.query("UPDATE older_keys.layout SET layout = 3")
        expect(yield* Effect.flip(nodeAt(postgres.server(), { schema: "older" }))).toMatchObject({
          _tag: "DatabaseRefused",
          reason: "newer"
        })
        const wrong = yield* Effect.exit(
          PgEventStore.make({ server: postgres.server({ port: 1 }), catalogue: kitCatalogue }).pipe(
            Effect.provide(vaultAt(postgres.server(), "unreachable"))
          )
        )
        const refused = Exit.isFailure(wrong) ? Option.getOrUndefined(Cause.findErrorOption(wrong.cause)) : undefined
        expect(refused).toMatchObject({ _tag: "DatabaseRefused", reason: "unavailable" })
        expect(JSON.stringify(refused)).not.toMatch(/secret/)
      })
    ))
})
