/**
 * Erases investors when they are due. A {@link Reactor}: it follows the clock, and decides nothing.
 *
 * The read model proposes investors whose time may be over. A look at what the decision reads says whether it is, and the decision itself
 * has the last word. The identity of the instruction follows from the investor and the due instant. Given twice, by two nodes or before and
 * after a crash, it is recorded once. {@link Forgetting} destroys the keys, as after every erasure.
 */
import { type Id, Investor, Policy, RetentionPeriod, Timestamp } from "@effekten/domain"
import type { EventStoreError, Position } from "@effekten/event-store"
import { type Projection, Projections, ReadModels } from "@effekten/projections"
import type { CommandFailure } from "@effekten/services"
import { Array as Arr, Duration, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { Secrets } from "../base/Secrets.ts"
import type { Executor } from "../deciding/Executor.ts"
import { load, noSnapshots, Snapshots, type SnapshotsShape } from "../deciding/Snapshots.ts"
import { Log } from "../log/Log.ts"
import { TrustedTime } from "../log/TrustedTime.ts"
import { Forgetting, type ForgettingError } from "./Forgetting.ts"
import * as Reactor from "./Reactor.ts"
import * as Turns from "./Turns.ts"

/** @category models */
export interface RetentionOptions {
  /**
   * Whether investors are erased as soon as nothing stands against it any more. Default: no, because the register cannot know whether a
   * business relationship goes on without units.
   */
  readonly eraseWhenDue?: boolean
  /**
   * At most about so many are erased within an hour, by all processes together. So a person can notice what goes on, and stop it. Default:
   * 1,000.
   */
  readonly maximumPerTurn?: number
}

/** The clock sleeps at most so long: an investor that was released or restored meanwhile is found within a day of being due. @category values */
export const longestSleep = Duration.hours(6)

/** How a failed look is tried again. */
const again = Reactor.backingOff("1 second", "10 minutes")

/** The policy in force at the head of a log, and where it was set; at 0 where the defaults apply. @category computing */
export const policyIn = Effect.fnUntraced(function* (
  log: Pick<Projection.Log, "readAll">,
  to?: Position
): Effect.fn.Return<{ readonly policy: Policy.Policy; readonly position: Position }, EventStoreError> {
  const { tags, types } = Policy.model
  const [last] = yield* log.readAll([{ tags, types }], {
    limit: 1,
    backwards: true,
    ...(to === undefined ? {} : { to })
  })
  return last?.type === "PolicySet"
    ? { policy: last.data, position: last.position }
    : { policy: Policy.defaults, position: 0 }
})

/**
 * How long the data of an investor are kept, as the decision would find it at a position. `undefined` where there is no such investor.
 *
 * @category computing
 */
export const retentionAt = Effect.fnUntraced(function* (
  log: Pick<Projection.Log, "read" | "readAll">,
  investorId: Id.InvestorId,
  options: {
    readonly head: Position
    /** Another one than that of the log, to see what it would mean. */
    readonly policy?: Policy.Policy | undefined
    readonly snapshots?: SnapshotsShape
  }
): Effect.fn.Return<RetentionPeriod.Retention | undefined, EventStoreError> {
  const { head, snapshots = noSnapshots } = options
  const investor = (yield* load(log, snapshots, Investor.model(investorId), head)).state
  if (investor === undefined) return undefined
  const facts = RetentionPeriod.facts(investorId, investor as Parameters<typeof RetentionPeriod.facts>[1])
  let step = facts.next()
  while (!step.done) step = facts.next((yield* load(log, snapshots, step.value.model, head)).state)
  return RetentionPeriod.by(step.value, options.policy ?? (yield* policyIn(log, head)).policy)
})

type Failure =
  CommandFailure | EventStoreError | ForgettingError | ReadModels.ReadModelsUnavailable | Reactor.BrokenOff | SqlError

/** @category layers */
export const layer = (
  options: RetentionOptions
): Layer.Layer<never, never, Executor | Forgetting | Log | ReadModels.ReadModels | Secrets | TrustedTime> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const look = yield* looking(options.maximumPerTurn ?? 1_000)
      const turn = Reactor.insisting(look, "Investors that are due could not be erased", again).pipe(
        Effect.flatMap(Effect.sleep)
      )
      yield* Reactor.run("retention", Effect.forever(turn))
    })
  )

