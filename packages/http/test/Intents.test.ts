/**
 * Intents over a real database and real sockets: recorded before they are sent, answered once, whatever fails in between. For a developer who
 * changes `intents/`.
 */
import { SqliteClient } from "@effekten/event-store"
import { Id } from "@effekten/domain"
import { Investors, type PlatformService, Redemptions, Rejection, Unavailable } from "@effekten/services"
import { Effect, Layer, Option, Redacted, Result, type Scope, Stream } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { DistributionClient } from "../src/index.ts"
import { Intents } from "../src/intents/index.ts"
import * as H from "./Harness.ts"

let h: H.Harness
let folder: string
let file: string

beforeEach(async () => {
  h = await H.start()
  folder = mkdtempSync(join(tmpdir(), "intents-"))
  file = join(folder, "intents.db")
})
afterEach(async () => {
  await h.close()
  rmSync(folder, { recursive: true, force: true })
})

const client = (url = h.url) =>
  DistributionClient.layer({ url, clientId: "all", clientSecret: Redacted.make(H.secret), retry: { attempts: 1 } })

const quick = { base: "5 millis", maximum: "50 millis", lease: "300 millis" } as const
type Options = Partial<Parameters<typeof Intents.layerSqlite>[0]>

/** Runs an effect in a program that has the file open, and ends with it. */
const program = <A, E>(
  effect: Effect.Effect<A, E, Intents.Intents | PlatformService | Scope.Scope>,
  options: Options = {},
  services: Layer.Layer<PlatformService> = client()
): Promise<A> =>
  Effect.runPromise(
    effect.pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(Intents.layerSqlite({ file, ...quick, ...options }), services))
    )
  )

const input = (units = 3) => ({
  investorId: Id.InvestorId.make("investor"),
  productId: Id.ProductId.make("product"),
  walletId: Id.WalletId.make("wallet"),
  units
})
const submit = (id: string, units?: number) =>
  Intents.Intents.use((intents) => intents.submit(id, Redemptions, "create", input(units)))
const answer = (id: string) => Intents.Intents.use((intents) => intents.answer(id, Redemptions, "create"))
const find = (id: string) =>
  Effect.map(
    Intents.Intents.use((intents) => intents.find(id)),
    Option.getOrThrow
  )
const pending = Effect.flatMap(Intents.Intents, (intents) => Stream.runCollect(intents.pending))
const keys = () => h.memory.seen.map(({ key }) => key)

/** Looks at the file as a stranger does. */
const tables = <A, E>(look: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>): Promise<A> =>
  Effect.runPromise(
    Effect.flatMap(SqlClient.SqlClient, look).pipe(Effect.provide(SqliteClient.layer({ filename: file })))
  )

describe("an intent", () => {
  it("is answered as the register answers, to every waiter and to later askers, also of another program", async () => {
    const answers = await program(
      Effect.gen(function* () {
        yield* submit("order-1")
        return yield* Effect.all([answer("order-1"), answer("order-1"), answer("order-1")], { concurrency: 3 })
      })
    )
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1)
    expect(answers[0]).toMatchObject({ units: 3, status: "processing" })
    expect(await program(answer("order-1"))).toEqual(answers[0])
    expect(keys()).toEqual(["order-1"])
  })

  it("is recorded once by its id, and another command under that id is refused", async () => {
    await program(
      Effect.gen(function* () {
        yield* submit("order-1")
        yield* submit("order-1")
        const first = yield* answer("order-1")
        yield* submit("order-1")
        expect(yield* answer("order-1")).toEqual(first)
        const other = yield* Effect.flip(submit("order-1", 4))
        expect(other).toMatchObject({ _tag: "IntentConflict", id: "order-1", operation: "RequestRedemption" })
        const intents = yield* Intents.Intents
        expect((yield* Effect.flip(intents.answer("order-1", Investors, "create")))._tag).toBe("IntentConflict")
        expect((yield* Effect.flip(answer("order-2")))._tag).toBe("IntentUnknown")
      })
    )
    expect(keys()).toEqual(["order-1"])
  })

  it("that is invalid, or whose id is no key, is neither recorded nor sent", async () => {
    await program(
      Effect.gen(function* () {
        expect(yield* Effect.flip(submit("order-1", 0.5))).toMatchObject({ code: "invalid_request", status: 400 })
        expect(yield* Effect.flip(submit("order 1"))).toMatchObject({ code: "idempotency_key_invalid" })
        expect(yield* Effect.flip(submit(""))).toMatchObject({ code: "idempotency_key_invalid" })
        expect(yield* pending).toEqual([])
      })
    )
    expect(keys()).toEqual([])
  })

  it("ends with what the register refuses, now and for later askers", async () => {
    h.memory.before = () =>
      Effect.fail(new Rejection({ code: "insufficient_units", status: 409, message: "Too few.", details: { free: 1 } }))
    const refused = await program(Effect.andThen(submit("order-1"), Effect.flip(answer("order-1"))))
    expect(refused).toMatchObject({ _tag: "Rejection", code: "insufficient_units", details: { free: 1 } })
    h.memory.before = () => Effect.void
    expect(await program(Effect.flip(answer("order-1")))).toEqual(refused)
    expect(keys()).toEqual(["order-1"])
  })

  it("is sent by the next program where the first one ended before it could, with the same key", async () => {
    const nowhere = client("http://127.0.0.1:1/api/external")
    await program(
      Effect.gen(function* () {
        yield* submit("order-1")
        // It is tried, and stays: nothing was executed.
        yield* Effect.repeat(find("order-1"), { until: ({ attempts }) => attempts >= 3 })
        expect(yield* pending).toMatchObject([
          { id: "order-1", state: "pending", failure: { _tag: "Unavailable", executed: "no" } }
        ])
      }),
      {},
      nowhere
    )
    expect(await program(answer("order-1"))).toMatchObject({ units: 3 })
    expect(keys()).toEqual(["order-1"])
  })

  it("is repeated with the same key where the answer was lost, and happens once", async () => {
    let lost = 0
    h.memory.before = () =>
      lost++ < 5 ? Effect.fail(new Unavailable({ executed: "unknown", message: "Lost." })) : Effect.void
    const { attempts } = await program(
      Effect.gen(function* () {
        yield* submit("order-1")
        yield* answer("order-1")
        return yield* find("order-1")
      })
    )
    expect(attempts).toBe(6)
    expect(keys()).toEqual(Array.from({ length: 6 }, () => "order-1"))
  })
})

