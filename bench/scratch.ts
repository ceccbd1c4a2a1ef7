import "effect/schema/SchemaJITCompiler/enable"
import { Registrar } from "@effekten/registrar"
import { Investments } from "@effekten/services"
import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import * as Register from "./Register.ts"
import { sqlite } from "./SqliteSubject.ts"
const signedAt = "2026-01-02T03:04:05.678901+01:00" as any
const count = Number(process.argv[2] ?? 64),
  commands = 6400,
  rounds = Number(process.argv[3] ?? 8)
const folder = mkdtempSync("/tmp/scr-")
await Effect.runPromise(
  Effect.gen(function* () {
    yield* Register.fill(20000)
    const { platform, campaign } = yield* Register.offering({ issueVolume: 1e12, allocation: 1e12 })
    yield* Effect.gen(function* () {
      const investments = yield* Investments
      const holders = yield* Effect.forEach(Array.from({ length: count }), () => Register.onboarded)
      const out: number[] = [],
        users: number[] = [],
        walls: number[] = []
      for (let r = 0; r < rounds; r++) {
        const cpu = process.cpuUsage(),
          t = performance.now()
        yield* Effect.forEach(
          holders,
          ({ investor, wallet }) =>
            Effect.repeat(
              investments.create({
                campaignId: campaign,
                investorId: investor,
                units: 1,
                signedAt,
                acceptedAt: signedAt,
                paidAt: signedAt,
                wallet
              }),
              { times: commands / count - 1 }
            ),
          { concurrency: "unbounded", discard: true }
        )
        const { user, system } = process.cpuUsage(cpu)
        out.push((user + system) / commands)
        users.push(user / commands)
        walls.push(((performance.now() - t) * 1000) / commands)
      }
      const f = (a: number[]) => a.map((x) => x.toFixed(0)).join(" ")
      console.log(
        "cpu",
        f(out),
        "\nuser",
        f(users),
        "\nwall",
        f(walls),
        "\nmin cpu",
        Math.min(...out).toFixed(0),
        "median",
        out.sort((a, b) => a - b)[rounds >> 1]!.toFixed(0)
      )
    }).pipe(Effect.provide(Registrar.layer({ platform })))
  }).pipe(Effect.provide(Register.layerOver(folder, sqlite.layer(folder)))) as any
)
rmSync(folder, { recursive: true })
