/**
 * Where the register is: in a folder of this program, or at a URL. The shop takes the one or the other.
 */
import { Currency, type Id, Units } from "@effekten/domain"
import { DistributionClient } from "@effekten/http/client"
import { Registrar } from "@effekten/registrar"
import { Campaigns, Platforms, Products } from "@effekten/services"
import { Effect, Layer } from "effect"
import { Offer } from "./Shop.ts"

/** What issuer and registrar set up. Each step has a key, so every start may take all of them. */
export const offering = Effect.gen(function* () {
  const products = yield* Products
  const platform = yield* (yield* Platforms).register({ name: "Shop" }, { key: "platform" })
  const issuer = yield* products.registerIssuer({ key: "issuer" })
  const note = {
    issuerId: issuer.id,
    name: "Example note",
    productType: "DEBT_SECURITY" as const,
    ewpg: false,
    nominalValue: { amount: "100000", decimals: 2, currency: Currency.Code.make("EUR") },
    issueVolume: Units.Units.make(1_000),
    stepSize: Units.Units.make(1)
  }
  const product = yield* products.register(note, { key: "product" })
  yield* products.list(product.id, platform.id, { key: "listing" })
  const terms = { productId: product.id, platformId: platform.id, allocation: Units.Units.make(1_000) }
  const campaign = yield* (yield* Campaigns).open(terms, { key: "campaign" })
  return { platform: platform.id, campaignId: campaign.id }
})

/** In this program. */
export const embedded = (folder: string) =>
  Layer.unwrap(
    Effect.map(offering, ({ campaignId, platform }) =>
      Layer.merge(Registrar.layer({ platform }), Layer.succeed(Offer, { campaignId }))
    )
  ).pipe(Layer.provide(Registrar.layerFolder({ folder })))

/** At a URL. */
export const remote = (options: DistributionClient.ClientOptions & { readonly campaignId: Id.CampaignId }) =>
  Layer.merge(DistributionClient.layer(options), Layer.succeed(Offer, { campaignId: options.campaignId }))
