/**
 * Measures several processes that sell the same campaign, beside one process alone. Each has a register of its own over one log in
 * PostgreSQL. Every group of a process conflicts with the groups of all others: nothing can be more contended.
 */
import type { Id, Timestamp } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Investments } from "@effekten/services"
import { Effect, Layer, type Scope } from "effect"
import { fork } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { plural, type Result } from "./Measure.ts"
import type { PgSubject } from "./PgSubject.ts"
import * as Register from "./Register.ts"

const signedAt = "2026-01-02T03:04:05.678901+01:00" as Timestamp.Timestamp

/** Commands of each caller that are not measured. */
const warmUp = 40

/** What a process is told. */
export interface Task {
  readonly port: number
  /** Names the log. */
  readonly log: string
  /** Of its own. */
  readonly folder: string
  readonly platform: Id.PlatformId
  readonly campaign: Id.CampaignId
  readonly callers: number
  readonly commands: number
}

/** What a process says: that it is ready, and what it took. */
export type Said =
  | { readonly _tag: "Ready" }
  | { readonly _tag: "Done"; readonly seconds: number; readonly cpuSeconds: number; readonly failed: number }

/** The work of one process: sells one unit after the other, as soon as all are ready. */
export const sell = (subject: PgSubject, task: Task, ready: Effect.Effect<void>) =>
  Effect.gen(function* () {
    const holders = yield* Effect.forEach(Array.from({ length: task.callers }), () => Register.onboarded)
    const investments = yield* Investments
    let failed = 0
    const selling = (times: number) =>
      Effect.forEach(
        holders,
        ({ investor, wallet }) =>
          Effect.repeat(
            Effect.suspend(() =>
              investments.create(
                { campaignId: task.campaign, investorId: investor, units: 1, signedAt, wallet },
                { key: randomUUID() }
              )
            ).pipe(Effect.catch(() => Effect.sync(() => failed++))),
            { times: times - 1 }
          ),
        { concurrency: "unbounded", discard: true }
      )
    // Compiles what is run.
    yield* selling(warmUp)
    failed = 0
    yield* ready
    const start = performance.now()
    const cpu = process.cpuUsage()
    yield* selling(Math.ceil(task.commands / task.callers))
    const { user, system } = process.cpuUsage(cpu)
    return { seconds: (performance.now() - start) / 1_000, cpuSeconds: (user + system) / 1e6, failed }
  }).pipe(
    Effect.provide(
      Layer.provideMerge(
        Registrar.layer({ platform: task.platform }),
        Register.layerOver(task.folder, subject.layer(task.log))
      )
    )
  )

export const measure = (options: {
  readonly subject: PgSubject
  readonly folder: string
  readonly callers: number
  readonly quick: boolean
}): Effect.Effect<ReadonlyArray<Result>, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const { callers, folder, quick, subject } = options
    const commands = quick ? 200 : 4_800
    const results: Array<Result> = []
    let alone: number | undefined
    for (const processes of [1, 3]) {
      const log = join(folder, `contended ${processes}`)
      mkdirSync(log)
      const { platform, campaign } = yield* Register.offering({ issueVolume: 1e12, allocation: 1e12 }).pipe(
        Effect.provide(Register.layerOver(log, subject.layer(log)))
      )
      const each = Math.ceil(commands / processes)
      const running = yield* Effect.forEach(Array.from({ length: processes }), (_, index) => {
        const own = join(log, String(index))
        mkdirSync(own)
        return started({ port: subject.port, log, folder: own, platform, campaign, callers, commands: each })
      })
      const start = performance.now()
      const done = yield* Effect.forEach(running, ({ go }) => go, { concurrency: "unbounded" })
      const rate = (each * processes) / ((performance.now() - start) / 1_000)
      alone ??= rate
      results.push({
        name: `one campaign sold by ${processes === 1 ? "one process" : `${processes} processes`}, ${plural(callers, "caller")} each, on PostgreSQL`,
        shape: `${each * processes} subscriptions, ${done.reduce((sum, { failed }) => sum + failed, 0)} told to come again`,
        figures: {
          "commands/s": rate,
          "CPU µs/command, of all processes":
            (done.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / (each * processes)) * 1e6
        },
        ratios: processes === 1 ? {} : { "one process alone": rate / alone }
      })
    }
    return results
  })

/** A process that is ready to sell. */
const started = (task: Task) =>
  Effect.gen(function* () {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() =>
        fork(join(fileURLToPath(new URL(".", import.meta.url)), "ContentionProcess.ts"), [JSON.stringify(task)], {
          execArgv: ["--conditions=@effekten/source", "--disable-warning=ExperimentalWarning"]
        })
      ),
      (running) => Effect.sync(() => running.kill())
    )
    const said = Effect.callback<Said>((resume) => {
      child.once("message", (message) => resume(Effect.succeed(message as Said)))
      child.once("exit", (code) => resume(Effect.die(new Error(`a process that sells ended with ${code}`))))
    })
    yield* said
    return {
      go: Effect.suspend(() => {
        child.send("go")
        return Effect.map(said, (done) => {
          if (done._tag === "Done") return done
          throw new Error("it was ready already")
        })
      })
    }
  })
