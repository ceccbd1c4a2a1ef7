/**
 * Measures durable commands per second through the register. Beside it: the bare driver, which writes the same rows with the same
 * durability and grouping, the bodies alone, and the peers.
 */
import type { Timestamp } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Investments } from "@effekten/services"
import { Duration, Effect } from "effect"
import { randomUUID } from "node:crypto"
import { each, median, medians, plural, type Result, timed, type Took } from "./Measure.ts"
import type { Peer } from "./Peer.ts"
import * as Register from "./Register.ts"
import type { Subject } from "./Subject.ts"

const signedAt = "2026-01-02T03:04:05.678901+01:00" as Timestamp.Timestamp

/** Commands of a round. Few callers wait for the disk at every turn, so they are asked for less. */
const commandsOf = (callers: number, quick: boolean): number => {
  const commands = callers === 1 ? 400 : callers <= 16 ? 3_200 : 6_400
  return Math.max(callers, quick ? commands / 16 : commands)
}

/** How long after opening it a log of so many events is measured: by then the words of its index are in memory. */
const settled = (events: number) => Duration.millis(events / 50)

/** @param folder of a register that is long already, of so many events */
export const measure = (options: {
  readonly subject: Subject
  readonly peers: ReadonlyArray<Peer>
  readonly folder: string
  readonly events: number
  readonly rounds: number
  readonly quick: boolean
  readonly callers: ReadonlyArray<number>
}) =>
  Effect.gen(function* () {
    const { callers, folder, peers, quick, rounds, subject } = options
    const { platform, campaign } = yield* Register.offering({ issueVolume: 1e12, allocation: 1e12 })
    const bare = yield* subject.bare(folder)
    /** Each caller waits for its answer before it asks again. */
    const subscribe = Effect.fnUntraced(function* (
      holders: ReadonlyArray<Effect.Success<typeof Register.onboarded>>,
      times: number
    ) {
      const investments = yield* Investments
      const caller = Effect.fnUntraced(function* ({ investor, wallet }: (typeof holders)[number]) {
        for (let time = 0; time < times; time++) {
          yield* investments.create(
            {
              campaignId: campaign,
              investorId: investor,
              units: 1,
              signedAt,
              acceptedAt: signedAt,
              paidAt: signedAt,
              wallet
            },
            { key: randomUUID() }
          )
        }
      })
      yield* Effect.forEach(holders, caller, { concurrency: "unbounded", discard: true })
    })
    const onboarded = (count: number) => Effect.forEach(Array.from({ length: count }), () => Register.onboarded)

    // What is measured is a process that has run for a while: few callers alone would not have its code compiled in time.
    yield* Effect.sleep(settled(options.events))
    yield* Effect.gen(function* () {
      yield* subscribe(yield* onboarded(64), Math.ceil(commandsOf(64, quick) / 64))
      yield* Effect.forEach(peers, (peer) => peer.commands(64))
    }).pipe(Effect.provide(Registrar.layer({ platform })))

    const results: Array<Result> = []
    for (const count of callers) {
      results.push(
        yield* Effect.gen(function* () {
          const holders = yield* onboarded(count)
          const times = Math.ceil(commandsOf(count, quick) / count)
          const commands = times * count
          const taken: Array<{ ours: Took; again: Took; bodies: Took; peers: ReadonlyArray<Took> }> = []
          yield* bare.again()
          for (let round = 0; round <= rounds; round++) {
            const ours = yield* timed(subscribe(holders, times))
            const again = yield* bare.again()
            const bodies = yield* bare.bodies()
            const others = yield* Effect.forEach(peers, (peer) => peer.commands(count))
            // The first round warms up what is compiled on the way.
            if (round === 0 && rounds > 0) continue
            taken.push({
              ours: each(ours, commands),
              again: each(again, commands),
              bodies: each(bodies, commands),
              peers: others
            })
          }
          const ours = medians(taken.map((round) => round.ours))
          const shape = bare.shape()
          const per = (total: number) => (total / commands).toFixed(1)
          const ratio = (of: (round: (typeof taken)[number]) => number) => median(taken.map(of))
          return {
            name: `commands on ${subject.name}, ${plural(count, "caller")}`,
            shape:
              `${per(shape.events)} events of ${Math.round(shape.bodyBytes / shape.events)} bytes, ${per(shape.words)} index words, ` +
              `${per(shape.personal)} personal parts a command, each with a key of its client's; ${(commands / shape.commits).toFixed(1)} commands a commit`,
            figures: {
              "commands/s": 1 / ours.seconds,
              "CPU µs/command": ours.cpuSeconds * 1e6,
              "CPU µs/command, least round": Math.min(...taken.map((round) => round.ours.cpuSeconds)) * 1e6,
              "bare driver, same rows, CPU µs/command": ratio((round) => round.again.cpuSeconds) * 1e6,
              "bare driver, bodies alone, CPU µs/command": ratio((round) => round.bodies.cpuSeconds) * 1e6,
              ...Object.fromEntries(
                peers.flatMap((peer, index) => [
                  [`${peer.name}, commands/s`, 1 / ratio((round) => round.peers[index]!.seconds)],
                  [`${peer.name}, CPU µs/command`, ratio((round) => round.peers[index]!.cpuSeconds) * 1e6]
                ])
              )
            },
            ratios: {
              "the bare driver writing the same rows": ratio((round) => round.again.seconds / round.ours.seconds),
              "writing the bodies alone": ratio((round) => round.bodies.seconds / round.ours.seconds),
              ...Object.fromEntries(
                peers.map((peer, index) => [
                  peer.name,
                  ratio((round) => round.peers[index]!.seconds / round.ours.seconds)
                ])
              )
            }
          } satisfies Result
        }).pipe(Effect.provide(Registrar.layer({ platform })))
      )
    }
    return results
  }).pipe(Effect.scoped, Effect.provide(Register.layerOver(options.folder, options.subject.layer(options.folder))))
