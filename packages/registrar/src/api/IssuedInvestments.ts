/**
 * Investments in the products of an issuer, embedded. For the services of issuers.
 */
import { Projections } from "@effekten/projections"
import { Api, IssuedInvestments } from "@effekten/services"
import type { Context } from "effect"
import { implement, type Implementation, pages, shows, view } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { ownProduct } from "./IssuedProducts.ts"
import type { Showing } from "./Showing.ts"

const investment = view(Api.issuedInvestmentAnswer, Projections.issuedInvestments, {
  1: (state) => ({
    id: state.id,
    status: state.status,
    campaignId: state.campaignId,
    productId: state.productId,
    units: state.units,
    remainingUnits: state.remainingUnits,
    signedAt: state.signedAt,
    acceptedAt: state.acceptedAt,
    paidAt: state.paidAt,
    deliveredAt: state.deliveredAt,
    disagio: state.disagio,
    accruedInterest: state.accruedInterest,
    createdAt: state.createdAt
  })
})

const { operations } = IssuedInvestments.resource

/** @category constructors */
export const issuedInvestments = (
  context: Context.Context<Intake | Showing>
): Implementation<typeof IssuedInvestments.resource.operations> =>
  implement(
    { key: IssuedInvestments.key, operations },
    {
      list: pages(operations.list, {
        view: investment,
        scope: ([product]) => product,
        within: ([id], by) => ownProduct(id, by)
      }),
      get: shows(operations.get, {
        view: investment,
        key: ([id]) => id,
        missing: "investment_not_found",
        within: ([key], by) => ({
          projection: Projections.issuedInvestments,
          key,
          missing: "investment_not_found",
          of: ({ productId }) => ownProduct(productId, by)
        })
      })
    },
    context
  )
