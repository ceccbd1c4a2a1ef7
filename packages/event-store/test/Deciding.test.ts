/** Deciding on a log: one head, one condition, and what happens when another caller comes first. */
import { Effect, Layer, Result } from "effect"
import { SecureRandom } from "effect/crypto"
import { describe, expect, it } from "vitest"
import { Deciding, EventStoreError, MemoryEventStore, Vault } from "@effekten/event-store"
import { type KitEvent, kitCatalogue, type KitStore, note } from "@effekten/event-store/testing"
import { run } from "./Harness.ts"

const vault = Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))

const model = Deciding.modelOf<KitEvent>()

/** How many notes bear a tag. */
const Notes = (tag: string) =>
  model({ name: "Notes", types: ["Noted"], tags: [tag], initial: 0, evolve: (count) => count + 1 })

/** A store in memory, what is asked of it, and what another caller does before the next append. */
const watched = Effect.gen(function* () {
  const storage = yield* MemoryEventStore.makeStorage
  const store: KitStore = yield* MemoryEventStore.make({ catalogue: kitCatalogue, storage })
  const asked: Array<string> = []
  const rivals: Array<Effect.Effect<unknown, unknown>> = []
  const rival = Effect.suspend(() => Effect.orDie(rivals.shift() ?? Effect.void))
  const log: KitStore = {
    ...store,
    readAll: (query, options) => {
      asked.push(`read to ${options?.to}`)
      return store.readAll(query, options)
    },
    append: (events, condition) => {
      asked.push(condition === undefined ? "append" : "append under a condition")
      return Effect.andThen(rival, store.append(events, condition))
    },
    appendExclusive: (after, query, decide, options) => {
      asked.push("append under the lock")
      return Effect.andThen(rival, store.appendExclusive(after, query, decide, options))
    }
  }
  return { asked, log, rivals, storage, store }
}).pipe(Effect.provide(vault))

