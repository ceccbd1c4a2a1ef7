/** Two nodes on one log in PostgreSQL, in the orders of events that go wrong most easily. For a developer who changes locks or waking. */
import { Context, Deferred, Effect, Exit, Fiber, Layer, Option, Result, Schedule, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { Vault } from "@effekten/event-store"
import { PgEventStore } from "@effekten/event-store/postgres"
import { kitCatalogue, name, note, revealedName, subjectOf } from "@effekten/event-store/testing"
import { run } from "./Harness.ts"
import { appendIn, nodeAt, sessionAt, vaultAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"
import { tcpProxy } from "./TcpProxy.ts"

const postgres = useServer()

/** Until the server says that so many wait for a lock. */
const waitForLock = (session: Effect.Success<ReturnType<typeof sessionAt>>, waiting = 1) =>
  Effect.repeat(session.queryValues("SELECT count(*) FROM pg_locks WHERE NOT granted"), {
    until: (rows) => Number(rows[0]?.[0]) >= waiting
  })

/** Appends an event as another node does, in a transaction that stays open. */
const appendLate = (session: Effect.Success<ReturnType<typeof sessionAt>>, schema: string, text: string) =>
  appendIn(
    session,
    schema,
    [
      `{"data":{"tags":["seat"],"text":"${text}"},"id":"${text}","meta":{"actor":"late","recordedAt":"`,
      '"},"type":"Noted","version":1}'
    ],
    [1n]
  )

describe("two nodes on one log", () => {
  it("promise 2: a conflicting append that waited behind the lock is refused, not decided on the snapshot from before it", () =>
    run(
      Effect.gen(function* () {
        const [one, two] = [
          yield* nodeAt(postgres.server(), { schema: "trap" }),
          yield* nodeAt(postgres.server(), { schema: "trap" })
        ]
        const holder = yield* sessionAt(postgres.server())
        const watcher = yield* sessionAt(postgres.server())
        const condition = { failIfEventsMatch: [{ tags: ["seat"] }], after: 0 } as const
        // The lock is held while both are called: the statement of each is older than the other's commit.
        yield* holder.query("BEGIN")
        yield* holder.query("SELECT head FROM trap.lock_head(0)")
        const racing = yield* Effect.forEach([one, two], (store) =>
          Effect.forkChild(Effect.result(store.append([note(["seat"])], condition)))
        )
        yield* waitForLock(watcher, 2)
        yield* holder.query("COMMIT")
        const outcomes = yield* Effect.forEach(racing, (fiber) => Fiber.join(fiber))
        expect(outcomes.filter(Result.isSuccess)).toHaveLength(1)
        for (const outcome of outcomes)
          if (Result.isFailure(outcome))
            expect(outcome.failure).toMatchObject({ _tag: "AppendConditionFailed", position: 1 })
        expect(yield* two.head).toBe(1)
      })
    ))

  it("a transaction at another isolation level may not write", () =>
    run(
      Effect.gen(function* () {
        yield* nodeAt(postgres.server(), { schema: "isolation" })
        const session = yield* sessionAt(postgres.server())
        for (const level of ["REPEATABLE READ", "SERIALIZABLE"]) {
          yield* session.query(`BEGIN ISOLATION LEVEL ${level}`)
          const refused = yield* Effect.flip(appendLate(session, "isolation", "a"))
          expect(String((refused.reason as { cause?: unknown }).cause)).toMatch(/READ COMMITTED/)
          yield* session.query("ROLLBACK")
        }
      })
    ))

  it("a subscription is woken by what another node appends, without polling", () =>
    run(
      Effect.gen(function* () {
        const options = { schema: "wake", pollInterval: "1 hour" } as const
        const reader = yield* nodeAt(postgres.server(), options)
        const writer = yield* nodeAt(postgres.server(), options)
        const session = yield* sessionAt(postgres.server())
        const next = (after: number) =>
          Effect.gen(function* () {
            const waiting = yield* Effect.forkChild(Stream.runHead(reader.subscribe("all", after)))
            yield* Effect.sleep("100 millis")
            yield* writer.append([note(["a"])])
            const found = yield* Effect.timeoutOption(Fiber.join(waiting), "1 minute")
            expect(Option.flatten(found).pipe(Option.map(({ position }) => position))).toEqual(Option.some(after + 1))
          })
        yield* next(0)
        // The listener's connection is lost: another takes its place, and nothing is missed.
        yield* session.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        yield* next(1)
        yield* next(2)
      })
    ))

  it("promise 7: what no notification tells of, a subscription finds by itself", () =>
    run(
      Effect.gen(function* () {
        const options = { schema: "silent", pollInterval: "50 millis" } as const
        const reader = yield* nodeAt(postgres.server(), options)
        const writer = yield* nodeAt(postgres.server(), options)
        const session = yield* sessionAt(postgres.server())
        const [[definition] = []] = yield* session.queryValues("SELECT pg_get_functiondef('silent.append'::regproc)")
        const silent = String(definition).replace(/PERFORM pg_notify.*/, "")
        expect(silent).not.toBe(definition)
        yield* session.query(silent)
        const waiting = yield* Effect.forkChild(Stream.runHead(reader.subscribe("all", 0)))
        yield* writer.append([note(["a"])])
        const found = yield* Effect.timeoutOption(Fiber.join(waiting), "1 minute")
        expect(Option.isSome(Option.flatten(found))).toBe(true)
      })
    ))

  it("a subscriber in the process that appends asks the server nothing, unless an event matches its query", () =>
    run(
      Effect.gen(function* () {
        const proxy = yield* tcpProxy(postgres.port)
        const context = yield* Layer.build(vaultAt(postgres.server(), "echoes", "1 hour"))
        const server = postgres.server({ port: proxy.port })
        const store = yield* PgEventStore.make({
          server,
          schema: "echoes",
          catalogue: kitCatalogue,
          pollInterval: "1 hour"
        }).pipe(Effect.provideContext(context))
        proxy.after(Number.POSITIVE_INFINITY, () => undefined)
        let appended = 0
        const cost = Effect.gen(function* () {
          const before = proxy.passed()
          yield* store.append([note(["a"])])
          appended += 1
          return proxy.passed() - before
        })
        // What an append takes by itself: the least of several, because the notification of an append may pass during the next.
        let alone = Number.POSITIVE_INFINITY
        for (let round = 0; round < 20; round++) alone = Math.min(alone, yield* cost)
        expect(alone).toBeGreaterThan(0)
        yield* store.append([note(["b"]), note(["c"]), note(["d"])])
        appended += 3
        const following = yield* Effect.forEach(["b", "c", "d"], (tag) =>
          Effect.gen(function* () {
            const begun = yield* Deferred.make<void>()
            const fiber = yield* store.subscribe([{ tags: [tag] }], 0).pipe(
              Stream.tap(() => Deferred.succeed(begun, undefined)),
              Stream.take(2),
              Stream.runCollect,
              Effect.forkChild
            )
            yield* Deferred.await(begun)
            return fiber
          })
        )
        // All have begun, and come to wait. Three subscribers that asked at each append would need at least six messages more, every time.
        let isQuiet = false
        for (let tries = 0; tries < 50 && !isQuiet; tries++) {
          let ten = 0
          for (let round = 0; round < 10; round++) ten += yield* cost
          isQuiet = ten < 10 * (alone + 6)
        }
        expect(isQuiet).toBe(true)
        yield* store.append([note(["b"]), note(["c"]), note(["d"])])
        const found = yield* Effect.forEach(following, (fiber) => Fiber.join(fiber))
        expect(found.map((events) => events.map(({ position }) => position))).toEqual(
          [1, 2, 3].map((next) => [20 + next, appended + next])
        )
      })
    ))

  it("D-11 what one node forgot, another forgets within the bound; a key made by two nodes at once is one key", () =>
    run(
      Effect.gen(function* () {
        const one = yield* nodeAt(postgres.server(), { schema: "forget" })
        const two = yield* nodeAt(postgres.server(), { schema: "forget" })
        // Both seal before either has made its key durable.
        const early = [yield* one.prepare(name("a", "Erika")), yield* two.prepare(name("a", "Max"))] as const
        yield* one.append([early[0]])
        const late = yield* Effect.flip(two.append([early[1]]))
        expect(late).toMatchObject({ _tag: "EventStoreError", reason: "unavailable" })
        expect(yield* Effect.flip(two.append([early[1]]))).toMatchObject({ reason: "unavailable" })
        yield* two.append([name("a", "Max")])
        for (const store of [one, two])
          expect(yield* store.reveal([1, 2])).toEqual([revealedName("a", "Erika"), revealedName("a", "Max")])
        yield* one.forget(subjectOf("a"))
        for (const store of [two, one])
          yield* Effect.repeat(store.reveal([1, 2]), {
            until: (parts) => parts.every(({ _tag }) => _tag === "Erased")
          })
        // The other node has the key in memory until it is told, which is within the bound.
        const again = yield* Effect.repeat(Effect.result(two.append([name("a", "again")])), { until: Result.isFailure })
        expect(again).toMatchObject({ failure: { reason: "subject_erased" } })
      })
    ))

  it("D-11 two subjects that are forgotten at once are both remembered, and told to the others", () =>
    run(
      Effect.gen(function* () {
        const one = yield* nodeAt(postgres.server(), { schema: "at_once" })
        const two = yield* nodeAt(postgres.server(), { schema: "at_once" })
        yield* one.append([name("a", "Erika"), name("b", "Max")])
        yield* two.reveal([1, 2])
        const session = yield* sessionAt(postgres.server())
        const watcher = yield* sessionAt(postgres.server())
        yield* session.query("BEGIN")
        yield* session.query("SELECT at_once_keys.forget(convert_to($1, 'UTF8'))", [subjectOf("a")])
        const forgetting = yield* Effect.forkChild(one.forget(subjectOf("b")))
        yield* waitForLock(watcher)
        yield* session.query("COMMIT")
        yield* Fiber.join(forgetting)
        for (const store of [one, two])
          yield* Effect.repeat(store.reveal([1, 2]), {
            until: (parts) => parts.every(({ _tag }) => _tag === "Erased")
          })
      })
    ))

  it("promise 9: what one node has forgotten is never damage at another, however soon it looks", () =>
    run(
      Effect.gen(function* () {
        const one = yield* nodeAt(postgres.server(), { schema: "soon" })
        const two = yield* nodeAt(postgres.server(), { schema: "soon" })
        for (let round = 0; round < 20; round++) {
          const { first } = yield* one.append([name(`s${round}`, "Erika")])
          expect(yield* two.reveal([first])).toEqual([revealedName(`s${round}`, "Erika")])
          const [revealed] = yield* Effect.all([Effect.exit(two.reveal([first])), one.forget(subjectOf(`s${round}`))], {
            concurrency: 2
          })
          expect(Exit.isSuccess(revealed)).toBe(true)
          expect(yield* two.reveal([first])).toEqual([{ _tag: "Erased" }])
        }
      })
    ))

  it("D-11 a node that hears nothing of the database any more drops its keys by itself", () =>
    run(
      Effect.gen(function* () {
        const proxy = yield* tcpProxy(postgres.port)
        const vault = Context.get(
          yield* Layer.build(vaultAt(postgres.server({ port: proxy.port }), "silent")),
          Vault.Vault
        )
        const sealed = yield* vault.seal("s", "p", new Uint8Array([1]))
        yield* vault.ensureKeys(["s"], [{ subject: "s", ciphertext: sealed }])
        expect(Option.isSome(yield* vault.open("s", "p", sealed))).toBe(true)
        proxy.freeze()
        // While it has the key it opens at once; afterwards it asks a database that never answers.
        const opened = Effect.map(
          Effect.timeoutOption(Effect.exit(vault.open("s", "p", sealed)), "500 millis"),
          (exit) => Option.isSome(exit) && Exit.isSuccess(exit.value)
        )
        yield* Effect.repeat(Effect.andThen(Effect.sleep("100 millis"), opened), { until: (isOpen) => !isOpen })
        proxy.open()
        proxy.cut()
        yield* Effect.retry(vault.open("s", "p", sealed), Schedule.spaced("100 millis"))
      })
    ))
})
