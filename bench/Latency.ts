/**
 * How long one command takes as the log grows: warm, and the first one after the register was opened again.
 */
import type { Timestamp } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Investments } from "@effekten/services"
import { Effect, Layer } from "effect"
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { quantile, type Result, timed } from "./Measure.ts"
import * as Register from "./Register.ts"
import type { Subject } from "./Subject.ts"

const signedAt = "2026-01-02T03:04:05.678901+01:00" as Timestamp

export const measure = Effect.fnUntraced(function* (options: {
  readonly subject: Subject
  readonly folder: string
  readonly logs: ReadonlyArray<number>
  readonly restarts: number
  readonly commands: number
}) {
  const { commands, logs, restarts, subject } = options
  const results: Array<Result> = []
  for (const events of logs) {
    const folder = join(options.folder, `latency-${events}`)
    mkdirSync(folder)
    const layer = Register.layerOver(folder, subject.layer(folder))
    const { holder, offering } = yield* Effect.gen(function* () {
      const offered = yield* Register.offering({ issueVolume: 1e12, allocation: 1e12 })
      // The campaign that is sold on has its part of all the subscriptions.
      yield* Register.fill(events, offered)
      const onboarded = yield* Register.onboarded.pipe(Effect.provide(Registrar.layer({ platform: offered.platform })))
      return { holder: onboarded, offering: offered }
    }).pipe(Effect.provide(layer))
    const command = Effect.gen(function* () {
      const investments = yield* Investments
      return yield* investments.create({
        campaignId: offering.campaign,
        investorId: holder.investor,
        units: 1,
        signedAt,
        acceptedAt: signedAt,
        paidAt: signedAt,
        wallet: holder.wallet
      })
    })
    const warm: Array<number> = []
    const first: Array<number> = []
    for (let restart = 0; restart < restarts; restart++) {
      yield* Effect.gen(function* () {
        first.push((yield* timed(command)).seconds * 1_000)
        for (let done = 0; done < commands / restarts; done++) warm.push((yield* timed(command)).seconds * 1_000)
      }).pipe(Effect.provide(Layer.provideMerge(Registrar.layer({ platform: offering.platform }), layer)))
    }
    rmSync(folder, { recursive: true })
    results.push({
      name: `one command on a log of ${events.toLocaleString("en")} events on ${subject.name}`,
      shape: `${warm.length} warm ones, ${first.length} after opening the log again; one in fifty subscriptions is of its campaign`,
      figures: {
        "warm p50, ms": quantile(warm, 0.5),
        "warm p99, ms": quantile(warm, 0.99),
        "first p50, ms": quantile(first, 0.5),
        "first p99, ms": quantile(first, 0.99)
      },
      ratios: {}
    })
  }
  const [shortest] = results
  return results.map((result) => ({
    ...result,
    ratios:
      shortest === undefined || result === shortest
        ? {}
        : Object.fromEntries(
            Object.entries(result.figures).map(([name, value]) => [
              `${name.replace(", ms", "")} on ${shortest.name.slice("one command on ".length)}`,
              value / shortest.figures[name]!
            ])
          )
  }))
})
