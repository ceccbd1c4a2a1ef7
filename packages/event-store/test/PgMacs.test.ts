/** MACs in PostgreSQL beside the contract kit: a log from before them, and what the database is told. For a developer who changes the layout. */
import { Effect, Scope, Exit } from "effect"
import { PgConnection } from "@effect/sql-pg"
import { describe, expect, it } from "vitest"
import { note } from "@effekten/event-store/testing"
import { authentication, run, unauthenticated } from "./Harness.ts"
import { nodeAt, sessionAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const postgres = useServer()

/** A log as layout 1 has it: the functions of today's program are made again at its start. */
const fromBefore = (schema: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const store = yield* nodeAt(postgres.server(), { schema })
      yield* store.append([note(["a"]), note(["b"])])
      const session = yield* sessionAt(postgres.server())
      yield* session.query(`DROP TABLE ${schema}.macs, ${schema}.kinds`)
      yield* session.query(`UPDATE ${schema}.log SET layout = 1`)
    })
  )

describe("a log in PostgreSQL from before MACs", () => {
  it("promise 6: is not brought up to date while an older program has a session, which is named; then it is", () =>
    run(
      Effect.gen(function* () {
        yield* fromBefore("older")
        const node = nodeAt(postgres.server(), { schema: "older", authentication })
        const scope = yield* Scope.make()
        yield* PgConnection.make({ ...postgres.server(), applicationName: "older log" }).pipe(Scope.provide(scope))
        const refused = yield* Effect.flip(Effect.scoped(node))
        expect(String(refused)).toContain("is held by an older program: stop all nodes")
        yield* Scope.close(scope, Exit.void)
        const store = yield* Effect.retry(node, { times: 50 })
        expect((yield* store.beginMacs).last).toBe(2)
        yield* store.append([note(["c"])])
        expect(yield* unauthenticated(store)).toBeUndefined()
      })
    ))

  it("is read as it is, and nothing is made", () =>
    run(
      Effect.gen(function* () {
        yield* fromBefore("read")
        const reader = yield* nodeAt(postgres.server(), { schema: "read", readOnly: true })
        expect(yield* reader.readAll("all")).toHaveLength(2)
        expect(yield* unauthenticated(reader)).toBe(1)
        const session = yield* sessionAt(postgres.server())
        expect(yield* session.queryValues("SELECT layout FROM read.log")).toEqual([[1]])
      })
    ))
})
