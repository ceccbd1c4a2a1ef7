/**
 * What personal parts promise: out of the body, bound to their event, gone when forgotten. For the contract kit.
 */
import { deepStrictEqual, equal, ok } from "node:assert/strict"
import { Effect, Stream } from "effect"
import type { Case } from "./Case.ts"
import { kitCatalogue, name, note, opened, revealedName, subjectOf } from "./KitEvent.ts"

/** @category values */
export const personalCases: ReadonlyArray<Case> = [
  {
    name: "D-01 what is personal is in no body, no tag and no error, and comes back through reveal",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const canary = "Canary-7f3a-Mustermann"
        yield* store.append([opened("a"), name("a", canary), name("b", `${canary} too`)])
        deepStrictEqual(yield* store.reveal([3, 1, 2]), [
          revealedName("b", `${canary} too`),
          { _tag: "None" },
          revealedName("a", canary)
        ])
        const bodies = (yield* Stream.runCollect(store.readStored())).map(({ body }) => body).join("\n")
        ok(!bodies.includes("Canary"))
        ok(!JSON.stringify(yield* store.readAll("all")).includes("Canary"))
        const refused = yield* Effect.flip(
          store.append([{ ...name("a", canary), personal: { name: [canary] as unknown as string } }])
        )
        equal(refused._tag, "InvalidEvent")
        ok(!JSON.stringify(refused).includes("Canary") && !refused.message.includes("Canary"))
      })
  },
  {
    name: "promise 9: a forgotten subject reads as erased, everything else and every body stays",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        yield* store.append([opened("a"), name("a", "Erika"), name("b", "Max"), name("a", "Erika M.")])
        const before = yield* Stream.runCollect(store.readStored())
        const sealed = yield* store.sealed([1, 2, 3, 4])
        const openAll = Effect.forEach(sealed, ({ open }) => open)
        for (let repeated = 0; repeated < 2; repeated++)
          deepStrictEqual(yield* openAll, yield* store.reveal([1, 2, 3, 4]))
        ok(!JSON.stringify(sealed).includes("Erika"))
        yield* store.forget(subjectOf("a"))
        deepStrictEqual(yield* openAll, yield* store.reveal([1, 2, 3, 4]), "also of what was read before")
        for (let repeated = 0; repeated < 2; repeated++) {
          deepStrictEqual(yield* store.reveal([1, 2, 3, 4]), [
            { _tag: "None" },
            { _tag: "Erased" },
            revealedName("b", "Max"),
            { _tag: "Erased" }
          ])
          deepStrictEqual(yield* Stream.runCollect(store.readStored()), before)
          equal((yield* store.readAll("all")).length, 4)
          yield* store.forget(subjectOf("a"))
        }
      })
  },
  {
    name: "D-14 nothing personal is written for a forgotten subject, not even what was prepared before",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const early = yield* store.prepare(name("a", "Erika"))
        yield* store.append([name("a", "Erika")])
        yield* store.forget(subjectOf("a"))
        for (const event of [early, name("a", "Erika again")]) {
          const refused = yield* Effect.flip(store.append([note(["x"]), event]))
          deepStrictEqual(
            [refused._tag, refused._tag === "InvalidEvent" && refused.reason],
            ["InvalidEvent", "subject_erased"]
          )
        }
        const prepared = yield* Effect.flip(store.prepare(name("a", "Erika")))
        ok(prepared._tag === "InvalidEvent" && prepared.reason === "subject_erased")
        equal(yield* store.head, 1)
        // A subject nothing was ever written for can be forgotten too, and the event without a personal part goes in.
        yield* store.forget(subjectOf("c"))
        equal((yield* Effect.flip(store.append([name("c", "Carla")])))._tag, "InvalidEvent")
        yield* store.append([opened("a")])
      })
  },
  {
    name: "a personal part prepared for an append that was refused can be appended later",
    run: ({ make }) =>
      Effect.gen(function* () {
        const store = yield* make(kitCatalogue)
        const prepared = yield* store.prepare(name("a", "Erika"))
        yield* store.append([note(["x"])])
        yield* Effect.flip(store.append([prepared], { failIfEventsMatch: "all" }))
        yield* store.append([prepared])
        deepStrictEqual(yield* store.reveal([2]), [revealedName("a", "Erika")])
      })
  }
]
