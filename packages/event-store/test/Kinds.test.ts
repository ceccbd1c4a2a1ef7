/** The kinds of events in logs of layouts that kept none. For a developer who changes a layout. */
import { PgConnection } from "@effect/sql-pg"
import { Effect, Exit, Scope } from "effect"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import type { Catalogue } from "@effekten/event-store"
import { type KitEvent, kitCatalogue, name, note, opened } from "@effekten/event-store/testing"
import { folder, run, storeIn } from "./Harness.ts"
import { nodeAt, sessionAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const postgres = useServer()

/** Of a program that lacks a type. */
const { Noted: _, ...others } = kitCatalogue.events
const older = { ...kitCatalogue, events: others } as unknown as Catalogue<KitEvent>

const appended = [opened("a"), note(["a"]), name("a", "Erika"), note(["b"])] as const
const kinds = [
  [1, "Opened", 2],
  [2, "Noted", 1],
  [3, "Named", 1]
]

describe("a log that kept no kinds", () => {
  it("promise 2: in a file gets those of its bodies when it is opened, and is read before as it is", () =>
    run(
      Effect.gen(function* () {
        const path = yield* folder
        yield* Effect.scoped(Effect.flatMap(storeIn(path), (store) => store.append(appended)))
        const within = <A>(work: (database: DatabaseSync) => A): A => {
          const database = new DatabaseSync(join(path, "log.db"))
          try {
            return work(database)
          } finally {
            database.close()
          }
        }
        const kept = () =>
          within((database) =>
            database
              .prepare("SELECT first, type, version FROM kinds ORDER BY first")
              .all()
              .map((row) => Object.values(row))
          )
        expect(kept()).toEqual(kinds)
        within((database) => database.exec("DROP TABLE kinds; PRAGMA user_version = 3"))
        const read = Effect.flatMap(storeIn(path, { readOnly: true }), (store) => store.readAll("all"))
        expect(yield* Effect.scoped(read)).toHaveLength(4)
        const refused = yield* Effect.scoped(
          Effect.flatMap(storeIn(path, { catalogue: older }), (store) =>
            Effect.flip(store.readAll([{ types: ["Named"] }]))
          )
        )
        expect(refused).toMatchObject({ reason: "newer", position: 2 })
        expect(kept()).toEqual(kinds)
        // They are an index as the words are: made again from the bodies.
        within((database) =>
          database.exec("DELETE FROM kinds WHERE type = 'Noted'; INSERT INTO kinds VALUES (4, 'Strange', 1)")
        )
        yield* Effect.scoped(Effect.flatMap(storeIn(path, { unfitIndex: true }), (store) => store.rebuildIndex))
        expect(kept()).toEqual(kinds)
        expect(
          yield* Effect.scoped(Effect.flatMap(storeIn(path), (store) => store.append([note(["c"])])))
        ).toMatchObject({
          first: 5
        })
      })
    ))

  it("promise 2: in PostgreSQL is not brought up to date while an older program has a session; then it gets those of its bodies", () =>
    run(
      Effect.gen(function* () {
        const schema = "kindless"
        yield* Effect.scoped(Effect.flatMap(nodeAt(postgres.server(), { schema }), (store) => store.append(appended)))
        const session = yield* sessionAt(postgres.server())
        yield* session.query(`DROP TABLE ${schema}.kinds`)
        yield* session.query(`UPDATE ${schema}.log SET layout = 2`)
        const reader = yield* nodeAt(postgres.server(), { schema, readOnly: true })
        expect(yield* reader.readAll("all")).toHaveLength(4)
        expect(yield* reader.readAll([{ types: ["Noted"], tags: ["b"] }])).toHaveLength(1)
        const scope = yield* Scope.make()
        yield* PgConnection.make({ ...postgres.server(), applicationName: `${schema} log 2` }).pipe(
          Scope.provide(scope)
        )
        const held = yield* Effect.flip(Effect.scoped(nodeAt(postgres.server(), { schema })))
        expect(String(held)).toContain("is held by an older program: stop all nodes")
        yield* Scope.close(scope, Exit.void)
        const node = yield* Effect.retry(nodeAt(postgres.server(), { schema, catalogue: older }), { times: 50 })
        expect(yield* Effect.flip(node.readAll([{ types: ["Named"] }]))).toMatchObject({ reason: "newer", position: 2 })
        const kept = session.queryValues(`SELECT first::integer, type, version FROM ${schema}.kinds ORDER BY first`)
        expect(yield* kept).toEqual(kinds)
        yield* session.query(`DELETE FROM ${schema}.kinds WHERE type = 'Noted'`)
        yield* (yield* nodeAt(postgres.server(), { schema })).rebuildIndex
        expect(yield* kept).toEqual(kinds)
      })
    ))
})
