/**
 * Issues a statement of the register about each entry once a year (eWpG § 19). A {@link Reactor}: it follows the clock, and decides nothing.
 *
 * A year begins by the time that the register trusts, in UTC. Entries from before it are gone through from the first, a bounded number a
 * turn; how far that has come is stored for each year. Whatever is gone through twice is recorded once.
 */
import { Id, Investment, type Statement } from "@effekten/domain"
import type { Bookmark, EventStoreError, Position } from "@effekten/event-store"
import { FoldOne, Projection, Projections } from "@effekten/projections"
import { Duration, Effect, Option } from "effect"
import { Log, type RegisterLog } from "../log/Log.ts"
import { TrustedTime } from "../log/TrustedTime.ts"
import { Progress } from "./Progress.ts"
import * as Reactor from "./Reactor.ts"
import * as Reached from "./Reached.ts"
import * as Turns from "./Turns.ts"

/** @category models */
export interface YearlyOptions {
  /** Of at most about so many entries the yearly statements are issued within an hour. Default: 1,000. */
  readonly maximumYearlyPerTurn?: number
}

/**
 * Instructs the register to issue a statement, and says where it is recorded. What was instructed before is recorded once.
 *
 * @category models
 */
export type Issue = (told: {
  readonly investmentId: Id.InvestmentId
  readonly cause: Exclude<typeof Statement.Cause.Type, "request">
  readonly about: string
  readonly asOf: number
}) => Effect.Effect<Option.Option<Position | Bookmark>>

/** Products that are remembered to be crypto securities or not. */
const keptProducts = 10_000

/** Whether a product is a crypto security: nothing changes that. @category constructors */
export const cryptoSecurities = (
  log: RegisterLog
): ((product: Id.ProductId) => Effect.Effect<boolean, EventStoreError>) => {
  const known = new Map<string, boolean>()
  return (product) =>
    Effect.suspend(() => {
      const kept = known.get(product)
      if (kept !== undefined) return Effect.succeed(kept)
      return Effect.map(FoldOne.fold(log, Projections.products, product), (state) => {
        const isCrypto = state?.kind === "ewpg"
        if (known.size === keptProducts) known.delete(known.keys().next().value!)
        if (state !== undefined) known.set(product, isCrypto)
        return isCrypto
      })
    })
}

const longestSleep = Duration.hours(1)
const again = Reactor.backingOff("1 second", "10 minutes")

const yearOf = (micros: number): number => new Date(micros / 1000).getUTCFullYear()
const beginOf = (year: number): number => Date.UTC(year, 0, 1) * 1000

/** Runs for as long as the scope is open. @category running */
export const run = Effect.fnUntraced(function* (issue: Issue, options: YearlyOptions) {
  const turn = Reactor.insisting(
    yield* looking(issue, options),
    "Yearly statements of the register could not be issued",
    again
  )
  yield* Reactor.run("yearly-statements", Effect.forever(Effect.flatMap(turn, Effect.sleep)))
})

const looking = Effect.fnUntraced(function* (issue: Issue, { maximumYearlyPerTurn = 1_000 }: YearlyOptions) {
  const log = yield* Log
  const progress = yield* Progress
  const time = yield* TrustedTime
  const isCrypto = cryptoSecurities(log)

  const tell = Effect.fnUntraced(function* (id: string, about: string) {
    const asOf = yield* log.head
    const state = yield* FoldOne.fold(log, Projections.investments, id, { to: asOf })
    if (state === undefined || state.deliveredAt === null || state.remainingUnits === 0) return Option.none()
    if (!(yield* isCrypto(state.productId))) return Option.none()
    return yield* issue({ investmentId: Id.InvestmentId.make(id), cause: "yearly", about, asOf })
  })

  return Effect.gen(function* () {
    const { at } = yield* time.reading
    const year = yearOf(at.micros)
    const place = Reached.make(log, progress, `statements of ${year}`)
    let from = yield* place.from
    for (let asked = 0; asked < maximumYearlyPerTurn;) {
      const limit = Math.min(Turns.maximumAtOnce, maximumYearlyPerTurn - asked)
      const round = yield* log.readAll([{ types: Investment.entering }], { from: from + 1, limit })
      const due = round.filter((event) => Date.parse(Projection.recordedAt(event)) * 1000 < beginOf(year))
      const ids = new Set(due.flatMap((event) => Projections.investments.keys(event)))
      const issued = yield* Effect.forEach(ids, (id) => tell(id, String(year)), { concurrency: Turns.maximumInFlight })
      const last = due.at(-1)
      if (last !== undefined) {
        from = last.position
        yield* place.reach(from, issued.flatMap(Option.toArray))
      }
      if (due.length < limit) return yield* Turns.sleepUntil(time, beginOf(year + 1), longestSleep)
      asked += due.length
    }
    return Turns.pauseAfterMaximum
  })
})
