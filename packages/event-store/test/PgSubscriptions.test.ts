/** Subscriptions over time: a server that restarts does not end them, and a thousand that wait ask no more than one. */
import { Effect, Fiber, Layer, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { PgEventStore } from "@effekten/event-store/postgres"
import { kitCatalogue, note } from "@effekten/event-store/testing"
import { run } from "./Harness.ts"
import { nodeAt, vaultAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"
import { tcpProxy } from "./TcpProxy.ts"

const postgres = useServer()

const IDLE = 1_000
const INTERVALS = 10

describe("a subscription", () => {
  it("promise 7: goes on after a restart of the server, without a gap and without a duplicate", () =>
    run(
      Effect.gen(function* () {
        const store = yield* nodeAt(postgres.server(), { schema: "restarted", pollInterval: "50 millis" })
        const seen: Array<number> = []
        const fiber = yield* Effect.forkChild(
          store.subscribe("all", 0).pipe(
            Stream.tap(({ position }) => Effect.sync(() => seen.push(position))),
            Stream.take(4),
            Stream.runDrain
          )
        )
        for (let position = 1; position <= 4; position++) {
          yield* Effect.retry(store.append([note(["a"])]), {
            times: 100,
            while: ({ _tag }) => _tag === "EventStoreError"
          })
          // One that has ended says why.
          while (seen.length < position)
            yield* fiber.pollUnsafe() === undefined ? Effect.sleep("5 millis") : Fiber.join(fiber)
          if (position === 1) yield* Effect.promise(() => postgres.crash())
          if (position === 2) yield* Effect.promise(() => postgres.kill())
        }
        yield* Fiber.join(fiber)
        expect(seen).toEqual([1, 2, 3, 4])
      })
    ))

  it(`that waits asks nothing of its own: ${IDLE} ask as much as one, and all hear of what another node appends`, () =>
    run(
      Effect.gen(function* () {
        const proxy = yield* tcpProxy(postgres.port)
        proxy.after(Number.POSITIVE_INFINITY, () => undefined)
        const vault = yield* Layer.build(vaultAt(postgres.server(), "idle", "1 hour"))
        const store = yield* PgEventStore.make({
          server: postgres.server({ port: proxy.port }),
          schema: "idle",
          catalogue: kitCatalogue,
          pollInterval: "100 millis"
        }).pipe(Effect.provideContext(vault))
        let heard = 0
        const fibers = yield* Effect.forEach(Array.from({ length: IDLE }), () =>
          Effect.forkChild(
            Effect.tap(Stream.runHead(store.subscribe([{ tags: ["a"] }], 0)), () => Effect.sync(() => (heard += 1)))
          )
        )
        const during = Effect.gen(function* () {
          const before = proxy.passed()
          yield* Effect.sleep(`${100 * INTERVALS} millis`)
          return proxy.passed() - before
        })
        // At the beginning all of them have looked once. Each question takes fewer than ten messages there and back.
        let passed = yield* during
        for (let tries = 0; tries < 20 && passed > 20 * INTERVALS; tries++) passed = yield* during
        expect(passed).toBeLessThanOrEqual(20 * INTERVALS)
        const other = yield* nodeAt(postgres.server(), { schema: "idle" })
        yield* other.append([note(["a"])])
        yield* Fiber.joinAll(fibers)
        expect(heard).toBe(IDLE)
      })
    ))
})
