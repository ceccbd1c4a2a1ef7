/** Appends in groups: the whole contract, and how many commits many callers take. */
import { Effect, Exit, Fiber, Layer, Result, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import * as fastCheck from "fast-check"
import { describe, expect, it } from "vitest"
import { EventStoreError, Grouping, MemoryEventStore, StoreLimits, Vault } from "@effekten/event-store"
import { contractKit, type KitStore, note } from "@effekten/event-store/testing"
import { folder, run, storeIn } from "./Harness.ts"

const vault = Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))

const storages = new WeakMap<KitStore, MemoryEventStore.Storage>()

contractKit({
  name: "memory, appended in groups",
  make: (catalogue) =>
    Effect.gen(function* () {
      const storage = yield* MemoryEventStore.makeStorage
      const store: KitStore = yield* Grouping.make(yield* MemoryEventStore.make({ catalogue, storage }))
      storages.set(store, storage)
      return store
    }).pipe(Effect.provide(vault)),
  reopen: (store, catalogue) => {
    const storage = storages.get(store)!
    return MemoryEventStore.make({ catalogue, storage }).pipe(Effect.flatMap(Grouping.make), Effect.provide(vault))
  },
  rewind: (store) =>
    Effect.map(store.head, (head) => Effect.sync(() => MemoryEventStore.rewind(storages.get(store)!, head))),
  notify: (store) => Effect.sync(() => storages.get(store)?.wake.notify()),
  fastCheck,
  runs: 50,
  runner: { describe, it }
})

/** The commits of a store, by the number of their events. */
const counting = (store: KitStore) => {
  const commits: Array<number> = []
  const counted: KitStore = {
    ...store,
    append: (events, condition) =>
      Effect.tap(store.append(events, condition), () => Effect.sync(() => commits.push(events.length))),
    appendExclusive: (after, query, decide, options) =>
      Effect.tap(store.appendExclusive(after, query, decide, options), ({ appended }) =>
        Effect.sync(() => appended !== undefined && commits.push(appended.last - appended.first + 1))
      )
  }
  return { counted, commits }
}

const callers = Array.from({ length: 64 }, (_, caller) => caller)

const grouped = (change: (store: KitStore) => KitStore = (store) => store) =>
  Effect.gen(function* () {
    const { commits, counted } = counting(yield* storeIn(yield* folder))
    return { commits, store: yield* Grouping.make(change(counted)) }
  })

describe("appends in groups", () => {
  it("of 64 callers take two commits; each learns where its own events lie", () =>
    run(
      Effect.gen(function* () {
        const { commits, store } = yield* grouped()
        const appended = yield* Effect.forEach(
          callers,
          (caller) =>
            store.append([note([`${caller}`]), note([`${caller}`])], { failIfEventsMatch: [{ tags: [`${caller}`] }] }),
          { concurrency: "unbounded" }
        )
        expect(commits.length).toBeLessThanOrEqual(2)
        for (const [caller, { first, last, leaf }] of appended.entries()) {
          const events = yield* store.readAll([{ tags: [`${caller}`] }])
          expect(events.map(({ position }) => position)).toEqual([first, last])
          // The bookmark of each is one of this history.
          yield* store.bookmark({ position: last, leaf })
        }
      })
    ))

  it("promise 2: each sees those before it in the group, and of one key one wins", () =>
    run(
      Effect.gen(function* () {
        const { commits, store } = yield* grouped()
        const outcomes = yield* Effect.forEach(
          callers,
          (caller) =>
            Effect.result(
              store.append([note([`${caller % 4}`])], { failIfEventsMatch: [{ tags: [`${caller % 4}`] }] })
            ),
          { concurrency: "unbounded" }
        )
        expect(outcomes.filter(Result.isSuccess)).toHaveLength(4)
        expect(yield* store.head).toBe(4)
        expect(commits.length).toBeLessThanOrEqual(2)
        for (const outcome of outcomes)
          if (Result.isFailure(outcome)) expect(outcome.failure).toMatchObject({ _tag: "AppendConditionFailed" })
      })
    ))

  it("a member that cannot be appended fails alone, and so does a member whose question is a defect", () =>
    run(
      Effect.gen(function* () {
        const { store } = yield* grouped()
        const outcomes = yield* Effect.forEach(
          callers,
          (caller) =>
            Effect.exit(
              store.append(
                [note([`${caller}`], caller === 3 ? "\ud800" : "")],
                caller === 5
                  ? { failIfEventsMatch: [{ types: ["Nothing" as "Noted"] }] }
                  : caller === 7
                    ? { failIfEventsMatch: "all", after: { position: 0, leaf: "another log" } }
                    : undefined
              )
            ),
          { concurrency: "unbounded" }
        )
        expect(outcomes.flatMap((outcome, caller) => (Exit.isFailure(outcome) ? [caller] : []))).toEqual([3, 5, 7])
        expect(yield* store.head).toBe(61)
      })
    ))

  it("that fill more than a group are all appended, and those of callers that left before their turn are not", () =>
    run(
      Effect.gen(function* () {
        const { commits, store } = yield* grouped()
        const many = Array.from({ length: 200 }, () => note(["a"]))
        const [first, ...others] = many
        const fibers = yield* Effect.forEach(callers, () => Effect.forkChild(store.append([first!, ...others])))
        // None of them has run yet.
        yield* Effect.forEach(fibers.slice(0, 4), Fiber.interrupt)
        yield* Effect.forEach(fibers.slice(4), Fiber.join)
        expect(yield* store.head).toBe(60 * 200)
        expect(Math.max(...commits)).toBeLessThanOrEqual(StoreLimits.eventsPerAppend)
        expect(commits.length).toBeLessThan(8)
      })
    ))

  it.each(["unavailable", "unknown"] as const)("a commit that is %s is so for all, and is not tried again", (reason) =>
    run(
      Effect.gen(function* () {
        let tried = 0
        const { store } = yield* grouped((store) => ({
          ...store,
          appendExclusive: () => {
            tried += 1
            return Effect.fail(new EventStoreError({ reason, message: "planted" }))
          }
        }))
        const outcomes = yield* Effect.forEach(callers, () => Effect.result(store.append([note(["a"])])), {
          concurrency: "unbounded"
        })
        const failed = outcomes.filter(Result.isFailure)
        expect(failed.length).toBeGreaterThanOrEqual(63)
        for (const { failure } of failed) expect(failure).toMatchObject({ reason })
        expect(tried).toBe(1)
      })
    )
  )

  it("what was committed and cannot be read is unknown, and is not appended again", () =>
    run(
      Effect.gen(function* () {
        const { commits, store } = yield* grouped((store) => ({
          ...store,
          readLeaves: () => Stream.fail(new EventStoreError({ reason: "damaged", message: "planted" }))
        }))
        const outcomes = yield* Effect.forEach(callers, () => Effect.result(store.append([note(["a"])])), {
          concurrency: "unbounded"
        })
        expect(commits.reduce((sum, count) => sum + count, 0)).toBe(64)
        for (const outcome of outcomes)
          if (Result.isFailure(outcome)) expect(outcome.failure).toMatchObject({ reason: "unknown" })
      })
    ))
})
