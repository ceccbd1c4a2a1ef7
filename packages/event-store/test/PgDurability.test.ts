/** Servers on which what is acknowledged would not be durable: they are refused, or told to behave. */
import type { PgConnection } from "@effect/sql-pg"
import { Effect, Result, Schedule, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { name, note, subjectOf } from "@effekten/event-store/testing"
import { run } from "./Harness.ts"
import { nodeAt, sessionAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const postgres = useServer()

/** Changes a setting of the running server, and waits until it holds. */
const setting = (session: PgConnection.PgConnection, name: string, value: "on" | "off") =>
  Effect.gen(function* () {
    yield* session.query(`ALTER SYSTEM SET ${name} = ${value}`)
    yield* session.query("SELECT pg_reload_conf()")
    yield* Effect.repeat(session.queryValues(`SHOW ${name}`), { until: ([row]) => row?.[0] === value })
  })

describe("a server that loses what it acknowledges", () => {
  for (const off of ["fsync", "full_page_writes"])
    it(`promise 5: is not written to with ${off} off, neither by who starts nor by who runs already`, () =>
      run(
        Effect.gen(function* () {
          const schema = `without_${off}`
          const session = yield* sessionAt(postgres.server())
          const running = yield* nodeAt(postgres.server(), { schema })
          yield* running.append([note(["a"])])
          yield* setting(session, off, "off")
          for (const each of [schema, `${schema}_new`]) {
            const refused = yield* Effect.flip(nodeAt(postgres.server(), { schema: each }))
            expect(refused).toMatchObject({ _tag: "DatabaseRefused", reason: "not_durable" })
            expect(refused.message).toMatch(
              new RegExp(`schema ${each}(_keys)? is on a server with ${off} off, .*: turn it on`)
            )
          }
          const attempts = [
            running.append([note(["b"])]),
            // Its key would be lost.
            running.append([name("b", "Erika")]),
            running.appendExclusive(0, "all", () => Result.succeed({ events: [note(["c"])], answer: undefined })),
            running.forget(subjectOf("b"))
          ]
          for (const attempt of attempts) {
            const refused = yield* Effect.flip(attempt)
            expect(refused).toMatchObject({ _tag: "EventStoreError", reason: "unavailable" })
            expect(refused.message + String(refused.cause)).toMatch(/fsync or full_page_writes off|the key store/)
          }
          expect(yield* running.head).toBe(1)
          yield* setting(session, off, "on")
          expect((yield* running.append([name("b", "Erika")])).first).toBe(2)
        })
      ))

  it("promise 5: where a role or a database commits asynchronously, events and keys are committed synchronously", () =>
    run(
      Effect.gen(function* () {
        const owner = yield* sessionAt(postgres.server())
        for (const [who, schema] of [
          ["ROLE postgres", "lazy_role"],
          ["DATABASE postgres", "lazy_database"]
        ] as const) {
          yield* owner.query(`ALTER ${who} SET synchronous_commit = off`)
          const store = yield* nodeAt(postgres.server(), { schema })
          const lazy = yield* sessionAt(postgres.server())
          expect(yield* lazy.queryValues("SHOW synchronous_commit")).toEqual([["off"]])
          for (const writes of [
            `SELECT * FROM ${schema}.lock_head(0)`,
            `SELECT ${schema}_keys.keep(ARRAY['\\x01'::bytea], ARRAY['\\x02'::bytea], NULL)`,
            `SELECT ${schema}_keys.forget('\\x01')`,
            `SELECT ${schema}_keys.durably()`
          ]) {
            yield* lazy.query("BEGIN")
            yield* lazy.query(writes)
            expect(yield* lazy.queryValues("SHOW synchronous_commit")).toEqual([["on"]])
            yield* lazy.query("ROLLBACK")
          }
          yield* store.append([name("a", "Erika")])
          yield* owner.query(`ALTER ${who} RESET synchronous_commit`)
        }
      })
    ))

  it("a server that was turned read-only is told as such, by appends and by the probe, and written to again afterwards", () =>
    run(
      Effect.gen(function* () {
        const session = yield* sessionAt(postgres.server())
        const running = yield* nodeAt(postgres.server(), { schema: "turned" })
        yield* running.append([note(["a"])])
        yield* running.writable
        yield* setting(session, "default_transaction_read_only", "on")
        for (const attempt of [running.append([note(["b"])]), running.writable]) {
          const refused = yield* Effect.flip(
            Effect.repeat(attempt, { times: 100, schedule: Schedule.spaced("20 millis") })
          )
          expect(refused).toMatchObject({ _tag: "EventStoreError", reason: "read_only" })
          expect(refused.message).toMatch(/turned read-only.*default_transaction_read_only/)
        }
        expect(yield* running.readAll("all")).not.toEqual([])
        yield* setting(session, "default_transaction_read_only", "off")
        yield* Effect.retry(running.append([note(["b"])]), { times: 100, schedule: Schedule.spaced("20 millis") })
        yield* running.writable
      })
    ))

  it("a standby is refused; who was connected when the primary became one hears so, and goes on when it is promoted", () =>
    run(
      Effect.gen(function* () {
        const running = yield* nodeAt(postgres.server(), { schema: "replaced" })
        yield* running.append([note(["a"])])
        yield* Effect.promise(() => postgres.becomeStandby())
        const refused = yield* Effect.flip(nodeAt(postgres.server(), { schema: "replaced" }))
        expect(refused).toMatchObject({ _tag: "DatabaseRefused", reason: "unavailable" })
        expect(refused.message).toMatch(/is on a standby: connect to the primary/)
        // Of what the primary has, a standby may lack the last: it is not read either.
        const attempts: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string; readonly message: string }>> = [
          running.head,
          running.readAll([{ tags: ["a"] }]),
          Stream.runCollect(running.read([{ tags: ["a"] }])),
          running.writable,
          running.append([note(["b"])])
        ]
        for (const attempt of attempts) {
          const failure = yield* Effect.flip(
            Effect.retry(attempt, { times: 10, while: ({ message }) => /reached/.test(message) })
          )
          expect(failure._tag).toBe("EventStoreError")
          expect(failure.message).toMatch(/standby.*: connect to the primary/)
        }
        const session = yield* sessionAt(postgres.server())
        yield* session.query("SELECT pg_promote()")
        expect((yield* Effect.retry(running.append([note(["b"])]), { times: 10 })).first).toBe(2)
        expect(yield* running.readAll([{ tags: ["a"] }, { tags: ["b"] }])).toHaveLength(2)
      })
    ))
})
