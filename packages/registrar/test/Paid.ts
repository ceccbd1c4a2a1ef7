/**
 * A paid investment, its credit, and a register on kept parts. For the tests of settlement.
 */
import { type LedgerOutcome, LedgerUnavailable } from "@effekten/registrar"
import { Credits, Investments } from "@effekten/services"
import { Effect } from "effect"
import { offering, onboarded, signedAt } from "./fixture.ts"
import { as, type Kept, open, scriptedLedger, until, wholeLog } from "./parts.ts"

export const succeeded: LedgerOutcome = { _tag: "Succeeded" }
export const failed: LedgerOutcome = { _tag: "Failed" }
export const unknown: LedgerOutcome = { _tag: "Unknown" }
export const processing: LedgerOutcome = { _tag: "Processing" }
export const silent = new LedgerUnavailable({ message: "no answer" })

/** A paid investment with a wallet, in a register of its own. */
export const paidWith = Effect.fnUntraced(function* (units: number) {
  const { platform, product, campaign } = yield* offering()
  return yield* Effect.gen(function* () {
    const holder = yield* onboarded
    const investment = yield* (yield* Investments).create({
      campaignId: campaign,
      investorId: holder.investor,
      units,
      signedAt,
      acceptedAt: signedAt,
      paidAt: signedAt,
      wallet: holder.wallet
    })
    return { platform, product, ...holder, investment: investment.id }
  }).pipe(as(platform))
})

export const paid = paidWith(10)

type Paid = Effect.Success<typeof paid>

export const creditOf = (world: Paid) =>
  Effect.flatMap(Credits, (credits) => credits.create(world.investment)).pipe(as(world.platform))
export const statusOf = (world: Paid, id: string) =>
  Effect.flatMap(Credits, (credits) => credits.get(world.investment, id as never)).pipe(as(world.platform))
export const remainingOf = (world: Paid) =>
  Effect.map(
    Effect.flatMap(Investments, (investments) => investments.get(world.investment)),
    ({ status, remainingUnits }) => ({ status, remainingUnits })
  ).pipe(as(world.platform))

export const settled = (world: Paid, id: string) => until(statusOf(world, id), ({ status }) => status !== "processing")

/** Opens a register on kept parts, runs, and closes it again. */
export const session = <A, E, R>(
  keep: Kept,
  ledger: ReturnType<typeof scriptedLedger>,
  run: Effect.Effect<A, E, R>,
  wrap?: Parameters<typeof open>[1] extends infer _ ? NonNullable<Parameters<typeof open>[1]>["wrap"] : never
) =>
  Effect.scoped(
    Effect.flatMap(open(keep, { ledger: ledger.layer, ...(wrap === undefined ? {} : { wrap }) }), (register) =>
      Effect.provideContext(run, register)
    )
  )

export const typesOf = Effect.map(wholeLog, (events) =>
  events.map(({ type }) => type).filter((type) => /Credit|Redemption|Redeemed/.test(type))
)
