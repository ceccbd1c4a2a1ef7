/** What stands between a store and its server: poolers, and roles that own nothing. They work, or are refused with what to change. */
import { Effect, Fiber, Layer, Redacted, type Scope, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { PgLease } from "@effekten/event-store/postgres"
import { name, note, subjectOf } from "@effekten/event-store/testing"
import { defaultBounds, sessionParameters } from "../src/postgres/PgSession.ts"
import { run } from "./Harness.ts"
import { isInstalled, startPgBouncer } from "./PgBouncer.ts"
import { nodeAt, sessionAt, vaultAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"
import { password } from "./PostgresProcess.ts"

const postgres = useServer()

const settings = sessionParameters(defaultBounds)
const ignored = Object.keys(settings)
const absent = isInstalled ? "" : " (not asked: PgBouncer is not installed here)"

/** A role that can log in, and has what a connection would be told. */
const makeRole = (role: string, withSettings: boolean) =>
  Effect.gen(function* () {
    const owner = yield* sessionAt(postgres.server())
    yield* owner.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`)
    yield* owner.query(`GRANT CREATE ON DATABASE postgres TO ${role}`)
    if (withSettings)
      for (const [setting, value] of Object.entries(settings))
        yield* owner.query(`ALTER ROLE ${role} SET ${setting} = '${value}'`)
    return postgres.server({ username: role, password: Redacted.make(password) })
  })

describe(`PgBouncer${absent}`, () => {
  it.runIf(isInstalled)("that takes no settings at the start is named, with what to change", () =>
    run(
      Effect.gen(function* () {
        const port = yield* startPgBouncer({ port: postgres.port, mode: "session", users: ["postgres"] })
        const refused = yield* Effect.flip(nodeAt(postgres.server({ port }), { schema: "strict" }))
        expect(refused).toMatchObject({ _tag: "DatabaseRefused", reason: "unavailable" })
        expect(refused.message).toMatch(/ignore_startup_parameters = .*lock_timeout.*ALTER ROLE … SET/)
      })
    )
  )

  it.runIf(isInstalled)(
    "in session mode that passes over them is refused, until the role has them: then it serves",
    () =>
      run(
        Effect.gen(function* () {
          const port = yield* startPgBouncer({
            port: postgres.port,
            mode: "session",
            ignored,
            users: ["postgres", "pooled"]
          })
          const refused = yield* Effect.flip(nodeAt(postgres.server({ port }), { schema: "lacking" }))
          expect(refused.message).toMatch(/ALTER ROLE … SET lock_timeout = '10000'/)
          const server = { ...(yield* makeRole("pooled", true)), port }
          const store = yield* nodeAt(server, { schema: "pooled" })
          const other = yield* nodeAt(server, { schema: "pooled", pollInterval: "50 millis" })
          const following = yield* Effect.forkChild(Stream.runCollect(Stream.take(other.subscribe("all", 0), 2)))
          yield* store.append([note(["a"]), name("b", "Erika")])
          expect(yield* Fiber.join(following)).toHaveLength(2)
          // One node holds a lease, and the other waits for it.
          let held = 0
          const leases = yield* Effect.forEach([1, 2], () => PgLease.make({ server, schema: "pooled" }))
          const fibers = yield* Effect.forEach(leases, ({ whileHeld }) =>
            Effect.forkChild(
              whileHeld(
                "one",
                Effect.andThen(
                  Effect.sync(() => void (held += 1)),
                  Effect.never
                )
              )
            )
          )
          yield* Effect.repeat(
            Effect.delay(
              Effect.sync(() => held),
              "20 millis"
            ),
            { until: (count) => count > 0 }
          )
          yield* Effect.sleep("200 millis")
          expect(held).toBe(1)
          yield* Fiber.interruptAll(fibers)
        })
      )
  )

  it.runIf(isInstalled)("in transaction mode is refused by the log, the keys and the leases", () =>
    run(
      Effect.gen(function* () {
        const direct = yield* makeRole("shared", true)
        yield* Effect.scoped(nodeAt(direct, { schema: "shared" }))
        const port = yield* startPgBouncer({ port: postgres.port, mode: "transaction", ignored, users: ["shared"] })
        const server = { ...direct, port }
        const openings: ReadonlyArray<Effect.Effect<unknown, Error & { readonly _tag: string }, Scope.Scope>> = [
          nodeAt(server, { schema: "shared" }),
          Layer.build(vaultAt(server, "shared")),
          PgLease.make({ server, schema: "shared" })
        ]
        for (const opening of openings) {
          const refused = yield* Effect.flip(opening)
          expect(refused._tag).toBe("DatabaseRefused")
          expect(refused.message).toMatch(/after each transaction.*pool_mode = session/)
        }
      })
    )
  )
})

describe("a role that owns nothing", () => {
  it("serves where the owner has made the schemas, and is told what is lacking where it has not", () =>
    run(
      Effect.gen(function* () {
        const server = yield* makeRole("served", false)
        const owner = yield* sessionAt(postgres.server())
        yield* owner.query("REVOKE CREATE ON DATABASE postgres FROM served")
        expect((yield* Effect.flip(nodeAt(server, { schema: "owned" }))).message).toMatch(/permission denied/)
        yield* Effect.scoped(
          Effect.andThen(
            nodeAt(postgres.server(), { schema: "owned" }),
            PgLease.make({ server: postgres.server(), schema: "owned" })
          )
        )
        for (const schema of ["owned", "owned_keys"]) {
          yield* owner.query(`GRANT USAGE ON SCHEMA ${schema} TO served`)
          yield* owner.query(`GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA ${schema} TO served`)
        }
        yield* owner.query("GRANT DELETE ON owned.personal, owned_keys.keys TO served")
        yield* owner.query("GRANT UPDATE ON owned.leases, owned_keys.note TO served")
        const store = yield* nodeAt(server, { schema: "owned" })
        yield* store.append([name("a", "Erika")])
        yield* store.forget(subjectOf("a"))
        expect(yield* store.reveal([1])).toEqual([{ _tag: "Erased" }])
        yield* store.writable
        const { whileHeld } = yield* PgLease.make({ server, schema: "owned" })
        expect(yield* whileHeld("one", Effect.succeed("done"))).toBe("done")
        // Another program has replaced a function: only its owner makes it anew.
        yield* owner.query(
          "CREATE OR REPLACE FUNCTION owned.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$"
        )
        expect((yield* Effect.flip(nodeAt(server, { schema: "owned" }))).message).toMatch(
          /start this version once as the role that owns/
        )
        yield* nodeAt(postgres.server(), { schema: "owned" })
      })
    ))

  it("and a pool of a single connection is refused at once", () =>
    run(
      Effect.gen(function* () {
        const opened = yield* Effect.exit(nodeAt(postgres.server({ maxConnections: 1 }), { schema: "single" }))
        expect(String(opened)).toMatch(/maxConnections is 1: a store needs at least 2/)
        const store = yield* nodeAt(postgres.server({ maxConnections: 2 }), { schema: "single" })
        yield* store.append([note(["a"])])
      })
    ))
})
