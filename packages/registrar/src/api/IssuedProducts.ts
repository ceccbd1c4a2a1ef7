/**
 * What an issuer sells through the API, embedded: its products, and the platforms that may sell them. For the services of
 * issuers.
 */
import { Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, Checking, DistributionPlatforms, IssuedProducts } from "@effekten/services"
import { type Context, Effect } from "effect"
import {
  changed,
  consumed,
  implement,
  type Implementation,
  type Instructing,
  instructs,
  made,
  pages,
  shows,
  view
} from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { own } from "./Issuers.ts"
import { termsOf } from "./OfferingView.ts"
import { notFound, type Owned, type Showing } from "./Showing.ts"

type Parts = Context.Context<Intake | Showing>

const product = view(Api.issuedProductAnswer, Projections.issuedProducts, {
  1: (state) => {
    const { cancellationDays, issueVolume, paymentDays, ...terms } = termsOf(state)
    return {
      id: state.productId,
      ...terms,
      maxIssuableAmount: issueVolume,
      paymentDeadline: paymentDays,
      cancellationDeadline: cancellationDays,
      provideNominalValue: state.nominalValue !== null,
      status: state.paused ? ("PAUSED" as const) : ("ACTIVE" as const),
      createdAt: state.createdAt
    }
  }
})

/** A product of the issuer that asks. @category constructors */
export const ownProduct = (key: string, instructing: Instructing): Owned => ({
  projection: Projections.issuedProducts,
  key,
  missing: "product_not_found",
  belongs: ({ issuerId }) => issuerId === own(instructing)
})

const ofProducts = IssuedProducts.resource.operations

/** Whether one of both prices is given, and that which is announced. */
const isPricedOnce = ({
  issuancePrice,
  nominalValue,
  provideNominalValue = nominalValue !== undefined
}: Api.CreateIssuedProduct): boolean =>
  provideNominalValue === (nominalValue !== undefined) && provideNominalValue === (issuancePrice === undefined)

const otherPrice = Checking.invalid([
  {
    pointer: "/provide_nominal_value",
    code: "invalid_value",
    message: "Expected nominal_value or issuance_price, as provide_nominal_value says"
  }
])

/** @category constructors */
export const issuedProducts = (context: Parts): Implementation<typeof IssuedProducts.resource.operations> =>
  implement(
    { key: IssuedProducts.key, operations: ofProducts },
    {
      create: instructs(ofProducts.create, {
        members: {
          ewpg: consumed,
          provideNominalValue: consumed,
          maxIssuableAmount: "issueVolume",
          paymentDeadline: "paymentDays",
          cancellationDeadline: "cancellationDays"
        },
        given: ({ input, instructing, newId }) => {
          if (input.issuerId !== own(instructing)) return Effect.fail(notFound("issuer_not_found"))
          if (!isPricedOnce(input)) return Effect.fail(otherPrice)
          const kind = input.ewpg ? ("ewpg" as const) : ("digital" as const)
          return Effect.map(newId, (id) => ({ productId: Id.ProductId.make(id), kind }))
        },
        answers: made(product)
      }),
      list: pages(ofProducts.list, { view: product, scope: (_, instructing) => own(instructing) }),
      get: shows(ofProducts.get, {
        view: product,
        key: ([id]) => id,
        missing: "product_not_found",
        belongs: ({ issuerId }, _, instructing) => issuerId === own(instructing)
      }),
      amend: instructs(ofProducts.amend, {
        members: {
          maxIssuableAmount: "issueVolume",
          paymentDeadline: "paymentDays",
          cancellationDeadline: "cancellationDays"
        },
        given: ({ ids: [productId] }) => Effect.succeed({ productId, network: undefined }),
        within: ([id], instructing) => ownProduct(id, instructing),
        answers: changed(product, ([id]) => id)
      })
    },
    context
  )

const platform = view(Api.distributionPlatformAnswer, Projections.platforms, {
  // The register lets every issuer list with every platform that it has admitted.
  1: ({ id, name }) => ({ id, platformCompanyName: name, isAllowed: true })
})

const ofPlatforms = DistributionPlatforms.resource.operations

/** @category constructors */
export const distributionPlatforms = (
  context: Parts
): Implementation<typeof DistributionPlatforms.resource.operations> =>
  implement(
    { key: DistributionPlatforms.key, operations: ofPlatforms },
    {
      list: pages(ofPlatforms.list, { view: platform }),
      get: shows(ofPlatforms.get, { view: platform, key: ([id]) => id, missing: "platform_not_found" })
    },
    context
  )
