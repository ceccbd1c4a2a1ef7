/**
 * Measures reads of personal data through the services: one investor, and a page of them, by one caller and by many at once. Each opening
 * is recorded before the answer is there; callers that come together share a commit of that record.
 */
import { Registrar } from "@effekten/registrar"
import { Investors } from "@effekten/services"
import { Effect } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { each, medians, plural, type Result, timed, type Took } from "./Measure.ts"
import * as Register from "./Register.ts"
import type { Subject } from "./Subject.ts"

/** Investors there are, read in turns. */
const investors = 200
/** Investors on a page. */
const page = 50

export const measure = (options: {
  readonly subject: Subject
  readonly folder: string
  readonly rounds: number
  readonly quick: boolean
  readonly callers: ReadonlyArray<number>
}) =>
  Effect.gen(function* () {
    const { callers, quick, rounds, subject } = options
    const folder = join(options.folder, "gets")
    mkdirSync(folder)
    const program = Effect.gen(function* () {
      const { platform } = yield* Register.offering()
      return yield* Effect.gen(function* () {
        const api = yield* Investors
        const ids = yield* Effect.forEach(Array.from({ length: investors }), () =>
          Effect.map(api.create(Register.person), ({ id }) => id)
        )
        const get = (index: number) => api.get(ids[index % investors]!)
        const list = () => api.list({ limit: page })
        const results: Array<Result> = []
        for (const count of callers) {
          const asked = (total: number, ask: (index: number) => Effect.Effect<unknown, unknown>) =>
            Effect.forEach(
              Array.from({ length: count }),
              (_, caller) =>
                Effect.forEach(Array.from({ length: Math.ceil(total / count) }), (_, time) => ask(caller * 7 + time), {
                  discard: true
                }),
              { concurrency: "unbounded", discard: true }
            )
          const gets: Array<Took> = []
          const lists: Array<Took> = []
          const total = (quick ? 1 : 8) * Math.max(count, 512)
          const pages = Math.max(count, total / 16)
          for (let round = 0; round <= rounds; round++) {
            const got = each(yield* timed(asked(total, get)), total)
            const listed = each(yield* timed(asked(pages, list)), pages)
            if (round === 0 && rounds > 0) continue
            gets.push(got)
            lists.push(listed)
          }
          const [one, many] = [medians(gets), medians(lists)]
          results.push({
            name: `reads of personal data on ${subject.name}, ${plural(count, "caller")}`,
            shape: `${investors} investors, one at a time, or ${page} on a page; every opening recorded before the answer`,
            figures: {
              "GETs of one investor/s": 1 / one.seconds,
              "CPU µs/GET": one.cpuSeconds * 1e6,
              "GETs of a page/s": 1 / many.seconds,
              "CPU µs/page": many.cpuSeconds * 1e6
            },
            ratios: {}
          })
        }
        return results
      }).pipe(Effect.provide(Registrar.layer({ platform })))
    })
    return yield* Effect.provide(program, Register.layerOver(folder, subject.layer(folder)))
  })
