/**
 * `effekten decide credit` and `redemption`: what a person found out about a task whose outcome is unknown. For the registrar's staff, that
 * has looked at the ledger. No server may hold the folder meanwhile; in PostgreSQL the nodes may run.
 */
import { Id, type TaskStatus } from "@effekten/domain"
import type { Registrar } from "@effekten/registrar"
import { type CommandFailure, Resolutions } from "@effekten/services"
import { Console, Effect } from "effect"
import { explain, inRegister } from "./Forget.ts"
import { given } from "./Given.ts"
import type { Place } from "./Place.ts"

const investmentOf = given(Id.InvestmentId, "id of an investment")
const creditOf = given(Id.CreditId, "id of a credit")
const redemptionOf = given(Id.RedemptionId, "id of a redemption")

const deciding = Effect.fnUntraced(function* (
  place: Place,
  task: string,
  decision: Effect.Effect<void, CommandFailure, Registrar.Register>
) {
  yield* inRegister(place, {}, Effect.mapError(decision, explain))
  yield* Console.log(`decided: ${task}`)
})

/** @category commands */
export const runDecideCredit = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly investment: string; readonly credit: string; readonly outcome: TaskStatus.FinalOutcome }
) {
  const investment = yield* investmentOf(options.investment)
  const credit = yield* creditOf(options.credit)
  yield* deciding(
    place,
    credit,
    Effect.flatMap(Resolutions, (resolutions) => resolutions.credit(investment, credit, options.outcome))
  )
})

/** @category commands */
export const runDecideRedemption = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly redemption: string; readonly outcome: TaskStatus.FinalOutcome }
) {
  const redemption = yield* redemptionOf(options.redemption)
  yield* deciding(
    place,
    redemption,
    Effect.flatMap(Resolutions, (resolutions) => resolutions.redemption(redemption, options.outcome))
  )
})