/** Erases an investor that is due; otherwise returns when that will be, if it is known. */
const erasing = Effect.gen(function* () {
  const log = yield* Log
  const snapshots = yield* Snapshots
  const instruct = yield* Reactor.instructing("clock")
  return Effect.fnUntraced(function* (investorId: Id.InvestorId, at: Timestamp.Instant) {
    const retention = yield* retentionAt(log, investorId, { head: yield* log.head, snapshots })
    if (retention?._tag !== "Until") return undefined
    const { due } = retention
    if (!RetentionPeriod.isDueAt(retention, at)) return due
    // No key that a person brings has a blank in it.
    const key = `${due.text} ${Turns.turnOf(due.micros, at, longestSleep)}`
    const command = { operation: "EraseInvestor", input: { investorId, ground: "retention_over" } } as const
    const { events } = yield* instruct(command, investorId, key)
    const [first] = events
    if (first?.type === "InstructionRejected")
      yield* Effect.logInfo(`An investor who was due is not erased yet: ${first.data.code}`, investorId)
    return undefined
  })
})

/** Erases the investors that are due by the time the register trusts, round by round, and returns how long to sleep then. */
const looking = Effect.fnUntraced(function* (maximumPerTurn: number) {
  const log = yield* Log
  const time = yield* TrustedTime
  const forgetting = yield* Forgetting
  const readModels = yield* ReadModels.ReadModels
  const erase = yield* erasing
  return Effect.gen(function* (): Effect.fn.Return<Duration.Duration, Failure> {
    const { at, doubt } = yield* time.reading
    if (doubt !== undefined) yield* Effect.logWarning(doubt)
    let next: Timestamp.Instant | undefined
    let failure: Failure | undefined
    let asked = yield* Turns.doneLately(log, "InvestorErased", maximumPerTurn)
    let after: ReadModels.Ranked<Projections.RetentionState> | undefined
    let isLast = false
    const { policy } = yield* policyIn(log)
    const expect = (due: Timestamp.Instant) => (next = next === undefined ? due : Timestamp.earlierOf(next, due))
    while (!isLast && asked < maximumPerTurn) {
      const round = yield* readModels.ranked(Projections.retentions, { limit: Turns.maximumAtOnce, after })
      after = round[round.length - 1]
      const { due, isOver, later } = sorted(round, policy, at)
      isLast = isOver || round.length < Turns.maximumAtOnce
      later.forEach(expect)
      if (due.length === 0) continue
      asked += due.length
      // A defect that concerns one investor must not end the others' turn.
      const results = yield* Effect.forEach(due, (id) => Effect.result(Reactor.withoutDefects(erase(id, at))), {
        concurrency: Turns.maximumInFlight
      })
      for (const instant of Arr.getSuccesses(results)) if (instant !== undefined) expect(instant)
      // An investor that cannot be looked at or destroyed yet does not delay the others.
      const forgotten = yield* Effect.result(forgetting.catchUp)
      failure ??= Arr.getFailures([...results, forgotten])[0]
    }
    if (failure !== undefined) return yield* failure
    if (isLast) return yield* Turns.sleepUntil(time, next?.micros, longestSleep)
    yield* Effect.logWarning(
      `${asked} investors were due at ${at.text} and more may be: the next ones are erased in an hour. If that cannot be, stop the server`
    )
    return Turns.pauseAfterMaximum
  })
})

/** Of one round: the investors that are due now, the instants at which others will be, and whether all further ones are due no sooner. */
const sorted = (
  round: ReadonlyArray<ReadModels.Ranked<Projections.RetentionState>>,
  policy: Policy.Policy,
  at: Timestamp.Instant
) => {
  const due: Array<Id.InvestorId> = []
  const later: Array<Timestamp.Instant> = []
  for (const { state } of round) {
    const soonest = Policy.retainUntil(policy, Timestamp.instantOf(state.lastAt))
    if (at.micros < soonest.micros) return { due, later: [...later, soonest], isOver: true }
    const retention = RetentionPeriod.by(Projections.retentionFactsOf(state), policy)
    if (RetentionPeriod.isDueAt(retention, at)) due.push(state.investorId)
    else if (retention._tag === "Until") later.push(retention.due)
  }
  return { due, later, isOver: false }
}
