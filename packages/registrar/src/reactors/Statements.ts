/**
 * Issues statements of the register (eWpG § 19): for each entry, and at each change of what it says. A {@link Reactor}: it follows the log,
 * and decides nothing.
 *
 * The identity of an instruction follows from the investment and the position that caused it. Given twice, by two nodes or before and after a
 * crash, it is recorded once. So after a crash, and where the log was put back, what was done is simply gone through again.
 */
import { Id, Investment, Tag } from "@effekten/domain"
import { type EventStoreError, History } from "@effekten/event-store"
import { FoldOne, type Projection, Projections, StatementsDue } from "@effekten/projections"
import type { CommandFailure } from "@effekten/services"
import { Array as Arr, Duration, Effect, Layer, Option, Stream } from "effect"
import { type SecureRandom } from "effect/crypto"
import * as Ids from "../base/Ids.ts"
import type { Secrets } from "../base/Secrets.ts"
import { today } from "../base/StatementText.ts"
import type { Executor } from "../deciding/Executor.ts"
import { Log, type RegisterLog } from "../log/Log.ts"
import type { TrustedTime } from "../log/TrustedTime.ts"
import { Progress } from "./Progress.ts"
import * as Reactor from "./Reactor.ts"
import * as Reached from "./Reached.ts"
import * as Turns from "./Turns.ts"
import * as YearlyStatements from "./YearlyStatements.ts"

/** @category models */
export interface StatementsOptions extends YearlyStatements.YearlyOptions {
  /** Whether the register issues statements by itself, as § 19 eWpG asks for consumers. Default: yes. */
  readonly issueStatements?: boolean
}

/** Events after which progress is stored, and how long it waits for so many. */
const step = { events: 256, wait: Duration.seconds(1) } as const

/** @category layers */
export const layer = (
  options: StatementsOptions
): Layer.Layer<never, never, Executor | Log | Progress | Secrets | SecureRandom.SecureRandom | TrustedTime> =>
  options.issueStatements === false
    ? Layer.empty
    : Layer.effectDiscard(
        Effect.gen(function* () {
          const issue = yield* issuing
          yield* Reactor.run("statements", yield* following(issue))
          yield* YearlyStatements.run(issue, options)
        })
      )

/** Gives the instruction, until it is answered. A refusal is an answer: the investor is erased, for example. It leaves no place. */
const issuing: Effect.Effect<YearlyStatements.Issue, never, Executor | Log | Secrets | SecureRandom.SecureRandom> =
  Effect.gen(function* () {
    const log = yield* Log
    const ids = yield* Ids.make
    const instruct = yield* Reactor.instructing("clock")
    return (told) =>
      Effect.clockWith((clock) => {
        const statementId = Id.StatementId.make(ids.next(clock))
        const input = { statementId, ...told, renderer: today }
        return instruct({ operation: "IssueStatement", input }, told.investmentId, `${told.cause} ${told.about}`)
      }).pipe(
        Effect.retry({ while: (error: CommandFailure) => error._tag === "Unavailable", schedule: Reactor.again }),
        Effect.flatMap((answered) => Reached.placeOf(log, answered)),
        Effect.option
      )
  })

/** The investments that have units in the wallet of a freeze, as of it. */
const bound = Effect.fnUntraced(function* (
  log: RegisterLog,
  event: StatementsDue.Freeze
): Effect.fn.Return<ReadonlyArray<string>, EventStoreError> {
  const { walletId } = event.data
  const product = "productId" in event.data ? event.data.productId : undefined
  const arrivals = yield* log.readAll([{ types: Investment.entering, tags: [Tag.wallet(walletId)] }], {
    to: event.position
  })
  const ids = Arr.dedupe(arrivals.flatMap((arrival) => Projections.investments.keys(arrival)))
  return yield* Effect.filter(ids, (id) =>
    Effect.map(
      FoldOne.fold(log, Projections.investments, id, { to: event.position }),
      (state) =>
        state !== undefined &&
        state.walletId === walletId &&
        // A credit that was undone has no units in the wallet, whatever was signed.
        state.deliveredAt !== null &&
        state.remainingUnits > 0 &&
        (product === undefined || state.productId === product)
    )
  )
})

/** Issues what an event asks for, and says where that is recorded. */
const reacting = (log: RegisterLog, issue: YearlyStatements.Issue) => {
  const isCrypto = YearlyStatements.cryptoSecurities(log)
  const told = Effect.fnUntraced(function* (event: Projection.LoggedEvent, id: string) {
    const { position } = event
    const after = yield* FoldOne.fold(log, Projections.investments, id, { to: position })
    if (after === undefined || !(yield* isCrypto(after.productId))) return Option.none()
    const before = yield* FoldOne.fold(log, Projections.investments, id, { to: position - 1 })
    const cause = (before?.deliveredAt ?? null) === null ? ("entry" as const) : ("change" as const)
    return yield* issue({ investmentId: Id.InvestmentId.make(id), cause, about: String(position), asOf: position })
  })
  return Effect.fnUntraced(function* (event: Projection.LoggedEvent) {
    const { data, position } = event
    if ("productId" in data && !(yield* isCrypto(data.productId))) return { position, outcomes: [] }
    const ids = StatementsDue.isFreeze(event) ? yield* bound(log, event) : Projections.investments.keys(event)
    const issued = yield* Effect.forEach(ids, (id) => told(event, id), { concurrency: Turns.maximumInFlight })
    return { position, outcomes: issued.flatMap(Option.toArray) }
  })
}

/** Follows the log from where it has come to; where that is not known any more, from the first event. */
const following = Effect.fnUntraced(function* (issue: YearlyStatements.Issue) {
  const log = yield* Log
  const place = Reached.make(log, yield* Progress, "statements")
  const react = reacting(log, issue)
  const events = Reactor.following(log, {
    query: [{ types: StatementsDue.causes }],
    after: place.from,
    standing: "Statements of the register stand still",
    putBack: () => Effect.succeed(true)
  })
  const through = events.pipe(
    // One after the other: the statements of an investment are in the order of what caused them.
    Stream.mapEffect((event) => Reactor.insisting(react(event), "A statement of the register could not be issued")),
    Stream.groupedWithin(step.events, step.wait),
    Stream.runForEach((done) =>
      Reactor.withoutDefects(
        place.reach(
          done.at(-1)!.position,
          done.flatMap(({ outcomes }) => outcomes)
        )
      ).pipe(
        Effect.catchIf(
          (error) => !History.isOtherHistory(error),
          (error) => Effect.logDebug("The progress of statements is not stored now", error)
        )
      )
    )
  )
  // The log was put back, and has lost statements of events that it has kept: they are gone through again.
  return Effect.retry(through, { while: History.isOtherHistory, schedule: Reactor.again })
})
