/**
 * What stands in the database of intents, and what becomes of them where it fails, is full, is shared or was written by another program. For
 * a developer who changes its tables.
 */
import { SqliteClient } from "@effekten/event-store"
import { Documents, Redemptions } from "@effekten/services"
import { type Context, Deferred, Effect, Exit, Layer, Redacted, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Intents } from "../src/intents/index.ts"
import { answer, find, input, pending, type Register, register, silent, submit, unavailable } from "./IntentsHarness.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "intents-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const quick = { base: "5 millis", maximum: "20 millis", lease: "200 millis" } as const
const key = Redacted.make(new Uint8Array(32).fill(9))

type Own = Intents.Intents | SqlClient.SqlClient

/** A program with a connection of its own to the file; it ends with the scope. */
const started = (
  own: Register,
  options: Intents.IntentsOptions = {}
): Effect.Effect<Context.Context<Own>, unknown, Scope.Scope> =>
  Layer.build(
    Layer.fresh(
      Intents.layer({ ...quick, ...options }).pipe(
        Layer.provideMerge(SqliteClient.layer({ filename: join(folder, "intents.db") })),
        Layer.provide(own.layer)
      )
    )
  )

const program = <A, E>(own: Register, effect: Effect.Effect<A, E, Own>, options?: Intents.IntentsOptions): Promise<A> =>
  Effect.runPromise(
    Effect.flatMap(started(own, options), (context) => Effect.provideContext(effect, context)).pipe(
      Effect.scoped,
      Effect.provide(silent)
    )
  )

const sql = <A>(statement: (sql: SqlClient.SqlClient) => Effect.Effect<A, unknown>) =>
  Effect.flatMap(SqlClient.SqlClient, statement)

const ended = (id: string) => Effect.repeat(find(id), { until: ({ state }) => state === "ended" })
const tried = (id: string) => Effect.repeat(find(id), { until: ({ attempts }) => attempts > 0 })

describe("a database that fails", () => {
  it("with a full disk: what cannot be recorded is never sent, and can be submitted again", async () => {
    const own = register()
    await program(
      own,
      Effect.gen(function* () {
        yield* submit("order-0")
        yield* answer("order-0")
        const [{ page_count: pages }] = yield* sql((sql) => sql<any>`PRAGMA page_count`)
        yield* sql((sql) => sql`PRAGMA max_page_count = ${sql.literal(String(pages))}`)
        const recorded: Array<string> = []
        const full = yield* Effect.gen(function* () {
          for (let i = 1; i < 1_000; i++) {
            yield* submit(`order-${i}`)
            recorded.push(`order-${i}`)
          }
        }).pipe(Effect.flip)
        const refused = `order-${recorded.length + 1}`
        expect(full._tag).toBe("IntentsUnavailable")
        yield* sql((sql) => sql`PRAGMA max_page_count = 100000`)
        yield* Effect.forEach(recorded, answer)
        expect((yield* Effect.flip(answer(refused)))._tag).toBe("IntentUnknown")
        expect(own.asked.map(({ key }) => key)).not.toContain(refused)
        yield* submit(refused)
        yield* answer(refused)
        expect(own.effects.size).toBe(recorded.length + 2)
      })
    )
  })

  it("when the answer is to be recorded: the call is repeated with its key, and happened once", async () => {
    const own = register()
    await program(
      own,
      Effect.gen(function* () {
        yield* sql(
          (sql) => sql`CREATE TRIGGER full BEFORE UPDATE OF ended_at ON effekten_intent
          BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END`
        )
        yield* submit("order-1")
        yield* Effect.repeat(
          Effect.sync(() => own.asked.length),
          { until: (asked) => asked > 1 }
        )
        expect((yield* find("order-1")).state).toBe("pending")
        yield* sql((sql) => sql`DROP TRIGGER full`)
        expect(yield* answer("order-1")).toEqual(own.effects.get("order-1"))
      })
    )
    expect(own.effects.size).toBe(1)
  })
})

