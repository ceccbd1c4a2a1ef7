/** A wire and a server that fail under the PostgreSQL store. For a developer who changes what a caller is told then. */
import { Deferred, Effect, Fiber, Result, Schedule, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { PgLease } from "@effekten/event-store/postgres"
import { name, note, revealedName, subjectOf } from "@effekten/event-store/testing"
import { run } from "./Harness.ts"
import { nodeAt, sessionAt, untilQuiet } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"
import { tcpProxy } from "./TcpProxy.ts"

const postgres = useServer()

/** A number that looks random and is the same in every run. */
const scattered = (index: number, below: number): number => (index * 2_654_435_761) % below

type Fate = "acknowledged" | "refused" | "unknown"

/** What an append said of itself. */
const fateOf = (outcome: Result.Result<unknown, { readonly _tag: string; readonly reason?: string }>): Fate => {
  if (Result.isSuccess(outcome)) return "acknowledged"
  expect(outcome.failure._tag).toBe("EventStoreError")
  return outcome.failure.reason === "unknown" ? "unknown" : "refused"
}

/** Acknowledged is there once, refused is there never, unknown is there once or never; whole in any case. */
const expectKept = (events: ReadonlyArray<{ readonly tags: ReadonlyArray<string> }>, fates: ReadonlyArray<Fate>) =>
  fates.forEach((fate, index) => {
    const there = events.filter(({ tags }) => tags.includes(`n:${index}`)).length
    if (fate === "acknowledged") expect(there).toBe(2)
    else if (fate === "refused") expect(there).toBe(0)
    else expect([0, 2]).toContain(there)
  })

const pair = (index: number) => [note([`n:${index}`]), note([`n:${index}`])] as const

describe("a wire that breaks", () => {
  it("promise 5: cut after COMMIT was sent, an append is unknown, and looking for its events tells", () =>
    run(
      Effect.gen(function* () {
        const proxy = yield* tcpProxy(postgres.port)
        const near = yield* nodeAt(postgres.server({ port: proxy.port }), { schema: "cut" })
        const safe = yield* nodeAt(postgres.server(), { schema: "cut" })
        yield* near.append([note(["before"])])
        for (const exclusive of [false, true]) {
          const before = yield* safe.head
          proxy.mute()
          const events = [note([`cut:${exclusive}`])] as const
          // Muted, the answer to the lock would not come either: there the answers end only when the decision is made.
          const appending = yield* Effect.forkChild(
            Effect.result(
              exclusive
                ? Effect.suspend(() => {
                    proxy.open()
                    return Effect.asVoid(
                      near.appendExclusive(0, "all", () => {
                        setTimeout(() => proxy.mute(), 0)
                        return Result.succeed({ events, answer: undefined })
                      })
                    )
                  })
                : Effect.asVoid(near.append(events))
            )
          )
          if (!exclusive) {
            while ((yield* safe.head) === before) yield* Effect.sleep("5 millis")
          } else yield* Effect.sleep("300 millis")
          proxy.cut()
          proxy.open()
          const outcome = yield* Fiber.join(appending)
          const there = (yield* safe.readAll([{ tags: [`cut:${exclusive}`] }])).length
          if (exclusive) expect([0, 1]).toContain(there)
          else {
            expect(Result.isFailure(outcome) && outcome.failure).toMatchObject({
              _tag: "EventStoreError",
              reason: "unknown"
            })
            expect(there).toBe(1)
          }
          // And it goes on, over new connections.
          yield* Effect.retry(near.append([note(["after"])]), { times: 3 })
        }
      })
    ))

  it("a server that cannot be reached has not done it", () =>
    run(
      Effect.gen(function* () {
        const proxy = yield* tcpProxy(postgres.port)
        const store = yield* nodeAt(postgres.server({ port: proxy.port }), { schema: "away" })
        proxy.cutAfter(0)
        proxy.cut()
        yield* Effect.sleep("50 millis")
        const failed = yield* Effect.flip(store.append([note(["a"])]))
        expect(failed).toMatchObject({ _tag: "EventStoreError", reason: "unavailable" })
        proxy.open()
        expect((yield* Effect.retry(store.append([note(["a"])]), { times: 3 })).first).toBe(1)
      })
    ))

  it("promise 5: cut anywhere, acknowledged is there once, refused never, unknown once or never", () =>
    run(
      Effect.gen(function* () {
        const proxy = yield* tcpProxy(postgres.port)
        const store = yield* nodeAt(postgres.server({ port: proxy.port }), { schema: "anywhere" })
        const fates: Array<Fate> = []
        for (let index = 0; index < 60; index++) {
          if (index % 2 === 0) proxy.cutAfter(1 + scattered(index, 900))
          const outcome = yield* Effect.result(
            index % 3 === 0
              ? Effect.asVoid(
                  store.appendExclusive(0, [{ tags: ["none"] }], () =>
                    Result.succeed({ events: pair(index), answer: undefined })
                  )
                )
              : Effect.asVoid(store.append(pair(index)))
          )
          fates.push(fateOf(outcome))
          if (fates.at(-1) !== "acknowledged") {
            proxy.cut()
            proxy.open()
          }
        }
        proxy.open()
        const safe = yield* nodeAt(postgres.server(), { schema: "anywhere" })
        expectKept(yield* safe.readAll("all"), fates)
        expect(new Set(fates).has("unknown")).toBe(true)
        expect(new Set(fates).has("acknowledged")).toBe(true)
      })
    ))

  it("promise 5: with backends terminated in the middle of appends, the same", () =>
    run(
      Effect.gen(function* () {
        const store = yield* nodeAt(postgres.server(), { schema: "terminated" })
        const session = yield* sessionAt(postgres.server())
        const killing = yield* Effect.forkChild(
          Effect.forever(
            Effect.andThen(
              Effect.sleep("3 millis"),
              session.query(
                `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'terminated log 3' AND state <> 'idle'`
              )
            )
          )
        )
        const fates: Array<Fate> = []
        const isSpared = () => fates.every((fate) => fate === "acknowledged")
        for (let round = 0; round < 30 || isSpared(); round++) {
          const outcomes = yield* Effect.forEach(
            Array.from({ length: 4 }, (_, lane) => round * 4 + lane),
            (index) => Effect.result(store.append(pair(index))),
            { concurrency: "unbounded" }
          )
          fates.push(...outcomes.map(fateOf))
        }
        yield* Fiber.interrupt(killing)
        const safe = yield* nodeAt(postgres.server(), { schema: "terminated" })
        yield* untilQuiet(session, "terminated log")
        expectKept(yield* safe.readAll("all"), fates)
        expect(isSpared()).toBe(false)
      })
    ))

  it("promise 5: after crashes of the server itself, the same, and the node goes on without being started again", () =>
    run(
      Effect.gen(function* () {
        const store = yield* nodeAt(postgres.server(), { schema: "crashed", pollInterval: "200 millis" })
        const following = yield* Effect.forkChild(
          Stream.runForEach(Stream.retry(store.subscribe("all", 0), Schedule.spaced("50 millis")), () => Effect.void)
        )
        const fates: Array<Fate> = []
        const writing = yield* Effect.forkChild(
          Effect.forever(
            Effect.gen(function* () {
              const outcome = yield* Effect.result(store.append(pair(fates.length)))
              fates.push(fateOf(outcome))
              if (fates.at(-1) === "refused") yield* Effect.sleep("5 millis")
            })
          )
        )
        for (let crash = 0; crash < 2; crash++) {
          yield* Effect.sleep(`${150 + crash * 37} millis`)
          yield* Effect.promise(() => postgres.crash())
        }
        const acknowledged = () => fates.filter((fate) => fate === "acknowledged").length
        const before = acknowledged()
        yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => acknowledged() > before + 3 })
        yield* Fiber.interrupt(writing)
        yield* Fiber.interrupt(following)
        const events = yield* store.readAll("all")
        expectKept(events, fates)
        expect(fates).toContain("refused")
      })
    ))

  it("a node that is cut off while it holds the lock is thrown out in bounded time, and has written nothing", () =>
    run(
      Effect.gen(function* () {
        const proxy = yield* tcpProxy(postgres.port)
        const bounds = { idleInTransaction: "500 millis", lockTimeout: "2 minutes" } as const
        const lost = yield* nodeAt(postgres.server({ port: proxy.port }), { schema: "holder", bounds })
        const other = yield* nodeAt(postgres.server(), { schema: "holder", bounds })
        const frozen = yield* Deferred.make<void>()
        const holding = yield* Effect.forkChild(
          Effect.result(
            lost.appendExclusive(0, "all", () => {
              proxy.freeze()
              Deferred.doneUnsafe(frozen, Effect.void)
              return Result.succeed({ events: [note(["lost"])], answer: undefined })
            })
          )
        )
        yield* Deferred.await(frozen)
        // Were the other not thrown out, this would be refused when the wait for the lock has an end.
        expect((yield* other.append([note(["other"])])).first).toBe(1)
        proxy.cut()
        proxy.open()
        expect(fateOf(yield* Fiber.join(holding))).toBe("refused")
        expect((yield* other.readAll("all")).map(({ tags }) => tags)).toEqual([["other"]])
      })
    ))

  it("an append that waits for the lock too long is refused, and nothing of it is written", () =>
    run(
      Effect.gen(function* () {
        const bounds = { lockTimeout: "200 millis" } as const
        const store = yield* nodeAt(postgres.server(), { schema: "waits", bounds })
        const holder = yield* sessionAt(postgres.server())
        yield* store.append([name("a", "Erika")])
        yield* holder.query("BEGIN")
        yield* holder.query("SELECT * FROM waits.lock_head(0)")
        for (const refused of [
          yield* Effect.flip(store.append([note(["a"])])),
          // Nor is a key destroyed whose ciphertexts could not be deleted.
          yield* Effect.flip(store.forget(subjectOf("a"))),
          yield* Effect.flip(store.appendExclusive(0, "all", () => Result.succeed({ events: [], answer: 1 })))
        ])
          expect(refused).toMatchObject({ _tag: "EventStoreError", reason: "unavailable" })
        yield* holder.query("ROLLBACK")
        expect(yield* store.reveal([1])).toEqual([revealedName("a", "Erika")])
        expect((yield* store.append([note(["a"])])).first).toBe(2)
      })
    ))
})

