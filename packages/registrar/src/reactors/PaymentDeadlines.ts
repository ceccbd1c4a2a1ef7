/**
 * Ends subscriptions that are accepted and not paid in time. A {@link Reactor}: it follows the clock, and decides nothing.
 *
 * The read model proposes investments whose deadline has passed by the time the register trusts, and the decision has the last word. The
 * identity of the instruction follows from the investment and the due instant. Given twice, by two nodes or before and after a crash, it is
 * recorded once.
 */
import { Id } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import { Projections, ReadModels } from "@effekten/projections"
import type { CommandFailure } from "@effekten/services"
import { Array as Arr, Duration, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { Secrets } from "../base/Secrets.ts"
import type { Executor } from "../deciding/Executor.ts"
import { Log } from "../log/Log.ts"
import { TrustedTime } from "../log/TrustedTime.ts"
import * as Reactor from "./Reactor.ts"
import * as Turns from "./Turns.ts"

/** @category models */
export interface PaymentDeadlinesOptions {
  /** Whether the clock ends subscriptions that are not paid in time. Default: yes, as their terms say. */
  readonly enforcePaymentDeadlines?: boolean
  /**
   * At most about so many are ended within an hour, by all processes together. So a person can notice what goes on, and stop it. Default:
   * 1,000.
   */
  readonly maximumUnpaidPerTurn?: number
}

/** No deadline is shorter than a day. So a new one is found before it has passed, and is enforced at its instant. @category values */
export const longestSleep = Duration.hours(1)

/** How a failed look is tried again. */
const again = Reactor.backingOff("1 second", "10 minutes")

type Failure = CommandFailure | EventStoreError | ReadModels.ReadModelsUnavailable | Reactor.BrokenOff | SqlError

/** @category layers */
export const layer = ({
  enforcePaymentDeadlines = true,
  maximumUnpaidPerTurn = 1_000
}: PaymentDeadlinesOptions): Layer.Layer<
  never,
  never,
  Executor | Log | ReadModels.ReadModels | Secrets | TrustedTime
> =>
  enforcePaymentDeadlines
    ? Layer.effectDiscard(
        Effect.gen(function* () {
          const look = yield* looking(maximumUnpaidPerTurn)
          const turn = Reactor.insisting(look, "Subscriptions that are not paid in time could not be ended", again)
          yield* Reactor.run("payment-deadlines", Effect.forever(Effect.flatMap(turn, Effect.sleep)))
        })
      )
    : Layer.empty

type Due = ReadModels.Ranked<Projections.InvestmentState>

/** Ends what is due by the time the register trusts, round by round, and returns how long to sleep then. */
const looking = Effect.fnUntraced(function* (maximumPerTurn: number) {
  const log = yield* Log
  const time = yield* TrustedTime
  const readModels = yield* ReadModels.ReadModels
  const instruct = yield* Reactor.instructing("clock")
  return Effect.gen(function* (): Effect.fn.Return<Duration.Duration, Failure> {
    const { at, doubt } = yield* time.reading
    if (doubt !== undefined) yield* Effect.logWarning(doubt)
    // No key that a person brings has a blank in it.
    const end = ({ key: id, rank: due }: Due) =>
      instruct(
        { operation: "EnforcePaymentDeadline", input: { investmentId: Id.InvestmentId.make(id) } },
        id,
        `${due} ${Turns.turnOf(due, at, longestSleep)}`
      )
    let asked = yield* Turns.doneLately(log, "InvestmentEnded", maximumPerTurn)
    let after: Due | undefined
    let failure: Failure | undefined
    while (asked < maximumPerTurn) {
      const limit = Math.min(Turns.maximumAtOnce, maximumPerTurn - asked)
      const round = yield* readModels.ranked(Projections.investments, { limit, after })
      const due = round.filter(({ rank }) => rank < at.micros)
      asked += due.length
      after = due.at(-1)
      // A defect that concerns one investment must not end the others' turn.
      const results = yield* Effect.forEach(due, (each) => Effect.result(Reactor.withoutDefects(end(each))), {
        concurrency: Turns.maximumInFlight
      })
      failure ??= Arr.getFailures(results)[0]
      if (due.length === limit) continue
      if (failure !== undefined) return yield* failure
      return yield* Turns.sleepUntil(time, round[due.length]?.rank, longestSleep)
    }
    if (failure !== undefined) return yield* failure
    yield* Effect.logWarning(
      `${asked} subscriptions were unpaid at ${at.text} and more may be: the next ones are ended in an hour. If that cannot be, stop the server`
    )
    return Turns.pauseAfterMaximum
  })
})
