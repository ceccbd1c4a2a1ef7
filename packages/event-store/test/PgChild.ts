/**
 * A node in a process of its own, run by PgContract.test.ts, PgProcesses.test.ts and PgSteps.test.ts. It takes seats under contention,
 * appends groups until it is killed, or appends once when it is told to. Says on its output what was acknowledged.
 */
import { Effect, Result } from "effect"
import { once } from "node:events"
import { writeSync } from "node:fs"
import { appendUntilKilled, name, note, opened } from "@effekten/event-store/testing"
import { run } from "./Harness.ts"
import { nodeAt } from "./PgHarness.ts"
import { Redacted } from "effect"

const [, , mode = "", port = "", schema = "", label = "", count = "0"] = process.argv

const server = {
  host: "127.0.0.1",
  port: Number(port),
  username: "postgres",
  password: Redacted.make("secret"),
  database: "postgres"
}

/** Every seat in turn: its number is what the decision has counted, so that a decision on stale ground shows. */
const take = Effect.gen(function* () {
  const store = yield* nodeAt(server, { schema })
  const seats = [{ tags: ["campaign"] }] as const
  writeSync(1, "ready\n")
  yield* Effect.promise(() => once(process.stdin, "data"))
  process.stdin.unref()
  let refused = 0
  let known = 0
  let at = 0
  for (let done = 0; done < Number(count); done++) {
    const head = yield* store.head
    known += (yield* store.readAll(seats, { from: at + 1, to: head })).length
    at = head
    const seat = (taken: number) => [note(["campaign", `seat:${taken + 1}`], `${taken + 1} ${label}`)] as const
    const tried = yield* Effect.result(store.append(seat(known), { failIfEventsMatch: seats, after: head }))
    if (Result.isSuccess(tried)) continue
    if (tried.failure._tag !== "AppendConditionFailed") return yield* tried.failure
    refused++
    yield* store.appendExclusive(at, seats, (news) =>
      Result.succeed({ events: seat(known + news.length), answer: undefined })
    )
  }
  writeSync(1, `done ${refused}\n`)
})

const appendForEver = Effect.gen(function* () {
  const store = yield* nodeAt(server, { schema })
  for (let group = 0; ; group++) {
    const size = (group % 5) + 1
    const text = JSON.stringify({ label, group, size })
    const { first, last } = yield* store.append(
      group % 3 === 0
        ? [note(["group"], text), name(`${label}-${group}`, text), opened("end")]
        : [note(["group"], text), ...Array.from({ length: size }, () => note(["member"], text)), opened("end")]
    )
    writeSync(1, `${first} ${last} ${text}\n`)
  }
})

const appendOnce = Effect.gen(function* () {
  const store = yield* nodeAt(server, { schema }, "1 hour")
  writeSync(1, "ready\n")
  yield* Effect.promise(() => once(process.stdin, "data"))
  const own = `n:${label}`
  yield* store.append([name(`s${label}`, "Erika"), note([own]), note([own])], {
    failIfEventsMatch: [{ tags: [own] }],
    after: 0
  })
  writeSync(1, "acknowledged\n")
  process.exit(0)
})

const kit = Effect.flatMap(nodeAt(server, { schema }), (store) => appendUntilKilled(store, label))

await run(mode === "take" ? take : mode === "once" ? appendOnce : mode === "kit" ? kit : appendForEver)
