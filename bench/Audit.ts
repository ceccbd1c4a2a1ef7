/**
 * Measures `effekten audit` beside `effekten replay` and `effekten verify` of the same register, made by commands. Each in a process of its
 * own, so that its memory is its own too.
 */
import { Registrar } from "@effekten/registrar"
import { Investments, Redemptions } from "@effekten/services"
import { Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { median, medians, type Result } from "./Measure.ts"
import { delivered, offering, onboarded } from "../packages/registrar/test/fixture.ts"

/** What each investor does: about fifty events. */
const deliveries = 6
const redemptions = 4
const eventsOfInvestor = 52

export const commands = ["replay", "verify", "audit"] as const
export type Command = (typeof commands)[number]

/** What a process says of its command. */
export interface Said {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Resident at the peak. */
  readonly peakMiB: number
  /** What the process holds at the end, garbage apart, more than at its start. */
  readonly liveMiB: number
  readonly events: number
}

/** A register whose investors buy and redeem, with every list of it kept. */
const fill = (folder: string, events: number) =>
  Effect.gen(function* () {
    const { campaign, platform, product } = yield* offering({ issueVolume: 1e12, allocation: 1e12 })
    const investor = Effect.gen(function* () {
      const holder = yield* onboarded
      yield* Effect.forEach(Array.from({ length: deliveries }), () => delivered(campaign, holder, 100))
      const tasks = yield* Redemptions
      yield* Effect.forEach(Array.from({ length: redemptions }), () =>
        tasks.create({ investorId: holder.investor, productId: product, walletId: holder.wallet, units: 40 })
      )
    })
    const count = Math.ceil(events / eventsOfInvestor)
    yield* Effect.provide(
      Effect.gen(function* () {
        yield* Effect.replicateEffect(investor, count, { concurrency: 64, discard: true })
        // A list is made when it is asked for.
        yield* Effect.flatMap(Investments, (investments) => investments.list())
      }),
      Registrar.layer({ platform })
    )
  }).pipe(Effect.provide(Layer.merge(Registrar.layerFolder({ folder }), SecureRandom.layerWebCrypto)))

const run = (command: Command, folder: string) =>
  Effect.promise(async (): Promise<Said> => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      "--conditions=@effekten/source",
      "--disable-warning=ExperimentalWarning",
      "--expose-gc",
      join(fileURLToPath(new URL(".", import.meta.url)), "AuditProcess.ts"),
      command,
      folder
    ])
    return JSON.parse(stdout) as Said
  })

export const measure = (options: {
  readonly folder: string
  readonly events: number
  readonly rounds: number
}): Effect.Effect<ReadonlyArray<Result>, unknown> =>
  Effect.gen(function* () {
    const { events, folder, rounds } = options
    yield* fill(folder, events)
    const taken: Record<Command, Array<Said>> = { replay: [], verify: [], audit: [] }
    for (let round = 0; round < rounds; round++)
      for (const command of commands) taken[command].push(yield* run(command, folder))
    const count = taken.audit[0]!.events
    const ratio = (of: Command, time: "seconds" | "cpuSeconds") =>
      median(taken[of].map((said, round) => taken.replay[round]![time] / said[time]))
    return commands.map((command) => {
      const { cpuSeconds, seconds } = medians(taken[command])
      return {
        name: `effekten ${command} of ${count.toLocaleString("en")} events in a folder`,
        shape: "its work in a process of its own, without the start of it",
        figures: {
          seconds,
          "CPU seconds": cpuSeconds,
          "CPU µs/event": (cpuSeconds / count) * 1e6,
          "resident MiB at the peak": median(taken[command].map(({ peakMiB }) => peakMiB)),
          "live MiB at the end": median(taken[command].map(({ liveMiB }) => liveMiB))
        },
        ratios:
          command === "replay"
            ? {}
            : {
                "effekten replay": ratio(command, "seconds"),
                "effekten replay, by CPU time": ratio(command, "cpuSeconds")
              }
      }
    })
  })
