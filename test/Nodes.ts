/**
 * Nodes of registers in PostgreSQL: in this process, on a server of a test file's own. For the tests of several nodes.
 */
import { PgConnection } from "@effect/sql-pg"
import { assert } from "@effect/vitest"
import { type PostgresOptions, Registrar } from "@effekten/registrar"
import { Effect, Exit, Layer, Redacted, Scope } from "effect"
import { useServer } from "../packages/event-store/test/PgServer.ts"

export const masterKey = Redacted.make(new Uint8Array(32).fill(7))

type Options = Registrar.RegistrarOptions & Pick<PostgresOptions, "sealing">

/** A server, and nodes on it. */
export const useNodes = (always: Options = {}) => {
  const postgres = useServer()
  /** A node of a register; every call opens another one. */
  const node = (schema: string, options: Options = {}) =>
    Layer.build(
      Layer.fresh(
        Registrar.layerPostgres({
          server: postgres.server(),
          schema,
          masterKey,
          sandbox: true,
          ...always,
          ...options
        })
      )
    )
  /** A node that ends before the test does. */
  const passing = Effect.fnUntraced(function* (schema: string) {
    const scope = yield* Scope.fork(yield* Effect.scope)
    return { node: yield* Scope.provide(node(schema), scope), end: Scope.close(scope, Exit.void) }
  })
  const query = (sql: string, params: ReadonlyArray<unknown> = []) =>
    Effect.scoped(
      Effect.flatMap(PgConnection.make({ ...postgres.server(), applicationName: "test" }), (session) =>
        session.queryValues(sql, params)
      )
    )
  /** How many sessions hold the lease of a reactor. */
  const holders = (schema: string, reactor: string) =>
    query(
      "SELECT count(*)::integer FROM pg_locks WHERE locktype = 'advisory' AND granted AND (classid::bigint << 32) + objid::bigint = hashtextextended($1, 0)",
      [`event store lease ${schema}_log ${reactor}`]
    )
  return { postgres, node, passing, query, holders }
}

export type Node = Effect.Success<ReturnType<ReturnType<typeof useNodes>["node"]>>

export const at =
  (node: Node) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.provideContext(effect, node)

/** Until it holds. The bound is for what never comes about, not for a machine that is busy. */
export const soon = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>, holds: (value: A) => boolean) =>
  Effect.gen(function* () {
    const until = Date.now() + 120_000
    while (true) {
      const value = yield* effect
      if (holds(value)) return value
      if (Date.now() > until) assert.fail(`${what} within two minutes: ${JSON.stringify(value).slice(0, 500)}`)
      yield* Effect.sleep("30 millis")
    }
  })
