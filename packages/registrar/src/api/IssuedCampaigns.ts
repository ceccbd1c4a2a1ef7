/**
 * How an issuer sells through the API, embedded: where its products are listed, and its campaigns there. For the services of issuers.
 */
import { Commands, Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, IssuedCampaigns, IssuedListings } from "@effekten/services"
import { Context, Effect } from "effect"
import { now } from "../base/Now.ts"
import {
  changed,
  consumed,
  implement,
  type Implementation,
  type Instructing,
  instructs,
  made,
  pages,
  recorded,
  shows,
  view
} from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { ownProduct } from "./IssuedProducts.ts"
import { campaignOf } from "./OfferingView.ts"
import { type Owned, Showing } from "./Showing.ts"

type Parts = Context.Context<Intake | Showing>

/** Fails unless the product that a body names is the issuer's that asks. */
const owning = (context: Parts, product: Id.ProductId, instructing: Instructing) =>
  Context.get(context, Showing).own(undefined, ownProduct(product, instructing))

const listing = view(Api.issuedListingAnswer, Projections.listings, {
  1: ({ listed, platformId, productId }) => ({ productId, distributionPlatformId: platformId, listed })
})

const ofListings = IssuedListings.resource.operations

/** @category constructors */
export const issuedListings = (context: Parts): Implementation<typeof IssuedListings.resource.operations> =>
  implement(
    { key: IssuedListings.key, operations: ofListings },
    {
      create: instructs(ofListings.create, {
        members: { distributionPlatformId: "platformId" },
        given: ({ input: { productId }, instructing }) => Effect.as(owning(context, productId, instructing), {}),
        answers: recorded(Api.issuedListingAnswer, {
          // It was listed there already, or is now.
          1: ({ events }) => {
            const { platformId, productId } = Commands.all.ListProduct.recall(events)
            return { productId, distributionPlatformId: platformId, listed: true }
          }
        })
      }),
      end: instructs(ofListings.end, {
        members: { distributionPlatformId: "platformId" },
        given: ({ input: { productId }, instructing }) => Effect.as(owning(context, productId, instructing), {}),
        answers: recorded(Api.issuedListingAnswer, {
          1: ({ events }) => {
            const { platformId, productId } = Commands.all.DelistProduct.recall(events)
            return { productId, distributionPlatformId: platformId, listed: false }
          }
        })
      }),
      list: pages(ofListings.list, {
        view: listing,
        scope: ([product]) => product,
        within: ([id], by) => ownProduct(id, by)
      })
    },
    context
  )

const campaign = view(Api.issuedCampaignAnswer, Projections.issuedCampaigns, {
  1: (state) => ({
    ...campaignOf(state),
    distributionPlatformId: state.platformId,
    usedUnits: state.usedUnits
  })
})

/** A campaign for a product of the issuer that asks. */
const ownCampaign = (key: string, instructing: Instructing): Owned => ({
  projection: Projections.issuedCampaigns,
  key,
  missing: "campaign_not_found",
  of: ({ productId }) => ownProduct(productId, instructing)
})

const ofCampaigns = IssuedCampaigns.resource.operations

/** @category constructors */
export const issuedCampaigns = (context: Parts): Implementation<typeof IssuedCampaigns.resource.operations> =>
  implement(
    { key: IssuedCampaigns.key, operations: ofCampaigns },
    {
      create: instructs(ofCampaigns.create, {
        members: { distributionPlatformId: "platformId", opensAt: consumed, reviewRequired: consumed },
        given: Effect.fnUntraced(function* ({
          input: { opensAt, productId, reviewRequired = false },
          instructing,
          newId
        }) {
          yield* owning(context, productId, instructing)
          return {
            campaignId: Id.CampaignId.make(yield* newId),
            opensAt: opensAt ?? (yield* now).text,
            reviewRequired
          }
        }),
        answers: made(campaign)
      }),
      list: pages(ofCampaigns.list, {
        view: campaign,
        scope: ([product]) => product,
        within: ([id], by) => ownProduct(id, by)
      }),
      get: shows(ofCampaigns.get, {
        view: campaign,
        key: ([id]) => id,
        missing: "campaign_not_found",
        within: ([id], by) => ownCampaign(id, by)
      }),
      resize: instructs(ofCampaigns.resize, {
        members: {},
        given: ({ ids: [campaignId] }) => Effect.succeed({ campaignId }),
        within: ([id], by) => ownCampaign(id, by),
        answers: changed(campaign, ([id]) => id)
      }),
      close: instructs(ofCampaigns.close, {
        members: {},
        given: ({ ids: [campaignId] }) => Effect.succeed({ campaignId }),
        within: ([id], by) => ownCampaign(id, by),
        answers: changed(campaign, ([id]) => id)
      })
    },
    context
  )
