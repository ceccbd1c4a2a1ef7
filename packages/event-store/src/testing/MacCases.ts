/**
 * What a store with a key for MACs promises: every append bears one, over the one before. For the contract kit.
 */
import { deepStrictEqual, equal, ok } from "node:assert/strict"
import { Effect, Redacted, Result, Stream } from "effect"
import { makeAuthenticator } from "../building/Macs.ts"
import type { Position } from "../port/Event.ts"
import { authenticate, begun } from "../transparency/MacLine.ts"
import { type Case, caseNeeding, type KitStore } from "./Case.ts"
import { kitCatalogue, note } from "./KitEvent.ts"

const authentication = { key: Redacted.make(new Uint8Array(32).fill(5)) }
const otherKey = { key: Redacted.make(new Uint8Array(32).fill(6)) }

/** Where MACs begin, the spans they are of, and what is wrong with them. */
const heldAgainst = Effect.fnUntraced(function* (store: KitStore, by = authentication) {
  const line = yield* begun(store)
  const spans = (yield* Stream.runCollect(store.readMacs())).map(({ first, last }) => [first, last] as const)
  const faults: Array<Position> = []
  const authenticator = makeAuthenticator(by, store.logId)
  const to = yield* store.head
  if (line !== undefined)
    yield* authenticate(store, authenticator, { from: line, to }, { fault: (position) => void faults.push(position) })
  return { line: line?.position, spans, faults }
})

/** @category values */
export const macCases: ReadonlyArray<Case> = [
  {
    name: "promise 6: a store without a key writes no MACs",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["a"])])
        deepStrictEqual(yield* heldAgainst(store), { line: undefined, spans: [], faults: [] })
      })
  },
  caseNeeding(
    ["withKey"],
    "promise 6: each append bears a MAC over its leaves and the MAC before",
    ({ make, withKey }) =>
      Effect.gen(function* () {
        const store = yield* withKey(yield* make(kitCatalogue), authentication)
        yield* store.append([note(["a"]), note(["b"])])
        yield* store.appendExclusive(2, "all", () => Result.succeed({ events: [note(["c"])], answer: "done" }))
        yield* store.appendExclusive(3, "all", () => Result.succeed({ events: [], answer: "nothing" }))
        equal(
          (yield* Effect.flip(store.append([note(["d"])], { failIfEventsMatch: "all", after: 1 })))._tag,
          "AppendConditionFailed"
        )
        yield* store.append([note(["d"]), note(["e"]), note(["f"])])
        const spans = [
          [1, 0],
          [1, 2],
          [3, 3],
          [4, 6]
        ] as const
        deepStrictEqual(yield* heldAgainst(store), { line: 0, spans, faults: [] })
        deepStrictEqual((yield* heldAgainst(store, otherKey)).faults, [1, 3, 4])
        deepStrictEqual(
          (yield* Stream.runCollect(store.readMacs({ from: 3 }))).map(({ last }) => last),
          [3, 6]
        )
      })
  ),
  caseNeeding(
    ["withKey"],
    "promise 6: a log from before MACs gets none before they are begun, and after that no append without one",
    ({ make, withKey }) =>
      Effect.gen(function* () {
        const before = yield* make(kitCatalogue)
        yield* before.append([note(["a"]), note(["b"])])
        const store = yield* withKey(before, authentication)
        const refused = yield* Effect.flip(store.append([note(["c"])]))
        ok(refused._tag === "EventStoreError" && /bears no MAC/.test(refused.message), String(refused))
        equal((yield* store.beginMacs).last, 2)
        yield* store.append([note(["c"])])
        equal((yield* store.beginMacs).last, 2)
        const keyless = yield* withKey(before, undefined)
        const kept = yield* Effect.flip(keyless.append([note(["d"])]))
        ok(kept._tag === "EventStoreError" && /the key for it is not here/.test(kept.message), String(kept))
        const spans = [
          [3, 2],
          [3, 3]
        ] as const
        deepStrictEqual(yield* heldAgainst(store), { line: 2, spans, faults: [] })
      })
  ),
  caseNeeding(["withKey"], "promise 6: writers that overtake each other write one line of MACs", ({ make, withKey }) =>
    Effect.gen(function* () {
      const one = yield* withKey(yield* make(kitCatalogue), authentication)
      const two = yield* withKey(one, authentication)
      const writers = [one, two, one, two, one, two]
      yield* Effect.forEach(
        writers,
        (store, writer) => Effect.forEach([1, 2, 3], (turn) => store.append([note([`${writer}:${turn}`]), note([])])),
        { concurrency: "unbounded" }
      )
      const { faults, line, spans } = yield* heldAgainst(two)
      deepStrictEqual([line, faults, spans.length, spans.at(-1)], [0, [], 19, [35, 36]])
    })
  )
]