describe("a database that several programs have open", () => {
  it("one of them sends; when it ends, another goes on, and each hears of every answer", async () => {
    const [one, other] = [register(), register()]
    const keysOf = ({ asked }: Register) => asked.map(({ key }) => key)
    const both = Effect.gen(function* () {
      const scope = yield* Scope.make()
      const first = yield* Scope.provide(started(one, { lease: "1 hour" }), scope)
      yield* Effect.provideContext(Effect.andThen(submit("order-1"), answer("order-1")), first)
      const second = yield* started(other)
      yield* Effect.provideContext(Effect.andThen(submit("order-2"), answer("order-2")), second)
      expect([keysOf(one), keysOf(other)]).toEqual([["order-1", "order-2"], []])
      yield* Scope.close(scope, Exit.void)
      yield* Effect.provideContext(Effect.andThen(submit("order-3"), answer("order-3")), second)
      expect([keysOf(one), keysOf(other)]).toEqual([["order-1", "order-2"], ["order-3"]])
    })
    await Effect.runPromise(both.pipe(Effect.scoped, Effect.provide(silent)))
  })

  it("a sender that was paused past its lease does no harm: two send, with one key", async () => {
    const own = register()
    const gate = Deferred.makeUnsafe<void>()
    own.answers = (_, count) => (count === 1 ? Deferred.await(gate) : Effect.void)
    const both = Effect.gen(function* () {
      const paused = yield* started(own, { lease: "1 hour" })
      yield* Effect.provideContext(submit("order-1"), paused)
      yield* Effect.repeat(
        Effect.sync(() => own.asked.length),
        { until: (asked) => asked === 1 }
      )
      // Its lease is over, and it does not know.
      yield* Effect.provideContext(
        sql((sql) => sql`UPDATE effekten_intent_lease SET held_until = 0`),
        paused
      )
      const successor = yield* started(own)
      const found = yield* Effect.provideContext(answer("order-1"), successor)
      yield* Deferred.succeed(gate, undefined)
      expect(yield* Effect.provideContext(answer("order-1"), paused)).toEqual(found)
      expect(own.asked.map(({ key }) => key)).toEqual(["order-1", "order-1"])
    })
    await Effect.runPromise(both.pipe(Effect.scoped, Effect.provide(silent)))
    expect(own.effects.size).toBe(1)
  })

  it("a sender that died while its clock was years ahead holds nobody up", async () => {
    const own = register()
    own.answers = () => unavailable("no")
    await program(
      own,
      Effect.andThen(
        submit("order-1"),
        sql((sql) => sql`UPDATE effekten_intent_lease SET holder = 'dead', length = 200, held_until = 9000000000000`)
      )
    )
    own.answers = () => Effect.void
    expect(await program(own, answer("order-1"))).toMatchObject({ units: 3 })
  })

  it("in a transaction of the application: an intent is sent after the commit, and never without it", async () => {
    const own = register()
    await program(
      own,
      Effect.gen(function* () {
        const client = yield* SqlClient.SqlClient
        yield* client`CREATE TABLE orders (id TEXT PRIMARY KEY)`
        const ordered = (id: string) => Effect.andThen(client`INSERT INTO orders VALUES (${id})`, submit(id))
        yield* Effect.ignore(client.withTransaction(Effect.andThen(ordered("order-1"), Effect.fail("no"))))
        yield* client.withTransaction(ordered("order-2"))
        yield* answer("order-2")
        expect((yield* Effect.flip(answer("order-1")))._tag).toBe("IntentUnknown")
        expect(yield* client`SELECT id FROM orders`).toEqual([{ id: "order-2" }])
        expect(yield* client`SELECT number FROM effekten_intents`).toEqual([{ number: 1 }])
      })
    )
    expect(own.asked.map(({ key }) => key)).toEqual(["order-2"])
  })
})

