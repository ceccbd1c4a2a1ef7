/** A node so many milliseconds ago, which goes on a day later when it is told anything, until it is killed. Run by yearly.test.ts. */
import { Registrar } from "@effekten/registrar"
import { Clock, Effect, Layer, Redacted } from "effect"
import { writeSync } from "node:fs"
import { lateClock } from "./LateClock.ts"

const [, , url = "", schema = "", maximum = "", behind = ""] = process.argv

const { clock, setBehind } = lateClock(await Effect.runPromise(Effect.clockWith(Effect.succeed)))
setBehind(Number(behind))
process.stdin.on("data", () => setBehind(Number(behind) - 86_400_000))

const node = Registrar.layerPostgres({
  server: { url: Redacted.make(url) },
  schema,
  masterKey: Redacted.make(new Uint8Array(32).fill(7)),
  sandbox: true,
  maximumYearlyPerTurn: Number(maximum)
})

await Layer.build(node).pipe(
  Effect.andThen(Effect.sync(() => writeSync(1, "ready\n"))),
  Effect.andThen(Effect.never),
  Effect.scoped,
  Effect.provideService(Clock.Clock, clock),
  Effect.runPromise
)
