/**
 * `effekten decide investment`: what a person decides about a subscription. For the registrar's staff. No server may hold the folder
 * meanwhile; in PostgreSQL the nodes may run.
 */
import { Id } from "@effekten/domain"
import type { Registrar } from "@effekten/registrar"
import { type Api, type CommandFailure, IssuerInvestments, RegistrarInvestments } from "@effekten/services"
import { Console, Effect } from "effect"
import { explain, inRegister } from "./Forget.ts"
import { given, instantOf } from "./Given.ts"
import type { Place } from "./Place.ts"

interface Named {
  readonly investment: string
}

const investmentOf = given(Id.InvestmentId, "id of an investment")

const deciding = Effect.fnUntraced(function* (
  place: Place,
  { investment }: Named,
  done: string,
  decide: (id: Id.InvestmentId) => Effect.Effect<void, CommandFailure, Registrar.Register>
) {
  const id = yield* investmentOf(investment)
  yield* inRegister(place, {}, Effect.mapError(decide(id), explain))
  yield* Console.log(`${done}: ${id}`)
})

/** @category commands */
export const runDecideReview = (place: Place, named: Named, review: Api.OutsideReview) =>
  deciding(place, named, `review ${review}`, (id) =>
    Effect.flatMap(RegistrarInvestments, (investments) => investments.review(id, review))
  )

/** @category commands */
export const runReject = (place: Place, named: Named) =>
  deciding(place, named, "rejected", (id) => Effect.flatMap(IssuerInvestments, (investments) => investments.reject(id)))

/** @category commands */
export const runCancel = Effect.fnUntraced(function* (
  place: Place,
  options: Named & { readonly late: boolean; readonly cancelledAt: string | undefined }
) {
  const { cancelledAt, late } = options
  const input = cancelledAt === undefined ? { late } : { late, cancelledAt: yield* instantOf(cancelledAt) }
  yield* deciding(place, options, "cancelled", (id) =>
    Effect.flatMap(RegistrarInvestments, (investments) => investments.cancel(id, input))
  )
})
