/**
 * Measures reading the events of an object out of a long log and folding them. Beside it: the bare driver, which parses the same bodies,
 * and the peers.
 */
import { type Events, Id, Tag } from "@effekten/domain"
import type { NewEvent, Position } from "@effekten/event-store"
import { FoldOne, Projections } from "@effekten/projections"
import { Log } from "@effekten/registrar"
import { Effect } from "effect"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import { randomBytes, randomUUID } from "node:crypto"
import { each, median, medians, type Result, timed, type Took } from "./Measure.ts"
import type { Peer } from "./Peer.ts"
import * as Register from "./Register.ts"
import type { Subject } from "./Subject.ts"

/** Events of others between two of an object's own. */
const between = 20

/** Objects of these lengths, their events spread over the end of the log. */
const write = Effect.fnUntraced(function* (lengths: ReadonlyArray<number>) {
  const log = yield* Log
  const most = Math.max(...lengths)
  const [signed] = Register.subscription(Register.newCampaign(), Register.newProduct())
  if (signed?.type !== "InvestmentSigned") return yield* Effect.die(new Error("a subscription begins with a signature"))
  const objects = lengths.map((length) => ({ length, id: Id.InvestmentId.make(randomUUID()) }))
  for (let step = 0; step < most; step++) {
    const group: Array<NewEvent<Events.RegisterEvent>> = []
    for (const { id, length } of objects) {
      if (step % (most / length) !== 0) continue
      group.push(
        step === 0
          ? { ...signed, id: randomUUID(), data: { ...signed.data, investmentId: id } }
          : {
              id: randomUUID(),
              type: "WalletAssigned",
              data: { investmentId: id, walletId: Id.WalletId.make(randomUUID()) },
              meta: { ...signed.meta, operation: "AmendInvestment", instruction: randomBytes(32).toString("hex") }
            }
      )
    }
    while (group.length < between) group.push(...Register.subscription(Register.newCampaign(), Register.newProduct()))
    if (isReadonlyArrayNonEmpty(group)) yield* log.append(group)
  }
  return objects
})

/** One after the other, and nothing in between: `Effect.repeat` gives way to others after each. */
const times = <A, E, R>(count: number, work: Effect.Effect<A, E, R>): Effect.Effect<void, E, R> => {
  let left = count
  return Effect.whileLoop({ while: () => left-- > 0, body: () => work, step: () => undefined })
}

export const measure = (options: {
  readonly subject: Subject
  readonly peers: ReadonlyArray<Peer>
  readonly folder: string
  readonly rounds: number
  readonly quick: boolean
  readonly lengths: ReadonlyArray<number>
}) =>
  Effect.gen(function* () {
    const { folder, lengths, peers, rounds, subject } = options
    const log = yield* Log
    const objects = yield* write(lengths)
    const parse = yield* subject.parse(folder)
    const results: Array<Result> = []
    for (const { id, length } of objects) {
      const positions: ReadonlyArray<Position> = (yield* log.readAll([{ tags: [Tag.investment(id)] }])).map(
        ({ position }) => position
      )
      const count = Math.ceil((options.quick ? 2_000 : 20_000) / length)
      const taken: Array<{ ours: Took; bare: Took; peers: ReadonlyArray<Took> }> = []
      for (let round = 0; round <= rounds; round++) {
        const ours = yield* timed(times(count, FoldOne.fold(log, Projections.investments, id)))
        let members = 0
        const bare = yield* timed(
          times(
            count,
            Effect.map(parse(positions), (found) => (members += found))
          )
        )
        if (members === 0) return yield* Effect.die(new Error("nothing was parsed"))
        const others = yield* Effect.forEach(peers, (peer) => peer.read(length))
        if (round === 0 && rounds > 0) continue
        taken.push({ ours: each(ours, count), bare: each(bare, count), peers: others })
      }
      const ours = medians(taken.map((round) => round.ours))
      results.push({
        name: `read and fold of ${length.toLocaleString("en")} events on ${subject.name}`,
        shape: `looked up by tag, ${between} events of others between two; leaf and schema checked`,
        figures: {
          "µs/object": ours.seconds * 1e6,
          "CPU µs/object": ours.cpuSeconds * 1e6,
          ...Object.fromEntries(
            peers.map((peer, index) => [
              `${peer.name}, µs/stream`,
              median(taken.map((round) => round.peers[index]!.seconds)) * 1e6
            ])
          )
        },
        ratios: {
          "the bare driver with JSON.parse, positions known": median(
            taken.map(({ bare, ours }) => bare.seconds / ours.seconds)
          ),
          ...Object.fromEntries(
            peers.map((peer, index) => [
              peer.name,
              median(taken.map((round) => round.peers[index]!.seconds / round.ours.seconds))
            ])
          )
        }
      })
    }
    return results
  }).pipe(Effect.scoped, Effect.provide(Register.layerOver(options.folder, options.subject.layer(options.folder))))
