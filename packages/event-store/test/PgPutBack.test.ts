/**
 * Stores on a log in PostgreSQL that is put back while they are open. A standby that is promoted while it is behind does so, and a cold copy.
 * For operators of servers with replicas.
 */
import { Effect, Fiber, Queue, Result, Stream } from "effect"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { Bookmark, EventStoreError, Position } from "@effekten/event-store"
import { type KitStore, note } from "@effekten/event-store/testing"
import { run } from "./Harness.ts"
import { nodeAt } from "./PgHarness.ts"
import { usePair } from "./PgPair.ts"
import { useServer } from "./PgServer.ts"
import { tcpProxy } from "./TcpProxy.ts"

const pair = usePair()
const alone = useServer()

const many = (count: number, tag: string) => Effect.repeat(append(tag), { times: count - 1 })
let store: KitStore
const append = (tag: string) => Effect.suspend(() => store.append([note([tag])]))

/** Until the server is back; nothing is asked that must not be asked twice. */
const whenBack = <A>(ask: Effect.Effect<A, EventStoreError>) =>
  Effect.retry(ask, { while: ({ reason }) => reason === "unavailable" })

/** A subscription that has read to the end, and goes on from there when the connection breaks. */
const reading = Effect.fnUntraced(function* (of: KitStore, end: Bookmark) {
  const seen = yield* Queue.unbounded<Position>()
  let after: Position | Bookmark = 0
  const subscription = yield* Effect.forkChild(
    Effect.retry(
      Stream.runForEach(
        Stream.suspend(() => of.subscribe("all", after)),
        ({ position }) => Queue.offer(seen, position)
      ),
      { while: ({ reason }) => reason === "unavailable" }
    )
  )
  while ((yield* Queue.take(seen)) < end.position);
  after = end
  return subscription
})

/** What a node knows of the lost history is refused wherever it comes with it; what both histories have goes on. */
const isRefused = Effect.fnUntraced(function* (of: KitStore, lost: Bookmark, kept: Bookmark) {
  const reasonOf = (result: Result.Result<unknown, { readonly _tag: string; readonly reason?: string }>) =>
    Result.isFailure(result) ? (result.failure.reason ?? result.failure._tag) : "taken"
  const condition = (after: Bookmark) => ({ failIfEventsMatch: [{ tags: ["kept"] }], after }) as const
  expect(reasonOf(yield* Effect.result(whenBack(of.bookmark(lost))))).toBe("other_history")
  expect(reasonOf(yield* Effect.result(of.append([note(["x"])], condition(lost))))).toBe("other_history")
  expect(
    reasonOf(
      yield* Effect.result(
        of.appendExclusive(lost, "all", (): Result.Result<never, never> => {
          throw new Error("decided on what is lost")
        })
      )
    )
  ).toBe("other_history")
  expect(reasonOf(yield* Effect.result(Stream.runDrain(of.subscribe("all", lost))))).toBe("other_history")
  expect((yield* of.bookmark(kept)).position).toBeGreaterThanOrEqual(kept.position)
  expect(reasonOf(yield* Effect.result(of.append([note(["new"])], condition(kept))))).toBe("taken")
})

describe("a standby that is promoted while it is behind", () => {
  it("promise 6: nodes that knew more are told so by every way in, also where another node was faster to the old position", () =>
    run(
      Effect.gen(function* () {
        const { failOver, holdStandby, port, server } = pair()
        const proxy = yield* tcpProxy(port)
        const schemas = ["behind", "overtaken"] as const
        const nodes = yield* Effect.forEach(schemas, (schema) => nodeAt(server(proxy.port), { schema }))
        const known = yield* Effect.forEach(nodes, (node) =>
          Effect.gen(function* () {
            store = node
            yield* many(9, "kept")
            return yield* node.bookmark()
          })
        )
        yield* Effect.promise(holdStandby)
        const lost = yield* Effect.forEach(nodes, (node) =>
          Effect.gen(function* () {
            store = node
            yield* many(11, "lost")
            const at = yield* node.bookmark()
            return { at, subscription: yield* reading(node, at) }
          })
        )
        yield* Effect.promise(failOver)
        proxy.cut()
        // Another node is faster to the old position, and goes past it, before this one comes back.
        const faster = yield* nodeAt(server(), { schema: "overtaken" })
        for (let position = 10; position <= 25; position++) yield* faster.append([note(["other"])])
        for (const [index, node] of nodes.entries()) {
          const { at, subscription } = lost[index]!
          expect(at.position).toBe(20)
          yield* isRefused(node, at, known[index]!)
          const ended = yield* Effect.flip(Fiber.join(subscription))
          expect([ended.reason, ended.position]).toEqual(["other_history", 20])
        }
        expect((yield* nodes[0]!.readAll([{ tags: ["lost"] }])).length).toBe(0)
        expect(yield* nodes[0]!.head).toBe(10)
        expect(yield* nodes[1]!.head).toBe(26)
      })
    ))
})

describe("a cold copy that is put back", () => {
  it("promise 6: a node that was open all along is told so, and goes on from what is there", () =>
    run(
      Effect.gen(function* () {
        const folder = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "cold-"))),
          (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
        )
        const copy = (from: string, to: string) => () => {
          rmSync(to, { recursive: true, force: true })
          execFileSync("cp", ["-a", from, to])
        }
        const kept = join(folder, "data")
        const node = (store = yield* nodeAt(alone.server(), { schema: "cold" }))
        yield* many(9, "kept")
        const known = yield* node.bookmark()
        yield* Effect.promise(() => alone.crash(copy(alone.data, kept)))
        yield* whenBack(node.bookmark())
        yield* many(11, "lost")
        const lost = yield* node.bookmark()
        const subscription = yield* reading(node, lost)
        yield* Effect.promise(() => alone.crash(copy(kept, alone.data)))
        yield* isRefused(node, lost, known)
        const ended = yield* Effect.flip(Fiber.join(subscription))
        expect([ended.reason, ended.position]).toEqual(["other_history", lost.position])
        expect((yield* node.readAll("all")).map(({ tags }) => tags[0])).toEqual([
          ...Array.from({ length: 9 }, () => "kept"),
          "new"
        ])
      })
    ))
})
