/** A stranger on the server that lets the queue of notices fill: appends go on without their notice, and other nodes learn of them. */
import { Effect, Fiber, Result, Schedule, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { note } from "@effekten/event-store/testing"
import { run } from "./Harness.ts"
import { nodeAt, sessionAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const postgres = useServer()

describe("the server's queue of notices", () => {
  it("is full of those that a stranger does not take: appends succeed, and another node's subscriber learns of them", () =>
    run(
      Effect.gen(function* () {
        const owner = yield* sessionAt(postgres.server())
        const [settable] = yield* owner.queryValues(
          "SELECT count(*) FROM pg_settings WHERE name = 'max_notify_queue_pages'"
        )
        // Before PostgreSQL 17 the queue has eight gigabytes, which no test fills.
        if (Number(settable?.[0]) === 0) return console.log("not run: this server's queue cannot be made small")
        yield* owner.query("ALTER SYSTEM SET max_notify_queue_pages = 64")
        yield* owner.query("CREATE DATABASE strange")
        yield* Effect.promise(() => postgres.kill())
        const server = postgres.server()
        const writing = yield* nodeAt(server, { schema: "queued" })
        const other = yield* nodeAt(server, { schema: "queued", pollInterval: "50 millis" })
        const following = yield* Effect.forkChild(Stream.runCollect(Stream.take(other.subscribe("all", 0), 3)))
        yield* writing.append([note(["before"])])

        const stranger = yield* sessionAt(postgres.server({ database: "strange" }))
        yield* stranger.query("LISTEN anything")
        yield* stranger.query("BEGIN")
        yield* stranger.query("SELECT 1")
        const filler = yield* sessionAt(server)
        const fill = filler.query("SELECT pg_notify('filling', repeat('x', 7000)) FROM generate_series(1, 4)")
        const full = yield* Effect.flip(Effect.repeat(fill, { times: 1_000, schedule: Schedule.forever }))
        expect(String((full.reason as { cause?: unknown }).cause)).toMatch(/too many notifications/)

        yield* writing.append([note(["while"])])
        yield* writing.appendExclusive(0, "all", (news) => {
          expect(news).toHaveLength(2)
          return Result.succeed({ events: [note(["while"])], answer: undefined })
        })
        yield* writing.writable
        expect((yield* Fiber.join(following)).map(({ position }) => position)).toEqual([1, 2, 3])
      })
    ))
})
