/**
 * What proofs and a verification need of a store: leaves, and an inspection without faults of a healthy log. For the contract kit.
 */
import { deepStrictEqual, equal, ok } from "node:assert/strict"
import { Effect, Stream } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { leafOf } from "../building/Codec.ts"
import type { NewEvent } from "../port/Event.ts"
import { type Case, caseNeeding, type KitStore } from "./Case.ts"
import { type KitEvent, kitCatalogue, kitCatalogueBefore, name, note, opened, subjectOf } from "./KitEvent.ts"

/** More events than a store is likely to read in one go. */
const MANY = 2_300

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const leaves = (store: KitStore, options?: { readonly from?: number; readonly to?: number }) =>
  Effect.gen(function* () {
    const found: Array<readonly [position: number, leaf: string]> = []
    yield* Stream.runForEach(store.readLeaves(options), ({ first, hashes }) =>
      Effect.sync(() => {
        equal(hashes.length % 32, 0)
        for (let at = 0; at < hashes.length; at += 32) found.push([first + at / 32, hex(hashes.subarray(at, at + 32))])
      })
    )
    return found
  })

const inspect = (store: KitStore, options?: { readonly to?: number }) =>
  Effect.map(Stream.runCollect(store.inspect(options)), (parts) => ({
    leaves: hex(Buffer.concat(parts.map((part) => part.leaves))),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    through: Math.max(0, ...parts.filter(({ phase }) => phase === "events").map(({ done }) => done)),
    faults: parts.flatMap(({ faults }) => faults),
    parted: parts.flatMap(({ parted }) => parted),
    gone: parts.flatMap(({ gone }) => gone)
  }))

const fill = (store: KitStore, size: number) =>
  Effect.gen(function* () {
    for (let from = 0; from < size; from += 500) {
      const group = Array.from({ length: Math.min(500, size - from) }, (_, index) => note([`n:${from + index}`], "ü"))
      yield* store.append(group as unknown as NonEmptyReadonlyArray<NewEvent<KitEvent>>)
    }
  })

/** @category values */
export const proofCases: ReadonlyArray<Case> = [
  {
    name: "promise 6: leaves are those of the bodies, in order, from and to, over more than one chunk",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        deepStrictEqual(yield* leaves(store), [])
        yield* fill(store, MANY)
        const expected = (yield* Stream.runCollect(store.readStored())).map(
          ({ position, body }) => [position, hex(leafOf(body))] as const
        )
        deepStrictEqual(yield* leaves(store), expected)
        deepStrictEqual(yield* leaves(store, { from: 1_000, to: 1_001 }), expected.slice(999, 1_001))
        deepStrictEqual(yield* leaves(store, { from: 17 }), expected.slice(16))
        deepStrictEqual(yield* leaves(store, { from: MANY, to: MANY + 5 }), expected.slice(-1))
        deepStrictEqual(yield* leaves(store, { from: MANY + 1 }), [])
      })
  },
  {
    name: "promise 6: an inspection of a healthy log finds all of it and no fault, personal parts and tags included",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        deepStrictEqual(yield* inspect(store), { leaves: "", bytes: 0, through: 0, faults: [], parted: [], gone: [] })
        yield* store.append([opened("a"), name("a", "Erika"), note([], ""), note(["x", "y", "x"], "\u0000\u007f 𝄞")])
        yield* fill(store, MANY)
        const all = yield* inspect(store)
        deepStrictEqual(
          { ...all, leaves: "", bytes: 0 },
          { leaves: "", bytes: 0, through: MANY + 4, faults: [], parted: [], gone: [] }
        )
        equal(all.leaves, (yield* leaves(store)).map(([, leaf]) => leaf).join(""))
        ok(all.bytes > 0)
        const part = yield* inspect(store, { to: 3 })
        equal(part.leaves, all.leaves.slice(0, 3 * 64))
        deepStrictEqual(part.faults, [])
      })
  },
  {
    name: "promise 9: after a subject is forgotten an inspection says which personal parts are gone, and finds no fault",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([name("a", "Erika"), name("b", "Max"), name("a", "Erika M.")])
        const before = yield* inspect(store)
        yield* store.forget(subjectOf("a"))
        const { leaves, faults, gone } = yield* inspect(store)
        equal(leaves, before.leaves)
        deepStrictEqual(faults, [])
        deepStrictEqual(gone, [
          { position: 1, subject: subjectOf("a") },
          { position: 3, subject: subjectOf("a") }
        ])
      })
  },
  caseNeeding(
    ["reopen"],
    "promise 6: what the catalogue cannot read is found by an inspection, which goes on after it",
    ({ make, reopen }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([note(["x"]), opened("a"), note(["y"])])
        const older = yield* reopen(store, kitCatalogueBefore)
        const { faults } = yield* inspect(older)
        deepStrictEqual(
          faults.map(({ position, kind }) => [position, kind]),
          [[2, "newer"]]
        )
      })
  )
]