describe("a decision", () => {
  it("reads all its models in one look, and appends under all it has read", () =>
    run(
      Effect.gen(function* () {
        const { asked, log, store } = yield* watched
        yield* store.append([note(["a"]), note(["b"]), note(["a"])])
        const { appended } = yield* Deciding.decide(log, { a: Notes("a"), b: Notes("b") }, function* ({ a, b }) {
          const c = yield* Deciding.read(Notes("c"))
          return [note(["sum"], `${a} ${b} ${c} ${yield* Deciding.read(Notes("a"))}`)]
        })
        expect(asked).toEqual(["read to 3", "read to 3", "append under a condition"])
        expect(appended).toMatchObject({ first: 4, last: 4 })
        const [sum] = yield* store.readAll([{ tags: ["sum"] }])
        expect(sum?.data).toMatchObject({ text: "2 1 0 2" })
      })
    ))

  it("is taken again under the lock where another caller came first, on what came since", () =>
    run(
      Effect.gen(function* () {
        const { asked, log, rivals, store } = yield* watched
        rivals.push(store.append([note(["a"])]), store.append([note(["a"]), note(["other"])]))
        const seen: Array<number> = []
        yield* Deciding.decide(log, { a: Notes("a") }, function* ({ a }) {
          seen.push(a)
          return [note(["a"], `${a}`)]
        })
        expect(seen).toEqual([0, 2])
        expect(asked).toEqual(["read to 0", "append under a condition", "append under the lock"])
        expect(yield* store.head).toBe(4)
      })
    ))

  it("is not taken again for events that it did not ask for", () =>
    run(
      Effect.gen(function* () {
        const { asked, log, rivals, store } = yield* watched
        rivals.push(store.append([note(["b"])]))
        yield* Deciding.decide(log, { a: Notes("a") }, function* () {
          return [note(["a"])]
        })
        expect(asked).toEqual(["read to 0", "append under a condition"])
      })
    ))

  it("that asks for another model under the lock gets it in the next attempt", () =>
    run(
      Effect.gen(function* () {
        const { asked, log, rivals, store } = yield* watched
        rivals.push(store.append([note(["a"]), note(["late"])]), Effect.void, store.append([note(["late"])]))
        yield* Deciding.decide(log, { a: Notes("a") }, function* ({ a }) {
          return [note(["a"], a === 0 ? "first" : `${yield* Deciding.read(Notes("late"))}`)]
        })
        expect(asked).toEqual([
          "read to 0",
          "append under a condition",
          "append under the lock",
          "read to 0",
          "append under the lock"
        ])
        const [last] = yield* store.readAll("all", { backwards: true, limit: 1 })
        expect(last?.data).toMatchObject({ text: "2" })
      })
    ))

  it("that refuses, or has nothing to change, appends nothing, before and after a conflict", () =>
    run(
      Effect.gen(function* () {
        const { asked, log, rivals, store } = yield* watched
        const once = Deciding.decide(log, { a: Notes("a") }, function* ({ a }) {
          return a === 0 ? [note(["a"])] : yield* Deciding.refuse({ there: a })
        })
        rivals.push(store.append([note(["a"])]))
        expect(yield* Effect.flip(once)).toEqual({ there: 1 })
        expect(yield* Effect.flip(once)).toEqual({ there: 1 })
        const idle = yield* Deciding.decide(log, { a: Notes("a") }, function* () {
          return []
        })
        expect(idle).toEqual({ events: [], appended: undefined })
        expect(yield* store.head).toBe(1)
        expect(asked.filter((each) => each.startsWith("append"))).toHaveLength(2)
      })
    ))

  it("is taken under the lock at once where its caller says so", () =>
    run(
      Effect.gen(function* () {
        const { asked, log } = yield* watched
        const rule = function* () {
          return [note(["a"])]
        }
        yield* Deciding.decide(log, { a: Notes("a") }, rule, { exclusive: true })
        expect(asked).toEqual(["read to 0", "append under the lock"])
        // Without a model there is nothing to come between.
        yield* Deciding.decide(log, {}, rule, { exclusive: true })
        expect(asked.at(-1)).toBe("append")
      })
    ))

  it("drops what it has read where the log was put back meanwhile", () =>
    run(
      Effect.gen(function* () {
        const { log, rivals, storage, store } = yield* watched
        yield* store.append([note(["a"]), note(["a"])])
        rivals.push(Effect.sync(() => MemoryEventStore.rewind(storage, 1)))
        yield* Deciding.decide(log, { a: Notes("a") }, function* ({ a }) {
          return [note(["sum"], `${a}`)]
        })
        const [last] = yield* store.readAll("all", { backwards: true, limit: 1 })
        expect(last).toMatchObject({ position: 2, data: { text: "1" } })
      })
    ))

  it("that never comes to an end is a defect", () =>
    run(
      Effect.gen(function* () {
        const { log } = yield* watched
        let asked = 0
        const restless = Deciding.decide(
          log,
          { a: Notes("a") },
          function* () {
            yield* Deciding.read(Notes(`${asked++}`))
            return [note(["a"])]
          },
          { exclusive: true }
        )
        expect(String(yield* Effect.flip(Effect.sandbox(restless)))).toContain("attempts")
        expect(asked).toBe(Deciding.maximumAttempts - 1)
      })
    ))
})

describe("an outcome that is not known", () => {
  /** What this request did, by a tag that only it has. */
  const Done = (request: string) => Notes(`request:${request}`)

  it.each(["was", "was not"])("is settled by deciding again over a tag of the request: it %s appended", (appended) =>
    run(
      Effect.gen(function* () {
        const { log, store } = yield* watched
        let failures = 1
        const failing: KitStore = {
          ...log,
          append: (events, condition) =>
            failures-- > 0
              ? Effect.andThen(
                  appended === "was" ? Effect.orDie(store.append(events, condition)) : Effect.void,
                  Effect.fail(new EventStoreError({ reason: "unknown", message: "planted" }))
                )
              : store.append(events, condition)
        }
        yield* Deciding.decide(failing, { done: Done("1"), a: Notes("a") }, function* ({ a, done }) {
          return done > 0 ? [] : [note(["a", "request:1"], `${a}`)]
        }).pipe(
          Effect.retry({ times: 3, while: (error) => error._tag === "EventStoreError" && error.reason === "unknown" })
        )
        expect(yield* store.head).toBe(1)
      })
    )
  )
})

it("a reading has its events, its head and the condition of an append that depends on it", () =>
  run(
    Effect.gen(function* () {
      const { log, store } = yield* watched
      yield* store.append([note(["a"]), note(["b"])])
      const { condition, events, head } = yield* Deciding.reading(log, [{ tags: ["a"] }])
      expect(events.map(({ position }) => position)).toEqual([1])
      expect(head).toEqual(yield* store.bookmark())
      yield* store.append([note(["b"])])
      yield* store.append([note(["a"])], condition)
      const late = yield* Effect.result(store.append([note(["a"])], condition))
      expect(Result.isFailure(late) && late.failure._tag).toBe("AppendConditionFailed")
    })
  ))
