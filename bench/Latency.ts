/**
 * Measures how long a command takes as the log grows: warm, and as the first after the register was opened again. The opening is measured
 * too.
 */
import type { Id, Timestamp } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Investments } from "@effekten/services"
import { Effect, Layer } from "effect"
import { mkdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { quantile, type Result, timed, type Took } from "./Measure.ts"
import * as Register from "./Register.ts"
import type { Subject } from "./Subject.ts"

const signedAt = "2026-01-02T03:04:05.678901+01:00" as Timestamp.Timestamp

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
    const commandOf = (campaignId: Id.CampaignId, { investor, wallet }: Effect.Success<typeof Register.onboarded>) =>
      Effect.flatMap(Investments, (investments) =>
        investments.create({
          campaignId,
          investorId: investor,
          units: 1,
          signedAt,
          acceptedAt: signedAt,
          paidAt: signedAt,
          wallet
        })
      )
    const { command, platform } = yield* Effect.gen(function* () {
      const offered = yield* Register.offering({ issueVolume: 1e12, allocation: 1e12 })
      // The campaign that is sold on has its part of all the subscriptions.
      yield* Register.fill(events, offered)
      return yield* Effect.gen(function* () {
        const command = commandOf(offered.campaign, yield* Register.onboarded)
        // The register has decided on this campaign before, as any register with such a log has.
        yield* command
        return { command, platform: offered.platform }
      }).pipe(Effect.provide(Registrar.layer({ platform: offered.platform })))
    }).pipe(Effect.provide(layer))
    const opened: Array<number> = []
    const first: Array<number> = []
    const warm: Array<Took> = []
    for (let restart = 0; restart < restarts; restart++) {
      const begun = performance.now()
      yield* Effect.gen(function* () {
        opened.push(performance.now() - begun)
        first.push((yield* timed(command)).seconds * 1_000)
        for (let done = 0; done < commands / restarts; done++) warm.push(yield* timed(command))
      }).pipe(Effect.provide(Layer.provideMerge(Registrar.layer({ platform }), layer)))
    }
    const times = warm.map(({ seconds }) => seconds * 1_000)
    rmSync(folder, { recursive: true })
    results.push({
      name: `one command on a log of ${events.toLocaleString("en")} events on ${subject.name}`,
      shape: `${warm.length} warm ones, ${first.length} after opening the log again; one in fifty subscriptions is of its campaign`,
      figures: {
        "warm p50, ms": quantile(times, 0.5),
        "warm p99, ms": quantile(times, 0.99),
        "warm CPU, µs": (warm.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / warm.length) * 1e6,
        "first p50, ms": quantile(first, 0.5),
        "first p99, ms": quantile(first, 0.99),
        "opening p50, ms": quantile(opened, 0.5)
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
              `${name.replace(/, .*/, "")} on ${shortest.name.slice("one command on ".length)}`,
              value / shortest.figures[name]!
            ])
          )
  }))
})
