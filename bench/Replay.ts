/**
 * Folding a whole log from its file, beside `JSON.parse` of the same bodies when they are in memory already.
 */
import { catalogue, type RegisterEvent } from "@effekten/domain"
import { SqliteEventStore, Vault } from "@effekten/event-store"
import { makeRegister, replayInto } from "@effekten/projections"
import { Randomness } from "@effekten/registrar"
import { Effect, Layer, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { join } from "node:path"
import { median, perSecond, type Ratio, seconds } from "./Measure.ts"
import * as Register from "./Register.ts"

export const measure = Effect.fnUntraced(function* (options: {
  readonly folder: string
  readonly events: number
  readonly rounds: number
}) {
  const folder = mkdtempSync(join(options.folder, "replay-"))
  yield* Register.fill(options.events).pipe(Effect.provide(Register.layer(folder)))
  const ratio = yield* Effect.gen(function* () {
    const log = yield* SqliteEventStore.make<RegisterEvent>({
      filename: join(folder, "log.db"),
      catalogue,
      readOnly: true
    })
    const bodies = yield* Stream.runFold(
      log.readStored(),
      (): Array<string> => [],
      (all, { body }) => {
        all.push(body)
        return all
      }
    )
    const rounds: Array<{ replay: number; parse: number }> = []
    for (let round = 0; round <= options.rounds; round++) {
      const start = performance.now()
      yield* replayInto(log, [makeRegister()])
      const replay = (performance.now() - start) / 1_000
      let members = 0
      const parse = seconds(() => {
        for (const body of bodies) members += Object.keys(JSON.parse(body)).length
      })
      if (members === 0) throw new Error("nothing was parsed")
      if (round > 0) rounds.push({ replay, parse })
    }
    return {
      name: `replay of ${options.events.toLocaleString("en")} events`,
      shape: "each body read from the file, checked against its leaf, parsed, checked against its schema, folded",
      rate: perSecond(options.events, median(rounds.map(({ replay }) => replay)), "events"),
      ratios: { "JSON.parse of the same bodies in memory": median(rounds.map(({ replay, parse }) => parse / replay)) }
    } satisfies Ratio
  }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(Vault.layerMemory, Randomness.layer)))
  rmSync(folder, { recursive: true })
  return [ratio]
})
