/**
 * The services of the issuer's side, embedded: platforms, products and campaigns, which come before any subscription. For the registrar and
 * the issuer.
 */
import { Id } from "@effekten/domain"
import { Api, Campaigns, IssuerInvestments, Platforms, Products, Resolutions } from "@effekten/services"
import { Context, Effect, Layer } from "effect"
import { now } from "../base/Now.ts"
import { dataOf } from "../deciding/Instruction.ts"
import { consumed, carries, implement, instructs, nothing, recorded } from "./Implement.ts"
import { Intake } from "./Intake.ts"
import { issuerInvestments } from "./Investments.ts"
import { resolutions } from "./LedgerTasks.ts"
import type { Showing } from "./Showing.ts"

/** @category models */
export type IssuerService = Campaigns | IssuerInvestments | Platforms | Products | Resolutions

type Parts = Context.Context<Intake | Showing>

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
      })
    },
    context
  )

const ofProducts = Products.resource.operations

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
        answers: recorded(Api.issuerAnswer, {
          1: (answered) => ({ id: dataOf(answered, "IssuerRegistered").issuerId })
        })
      }),
      register: instructs(ofProducts.register, {
        members: { ewpg: consumed },
        given: ({ input: { ewpg }, newId }) =>
          Effect.map(newId, (id) => ({
            productId: Id.ProductId.make(id),
            kind: ewpg ? ("ewpg" as const) : ("digital" as const),
            lockedUntil: undefined
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
      })
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
      close: instructs(ofCampaigns.close, {
        members: {},
        given: ({ ids: [campaignId] }) => Effect.succeed({ campaignId }),
        answers: nothing
      })
    },
    context
  )

/** @category layers */
export const layer: Layer.Layer<IssuerService, never, Intake | Showing> = Layer.effectContext(
  Effect.gen(function* () {
    const context = yield* Effect.context<Intake | Showing>()
    const issuer = { actor: "issuer", platform: undefined } as const
    const registrar = { actor: "registrar", platform: undefined } as const
    // Platforms and issuers are registered by the registrar, products and campaigns by the issuer.
    const offered = products(context)
    return Context.mergeAll(
      Context.make(Platforms, platforms(context).bind(registrar)),
      Context.make(Products, {
        ...offered.bind(issuer),
        registerIssuer: offered.bind(registrar).registerIssuer
      }),
      Context.make(Campaigns, campaigns(context).bind(issuer)),
      Context.make(IssuerInvestments, issuerInvestments(context).bind(issuer)),
      Context.make(Resolutions, resolutions(context).bind(registrar))
    )
  })
).pipe(Layer.fresh)
