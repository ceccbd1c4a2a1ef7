/**
 * What a platform may sell, embedded. For the services of a platform.
 */
import type { Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, OfferedCampaigns, OfferedProducts } from "@effekten/services"
import type { Context } from "effect"
import { implement, type Implementation, pages, shows, view, viewBeside } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { campaignOf, termsOf } from "./OfferingView.ts"
import type { Showing } from "./Showing.ts"
import { terms } from "./TermsDepositsApi.ts"

const product = viewBeside(
  Api.offeredProductAnswer,
  Projections.offers,
  { projection: Projections.products, key: ({ productId }) => productId },
  {
    1: ({ createdAt, listed }, _personal, _place, state) => ({
      id: state.productId,
      ...termsOf(state),
      listed,
      paused: state.paused,
      createdAt
    })
  }
)

const campaign = view(Api.offeredCampaignAnswer, Projections.offeredCampaigns, {
  1: (state) => ({
    ...campaignOf(state),
    freeUnits: state.allocation - state.usedUnits
  })
})

type Parts = Context.Context<Intake | Showing>

const ofProducts = OfferedProducts.resource.operations

/** @category constructors */
export const offeredProducts = (context: Parts): Implementation<typeof OfferedProducts.resource.operations> =>
  implement(
    { key: OfferedProducts.key, operations: ofProducts },
    {
      list: pages(ofProducts.list, { view: product }),
      get: shows(ofProducts.get, {
        view: product,
        key: ([id], platform) => Projections.offerKey(platform as Id.PlatformId, id),
        missing: "product_not_found"
      }),
      terms: pages(ofProducts.terms, {
        view: terms,
        scope: ([id]) => id,
        within: ([id], { platform }) => ({
          projection: Projections.offers,
          key: Projections.offerKey(platform as Id.PlatformId, id),
          missing: "product_not_found"
        })
      })
    },
    context
  )

const ofCampaigns = OfferedCampaigns.resource.operations

/** @category constructors */
export const offeredCampaigns = (context: Parts): Implementation<typeof OfferedCampaigns.resource.operations> =>
  implement(
    { key: OfferedCampaigns.key, operations: ofCampaigns },
    {
      list: pages(ofCampaigns.list, { view: campaign }),
      get: shows(ofCampaigns.get, { view: campaign, key: ([id]) => id, missing: "campaign_not_found" })
    },
    context
  )
