/**
 * Measures what encrypting a personal part costs, and opening it again: XAES-256-GCM of some hundred bytes, bound to their place.
 */
import { Vault } from "@effekten/event-store"
import { Effect } from "effect"
import { each, medians, type Result, timed, type Took } from "./Measure.ts"
import * as Register from "./Register.ts"

/** Bytes of a personal part: a natural person with address, account and tax number. */
const size = 600
/** Subjects in turns, so that the keys of all of them are at hand. */
const subjects = 100

export const measure = (options: { readonly folder: string; readonly rounds: number; readonly quick: boolean }) =>
  Effect.gen(function* () {
    const vault = yield* Vault.Vault
    const parts = options.quick ? 2_000 : 50_000
    const plaintext = Buffer.alloc(size, "personal ")
    const place = JSON.stringify(["investor:01944f3e-7b21-7c5a-9d3e-000000000000", "01944f3e", "InvestorRegistered", 1])
    const subjectOf = (index: number) => `investor:${index % subjects}`
    const sealing: Array<Took> = []
    const opening: Array<Took> = []
    for (let round = 0; round <= options.rounds; round++) {
      const boxes: Array<Uint8Array> = []
      const seal = Effect.gen(function* () {
        for (let index = 0; index < parts; index++) boxes.push(yield* vault.seal(subjectOf(index), place, plaintext))
      })
      const open = Effect.gen(function* () {
        for (let index = 0; index < parts; index++) yield* vault.open(subjectOf(index), place, boxes[index]!)
      })
      const sealed = yield* timed(seal)
      const opened = yield* timed(open)
      if (round === 0 && options.rounds > 0) continue
      sealing.push(each(sealed, parts))
      opening.push(each(opened, parts))
    }
    return [
      {
        name: "sealing a personal part",
        shape: `${size} bytes, XAES-256-GCM with a key per subject, bound to subject, event, type and version`,
        figures: {
          "CPU µs to seal": medians(sealing).cpuSeconds * 1e6,
          "CPU µs to open": medians(opening).cpuSeconds * 1e6
        },
        ratios: {}
      } satisfies Result
    ]
  }).pipe(Effect.provide(Register.vaults(options.folder)))
