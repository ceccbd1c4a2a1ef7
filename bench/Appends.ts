/**
 * Measures durable appends on the store itself, beside the bare driver and the bodies alone. A group has as many events as there would be
 * callers.
 */
import type { Events } from "@effekten/domain"
import type { NewEvent } from "@effekten/event-store"
import { Log } from "@effekten/registrar"
import { Effect } from "effect"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import { each, median, medians, plural, type Result, timed, type Took } from "./Measure.ts"
import * as Register from "./Register.ts"
import type { Subject } from "./Subject.ts"

export const measure = (options: {
  readonly subject: Subject
  readonly folder: string
  readonly rounds: number
  readonly quick: boolean
  readonly groups: ReadonlyArray<number>
}) =>
  Effect.gen(function* () {
    const { folder, groups, quick, rounds, subject } = options
    const log = yield* Log
    const bare = yield* subject.bare(folder)
    const campaign = Register.newCampaign()
    const product = Register.newProduct()
    const results: Array<Result> = []
    for (const size of groups) {
      const appends = Math.ceil((size === 1 ? 400 : 12_800 / size) / (quick ? 4 : 1))
      const taken: Array<{ ours: Took; again: Took; bodies: Took }> = []
      for (let round = 0; round <= rounds; round++) {
        const all = Array.from({ length: appends }, () => {
          const group: Array<NewEvent<Events.RegisterEvent>> = []
          while (group.length < size) group.push(...Register.subscription(campaign, product))
          return group.slice(0, size)
        })
        const ours = yield* timed(
          Effect.forEach(all, (group) => (isReadonlyArrayNonEmpty(group) ? log.append(group) : Effect.void), {
            discard: true
          })
        )
        const again = yield* bare.again()
        const bodies = yield* bare.bodies()
        if (round === 0 && rounds > 0) continue
        const events = appends * size
        taken.push({ ours: each(ours, events), again: each(again, events), bodies: each(bodies, events) })
      }
      const ours = medians(taken.map((round) => round.ours))
      const shape = bare.shape()
      results.push({
        name: `appends on ${subject.name}, ${plural(size, "event")} a group`,
        shape: `${(shape.words / shape.events).toFixed(1)} index words an event of ${Math.round(shape.bodyBytes / shape.events)} bytes; checked, encoded, hashed and written`,
        figures: {
          "events/s": 1 / ours.seconds,
          "CPU µs/event": ours.cpuSeconds * 1e6,
          "bare driver, same rows, CPU µs/event": median(taken.map(({ again }) => again.cpuSeconds)) * 1e6
        },
        ratios: {
          "the bare driver writing the same rows": median(
            taken.map((round) => round.again.seconds / round.ours.seconds)
          ),
          "writing the bodies alone": median(taken.map((round) => round.bodies.seconds / round.ours.seconds))
        }
      })
    }
    return results
  }).pipe(Effect.scoped, Effect.provide(Register.layerOver(options.folder, options.subject.layer(options.folder))))
