/**
 * The services of the issuer's side, embedded: platforms, products and campaigns, which come before any subscription. For the registrar and
 * the issuer.
 */
import { Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import {
  Api,
  Campaigns,
  IssuerInvestments,
  Platforms,
  Products,
  RegistrarInvestments,
  Resolutions
} from "@effekten/services"
import { Context, Effect, Layer } from "effect"
import { now } from "../base/Now.ts"
import { dataOf } from "../deciding/Instruction.ts"
import { consumed, carries, implement, instructs, made, nothing, pages, recorded, shows, view } from "./Implement.ts"
import { Intake } from "./Intake.ts"
import { amendment, issuer } from "./Issuers.ts"
import { issuerInvestments, registrarInvestments } from "./Investments.ts"
import { resolutions } from "./LedgerTasks.ts"
import { campaignOf, termsOf } from "./OfferingView.ts"
import type { Showing } from "./Showing.ts"

/** @category models */
export type IssuerService = Campaigns | IssuerInvestments | Platforms | Products | RegistrarInvestments | Resolutions

type Parts = Context.Context<Intake | Showing>

const platform = view(Api.platformAnswer, Projections.platforms, {
  1: ({ id, name }) => ({ id, name })
})

const product = view(Api.productTermsAnswer, Projections.products, {
  1: (state) => ({
    id: state.productId,
    ...termsOf(state),
    paused: state.paused,
    createdAt: state.createdAt
  })
})

const listing = view(Api.listingAnswer, Projections.listings, {
  1: ({ createdAt, listed, platformId, productId }) => ({ productId, platformId, listed, createdAt })
})

const campaign = view(Api.campaignStateAnswer, Projections.campaigns, {
  1: (state) => ({
    ...campaignOf(state),
    platformId: state.platformId,
    usedUnits: state.usedUnits
  })
})

const ofPlatforms = Platforms.resource.operations

const platforms = (context: Parts) =>
  implement(
    { key: Platforms.key, operations: ofPlatforms },
    {
      register: instructs(ofPlatforms.register, {
        members: {},
        given: ({ newId }) => Effect.map(newId, (id) => ({ platformId: Id.PlatformId.make(id) })),
        answers: recorded(Api.platformAnswer, {
          1: (answered) => {
            const { platformId, name } = dataOf(answered, "PlatformRegistered")
            return { id: platformId, name }
          }
        })
      }),
      get: shows(ofPlatforms.get, { view: platform, key: ([id]) => id, missing: "platform_not_found" }),
      list: pages(ofPlatforms.list, { view: platform })
    },
    context
  )

const ofProducts = Products.resource.operations

const registerProduct = instructs(ofProducts.register, {
  members: { ewpg: consumed },
  given: ({ input: { ewpg }, newId }) =>
    Effect.map(newId, (id) => ({
      productId: Id.ProductId.make(id),
      kind: ewpg ? ("ewpg" as const) : ("digital" as const)
    })),
  answers: recorded(Api.productAnswer, {
    1: (answered) => {
      const product = dataOf(answered, "ProductRegistered")
      return {
        id: product.productId,
        issuerId: product.issuerId,
        name: product.name,
        ewpg: product.kind === "ewpg",
        issueVolume: product.issueVolume,
        stepSize: product.stepSize
      }
    }
  })
})

const products = (context: Parts) =>
  implement(
    { key: Products.key, operations: ofProducts },
    {
      registerIssuer: carries(ofProducts.registerIssuer, {
        // An empty personal part is recorded, so that the issuer has a key from the first day.
        carry: Effect.fnUntraced(function* (receiving, { newId }, intake) {
          const received = yield* receiving.received()
          const issuerId = Id.IssuerId.make(yield* newId)
          return yield* intake.execute({
            ...received,
            command: { operation: "RegisterIssuer", input: { issuerId }, personal: {} }
          })
        }),
        answers: made(issuer)
      }),
      amendIssuer: amendment(context),
      register: registerProduct,
      amend: instructs(ofProducts.amend, {
        members: {},
        given: ({ ids: [productId] }) => Effect.succeed({ productId }),
        answers: nothing
      }),
      pause: instructs(ofProducts.pause, {
        members: {},
        given: ({ ids: [productId], input: basis }) => Effect.succeed({ productId, basis }),
        answers: nothing
      }),
      resume: instructs(ofProducts.resume, {
        members: {},
        given: ({ ids: [productId], input: basis }) => Effect.succeed({ productId, basis }),
        answers: nothing
      }),
      list: instructs(ofProducts.list, {
        members: {},
        given: ({ ids: [productId, platformId] }) => Effect.succeed({ productId, platformId }),
        answers: nothing
      }),
      delist: instructs(ofProducts.delist, {
        members: {},
        given: ({ ids: [productId, platformId] }) => Effect.succeed({ productId, platformId }),
        answers: nothing
      }),
      get: shows(ofProducts.get, { view: product, key: ([id]) => id, missing: "product_not_found" }),
      listAll: pages(ofProducts.listAll, { view: product }),
      listings: pages(ofProducts.listings, {
        view: listing,
        scope: ([id]) => id,
        within: ([key]) => ({ projection: Projections.products, key, missing: "product_not_found" })
      }),
      getIssuer: shows(ofProducts.getIssuer, { view: issuer, key: ([id]) => id, missing: "issuer_not_found" }),
      listIssuers: pages(ofProducts.listIssuers, { view: issuer })
    },
    context
  )

const ofCampaigns = Campaigns.resource.operations

const campaigns = (context: Parts) =>
  implement(
    { key: Campaigns.key, operations: ofCampaigns },
    {
      open: instructs(ofCampaigns.open, {
        members: { opensAt: consumed, reviewRequired: consumed },
        given: Effect.fnUntraced(function* ({ input: { opensAt, reviewRequired = false }, newId }) {
          return {
            campaignId: Id.CampaignId.make(yield* newId),
            opensAt: opensAt ?? (yield* now).text,
            reviewRequired
          }
        }),
        answers: recorded(Api.campaignAnswer, {
          1: (answered) => {
            const { campaignId, productId, platformId, allocation } = dataOf(answered, "CampaignOpened")
            return { id: campaignId, productId, platformId, allocation }
          }
        })
      }),
      resize: instructs(ofCampaigns.resize, {
        members: {},
        given: ({ ids: [campaignId] }) => Effect.succeed({ campaignId }),
        answers: nothing
      }),
      close: instructs(ofCampaigns.close, {
        members: {},
        given: ({ ids: [campaignId] }) => Effect.succeed({ campaignId }),
        answers: nothing
      }),
      get: shows(ofCampaigns.get, { view: campaign, key: ([id]) => id, missing: "campaign_not_found" }),
      list: pages(ofCampaigns.list, { view: campaign })
    },
    context
  )

/** @category layers */
export const layer: Layer.Layer<IssuerService, never, Intake | Showing> = Layer.effectContext(
  Effect.gen(function* () {
    const context = yield* Effect.context<Intake | Showing>()
    const ofIssuer = { actor: "issuer", platform: undefined } as const
    const ofRegistrar = { actor: "registrar", platform: undefined } as const
    // Platforms and issuers are registered by the registrar, which also pauses; products and campaigns are the issuer's.
    const offered = products(context)
    const { amendIssuer, pause, registerIssuer, resume } = offered.bind(ofRegistrar)
    return Context.mergeAll(
      Context.make(Platforms, platforms(context).bind(ofRegistrar)),
      Context.make(Products, { ...offered.bind(ofIssuer), amendIssuer, pause, registerIssuer, resume }),
      Context.make(Campaigns, campaigns(context).bind(ofIssuer)),
      Context.make(IssuerInvestments, issuerInvestments(context).bind(ofIssuer)),
      Context.make(RegistrarInvestments, registrarInvestments(context).bind(ofRegistrar)),
      Context.make(Resolutions, resolutions(context).bind(ofRegistrar))
    )
  })
).pipe(Layer.fresh)
