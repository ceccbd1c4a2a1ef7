/** What a subscription takes from a page that its process's memory called adjacent. For a developer who changes how subscriptions read. */
import { Effect, Option, Stream } from "effect"
import { describe, expect, it } from "vitest"
import { makeReading } from "../src/building/Reading.ts"
import { makeWake } from "../src/building/Wake.ts"
import { run } from "./Harness.ts"

const eventAt = (position: number, tag: string) => ({
  position,
  id: String(position),
  type: "Noted",
  version: 1,
  tags: [tag],
  data: {},
  meta: { recordedAt: "" }
})

describe("a log that is put back between a look at the memory and the read", () => {
  it("promise 6: gives a subscription only what its query asks for, though every event there was of it", () =>
    run(
      Effect.gen(function* () {
        const wake = makeWake()
        const head = { position: 3, leaf: "3" }
        wake.appended({ first: 1, recordedAt: "", before: "log", leaf: "3" }, [
          { type: "Noted", tags: ["asked"] },
          { type: "Noted", tags: ["asked"] },
          { type: "Noted", tags: ["asked"] }
        ])
        const asked: Array<unknown> = []
        const { subscribe } = makeReading<ReturnType<typeof eventAt>>({
          head: Effect.succeed(head.position),
          look: () => Effect.succeed({ head, leaf: "log" }),
          page: (query) => {
            asked.push(query)
            const events = [eventAt(1, "other"), eventAt(2, "asked"), eventAt(3, "other")]
            return Effect.succeed({ events, next: undefined })
          },
          wake,
          pollInterval: undefined
        })
        const found = yield* Stream.runHead(subscribe([{ tags: ["asked"] }], { position: 0, leaf: "log" }))
        // No index was asked: the memory said that all of them match.
        expect(asked).toEqual(["all"])
        expect(Option.map(found, ({ position }) => position)).toEqual(Option.some(2))
      })
    ))
})

describe("a subscription that was busy", () => {
  it("promise 7: hears of what another process appended, though its own memory has what came before that", () =>
    run(
      Effect.gen(function* () {
        const wake = makeWake()
        const log = [eventAt(1, "asked"), eventAt(2, "other"), eventAt(3, "asked")]
        let head = { position: 0, leaf: "log" }
        const reach = (position: number) => {
          head = { position, leaf: String(position) }
        }
        const append = (position: number) => {
          const before = head.leaf
          reach(position)
          wake.appended({ first: position, recordedAt: "", before, leaf: head.leaf }, [log[position - 1]!])
        }
        const { subscribe } = makeReading<ReturnType<typeof eventAt>>({
          head: Effect.sync(() => head.position),
          look: (at) => Effect.sync(() => ({ head, leaf: at === 0 ? "log" : String(at) })),
          page: (_query, { from, to }) =>
            Effect.sync(() => ({
              events: log.slice(from - 1, to).filter(({ tags }) => tags.includes("asked")),
              next: undefined
            })),
          wake,
          pollInterval: undefined
        })
        append(1)
        const pull = yield* Stream.toPull(subscribe([{ tags: ["asked"] }], 0))
        expect((yield* pull).map(({ position }) => position)).toEqual([1])
        // It is not asked for the next one yet. This process appends what it does not want, and another one what it does.
        append(2)
        reach(3)
        wake.notify()
        const next = yield* Effect.timeoutOption(pull, "10 seconds")
        expect(Option.map(next, (events) => events.map(({ position }) => position))).toEqual(Option.some([3]))
      })
    ))
})