describe("a database", () => {
  it("has at most a hundred thousand intents, unless it is told otherwise", async () => {
    const own = register()
    await program(
      own,
      Effect.gen(function* () {
        yield* sql(
          (sql) => sql`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
          INSERT INTO effekten_intent (id, operation, fingerprint, attempts, submitted_at, due_at, ended_at)
          SELECT 'old-' || i, 'RequestRedemption', '', 1, 0, 0, 9e12 FROM n`
        )
        yield* sql((sql) => sql`UPDATE effekten_intents SET number = 99999`)
        yield* submit("order-1")
        expect(yield* Effect.flip(submit("order-2"))).toMatchObject({ _tag: "TooManyIntents", capacity: 100_000 })
        yield* answer("order-1")
        expect(yield* Effect.flip(submit("order-2"))).toMatchObject({ _tag: "TooManyIntents" })
      })
    )
    expect(own.effects.size).toBe(1)
  })

  it("that a newer program has made is refused, and left as it is", async () => {
    const own = register()
    await program(
      own,
      Effect.andThen(
        submit("order-1"),
        sql((sql) => sql`UPDATE effekten_intents SET layout = 2`)
      )
    )
    const refused = await program(own, Effect.void).catch((error: unknown) => error)
    expect(refused).toMatchObject({ _tag: "IntentsRefused", reason: "newer" })
  })

  it("keeps an intent whose operation a newer program knows", async () => {
    const own = register()
    own.answers = () => unavailable("no")
    await program(own, Effect.andThen(submit("order-1"), tried("order-1")))
    own.asked.length = 0
    await program(
      own,
      Effect.gen(function* () {
        yield* sql((sql) => sql`UPDATE effekten_intent SET operation = 'IssueDividend', attempts = 0, due_at = 0`)
        yield* tried("order-1")
        expect(yield* pending).toMatchObject([
          { operation: "IssueDividend", failure: { message: "this program knows no IssueDividend" } }
        ])
      })
    )
    expect(own.asked).toEqual([])
  })

  it("whose encrypted texts were moved from one intent to another hands neither out", async () => {
    const own = register()
    await program(
      own,
      Effect.gen(function* () {
        yield* submit("order-1")
        yield* submit("order-2", 4)
        yield* Effect.forEach(["order-1", "order-2"], ended)
        yield* sql(
          (sql) => sql`UPDATE effekten_intent SET ending = (SELECT ending FROM effekten_intent WHERE id = 'order-1')`
        )
        expect(yield* answer("order-1")).toMatchObject({ units: 3 })
        expect((yield* Effect.flip(answer("order-2")))._tag).toBe("IntentsUnavailable")
        // Neither is sent what was asked for elsewhere.
        own.asked.length = 0
        own.answers = () => unavailable("no")
        yield* submit("order-3", 5)
        yield* tried("order-3")
        own.answers = () => Effect.void
        yield* sql(
          (sql) => sql`INSERT INTO effekten_intent (id, operation, fingerprint, input, attempts, submitted_at, due_at)
          SELECT 'order-4', operation, fingerprint, input, 0, 0, 0 FROM effekten_intent WHERE id = 'order-3'`
        )
        yield* ended("order-3")
        yield* tried("order-4")
      }),
      { key }
    )
    expect(own.asked.some(({ key }) => key === "order-4")).toBe(false)
  })
})

it("a document cannot be an intent: the compiler says so, and so does the program", async () => {
  const own = register()
  await program(
    own,
    Effect.gen(function* () {
      const intents = yield* Intents.Intents
      // @ts-expect-error its bytes are in a file already
      const submitted = Effect.suspend(() => intents.submit("scan-1", Documents, "upload", {}))
      expect(String(yield* Effect.sandbox(submitted).pipe(Effect.flip))).toContain(
        "documents.upload cannot be an intent"
      )
      // @ts-expect-error a read changes nothing
      const read = () => intents.submit("read-1", Redemptions, "get", "redemption-1")
      // @ts-expect-error an input of another command
      const other = () => intents.submit("other-1", Redemptions, "create", { units: 1 })
      expect([read, other, input]).toHaveLength(3)
    })
  )
})
