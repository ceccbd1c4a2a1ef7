/**
 * Measures folding a whole log from its file, beside parsing and folding the same bodies in memory, and the memory it takes. Also verifying
 * the log, beside SHA-256.
 */
import { type Projection, Register as ProjectionsRegister, Replay } from "@effekten/projections"
import { VerifyLog } from "@effekten/event-store"
import { Effect, Stream } from "effect"
import { hash } from "node:crypto"
import { each, median, medians, type Result, time, timed, type Took } from "./Measure.ts"
import * as Register from "./Register.ts"
import type { Subject } from "./Subject.ts"

const MEBIBYTE = 1024 * 1024

export const measure = (options: { readonly subject: Subject; readonly folder: string; readonly rounds: number }) =>
  Effect.gen(function* () {
    const { folder, rounds, subject } = options
    const log = yield* subject.readOnly(folder)
    const head = yield* log.head

    // First, while nothing else of this process has grown: a fold that keeps nothing, so that what grows is the reader's.
    const memory: Array<number> = []
    let counted = 0
    yield* Replay.into(log, [{ apply: () => (counted += 1) }], {
      onProgress: ({ position, to }) =>
        Effect.sync(() => {
          const quarter = Math.min(3, Math.floor((position / to) * 4))
          memory[quarter] = Math.max(memory[quarter] ?? 0, process.memoryUsage.rss() / MEBIBYTE)
        })
    })

    const bodies = yield* Stream.runFold(
      log.readStored(),
      (): Array<string> => [],
      (all, { body }) => {
        all.push(body)
        return all
      }
    )
    const taken: Array<{ replay: Took; fold: Took; parse: Took; verify: Took; sha: Took }> = []
    for (let round = 0; round <= rounds; round++) {
      const replay = yield* timed(Replay.into(log, [ProjectionsRegister.make()]))
      // What a body holds is what the fold looks at; all else that reading adds is left out.
      const register = ProjectionsRegister.make()
      const fold = time(() => {
        let position = 0
        for (const body of bodies) {
          const event = JSON.parse(body) as { position?: number }
          event.position = ++position
          register.apply(event as unknown as Projection.LoggedEvent)
        }
      })
      let members = 0
      const parse = time(() => {
        for (const body of bodies) members += Object.keys(JSON.parse(body)).length
      })
      let faults = 0
      const verify = yield* timed(
        Effect.map(
          VerifyLog.verifyLog({ log, isForgotten: () => Effect.succeed(false) }),
          ({ faultCount }) => (faults = faultCount)
        )
      )
      let digits = 0
      const sha = time(() => {
        for (const body of bodies) digits += hash("sha256", body, "binary").length
      })
      if (members === 0 || digits === 0 || counted !== head || register.position !== head || faults > 0)
        return yield* Effect.die(new Error(`${faults} faults, ${counted} of ${head} events`))
      if (round > 0 || rounds === 0) taken.push({ replay, fold, parse, verify, sha })
    }
    const replay = medians(taken.map((round) => each(round.replay, head)))
    const verify = medians(taken.map((round) => each(round.verify, head)))
    return [
      {
        name: `replay of ${head.toLocaleString("en")} events on ${subject.name}`,
        shape: "each body read from the file, held against its leaf, parsed, held against its schema, folded",
        figures: {
          "events/s": 1 / replay.seconds,
          "CPU µs/event": replay.cpuSeconds * 1e6,
          ...Object.fromEntries(memory.map((rss, quarter) => [`resident MiB, quarter ${quarter + 1}`, rss]))
        },
        ratios: {
          "JSON.parse and the same fold of the same bodies in memory": median(
            taken.map((round) => round.fold.seconds / round.replay.seconds)
          ),
          "the same, by CPU time": median(taken.map((round) => round.fold.cpuSeconds / round.replay.cpuSeconds)),
          "JSON.parse alone of the same bodies in memory": median(
            taken.map((round) => round.parse.seconds / round.replay.seconds)
          )
        }
      },
      {
        name: `verify of ${head.toLocaleString("en")} events on ${subject.name}`,
        shape: "positions, leaves, tree, schemas, every word of the index",
        figures: { "events/s": 1 / verify.seconds, "CPU µs/event": verify.cpuSeconds * 1e6 },
        ratios: {
          "SHA-256 of the same bodies in memory": median(taken.map((round) => round.sha.seconds / round.verify.seconds))
        }
      }
    ] satisfies ReadonlyArray<Result>
  }).pipe(Effect.scoped, Effect.provide(Register.vaults(options.folder)))