it("an id is a key, whatever visible characters it has", async () => {
  const id = `a,b;"c\\d"${String.fromCharCode(0x21, 0x7e)}`
  await program(Effect.andThen(submit(id), answer(id)))
  expect(keys()).toEqual([id])
})

describe("the database", () => {
  it("loses the input with the answer, and the answer when it was kept long enough", async () => {
    await program(Effect.andThen(submit("order-1"), answer("order-1")))
    expect(await tables((sql) => sql`SELECT input, failure FROM effekten_intent`)).toEqual([
      { input: null, failure: null }
    ])
    await program(
      Effect.repeat(Effect.result(answer("order-1")), { until: Result.isFailure }).pipe(Effect.andThen(pending)),
      { keep: 0 }
    )
    expect(await tables((sql) => sql`SELECT number FROM effekten_intents`)).toEqual([{ number: 0 }])
    // What is forgotten here the register still knows.
    await program(Effect.andThen(submit("order-1"), answer("order-1")))
    expect(keys()).toEqual(["order-1", "order-1"])
  })

  it("takes no more intents than it may have", async () => {
    await program(
      Effect.gen(function* () {
        yield* Effect.forEach([1, 2, 3], (n) => submit(`order-${n}`), { concurrency: 3 })
        const refused = yield* Effect.flip(submit("order-4"))
        expect(refused).toMatchObject({ _tag: "TooManyIntents", capacity: 3 })
        yield* submit("order-3")
        yield* Effect.forEach([1, 2, 3], (n) => answer(`order-${n}`))
        expect((yield* Effect.flip(answer("order-4")))._tag).toBe("IntentUnknown")
      }),
      { capacity: 3 }
    )
    expect(keys().toSorted()).toEqual(["order-1", "order-2", "order-3"])
  })

  it("that cannot be opened is refused, and so is an option that would let nothing happen", async () => {
    writeFileSync(file, "no database, but a text that is longer than its header")
    const cases: ReadonlyArray<readonly [Options, object]> = [
      [{}, { _tag: "IntentsRefused", reason: "unavailable" }],
      [{ file: join(folder, "missing", "intents.db") }, { _tag: "IntentsRefused", reason: "unavailable" }],
      [{ file: ":memory:", capacity: 0 }, { name: "RangeError" }],
      [{ file: ":memory:", concurrency: Number.NaN }, { name: "RangeError" }]
    ]
    for (const [options, refused] of cases)
      expect(await program(Effect.void, options).catch((error: unknown) => error)).toMatchObject(refused)
    expect(readFileSync(file, "utf8")).toMatch(/^no database/)
  })

  it("can be read by its owner only", async () => {
    await program(submit("order-1"))
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it("shows nothing of an encrypted intent, and opens under its key only", async () => {
    const key = Redacted.make(new Uint8Array(32).fill(7))
    const encrypted = { key, base: "1 hour", maximum: "1 hour" } as const
    const nowhere = client("http://127.0.0.1:1/api/external")
    await program(
      Effect.andThen(submit("order-1"), Effect.repeat(find("order-1"), { until: ({ attempts }) => attempts > 0 })),
      encrypted,
      nowhere
    )
    for (const name of ["intents.db", "intents.db-wal"]) {
      const bytes = Result.getOrElse(
        Result.try(() => readFileSync(join(folder, name), "latin1")),
        () => ""
      )
      expect(bytes).not.toContain("investor")
    }
    const before = await tables((sql) => sql`SELECT * FROM effekten_intent`)
    for (const [other, reason] of [
      [{ key: Redacted.make(new Uint8Array(32).fill(8)) }, "wrong_key"],
      [{ key: Redacted.make(new Uint8Array(16)) }, "wrong_key"],
      [{}, "key_missing"]
    ] as const) {
      const refused = await program(Effect.void, other).catch((error: unknown) => error)
      expect(refused).toMatchObject({ _tag: "IntentsRefused", reason })
    }
    expect(await tables((sql) => sql`SELECT * FROM effekten_intent`)).toEqual(before)
    await tables((sql) => sql`UPDATE effekten_intent SET due_at = 0`)
    expect(await program(answer("order-1"), { key })).toMatchObject({ units: 3 })
  })
})