describe("a lease", () => {
  it("is held by one node at a time, and handed over when its session ends", () =>
    run(
      Effect.gen(function* () {
        yield* nodeAt(postgres.server(), { schema: "leases" })
        const session = yield* sessionAt(postgres.server())
        const holders: Array<string> = []
        let held = 0
        const node = (label: string) =>
          Effect.gen(function* () {
            const leases = yield* PgLease.make({ server: postgres.server(), schema: "leases" })
            return yield* leases.whileHeld(
              "reactor",
              Effect.acquireUseRelease(
                Effect.sync(() => {
                  holders.push(label)
                  held++
                  expect(held).toBe(1)
                }),
                () => Effect.never,
                () => Effect.sync(() => held--)
              )
            )
          }).pipe(Effect.scoped)
        const held_ = (count: number) =>
          Effect.repeat(Effect.sleep("20 millis"), { until: () => holders.length === count })
        const one = yield* Effect.forkChild(node("one"))
        yield* held_(1)
        const two = yield* Effect.forkChild(node("two"))
        yield* Effect.sleep("1500 millis")
        expect(holders).toEqual(["one"])
        yield* Fiber.interrupt(one)
        yield* held_(2)
        expect(holders).toEqual(["one", "two"])
        const begun = performance.now()
        yield* session.query(
          "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )
        yield* held_(3)
        // A holder that did not say goodbye may notice only now: two seconds, and at most a second until another node tries.
        expect(performance.now() - begun).toBeGreaterThan(1_900)
        expect(holders).toEqual(["one", "two", "two"])
        yield* Fiber.interrupt(two)
      })
    ))
})
