/**
 * An invented note on an invented platform, and what an invented person sends. For the examples; nothing here is needed in an application.
 */
import { Currency, type Id, Timestamp, Units } from "@effekten/domain"
import { Campaigns, Platforms, Products } from "@effekten/services"
import { Effect } from "effect"

export { guideIdentification as identificationWith, guideInvestor as person } from "effekten"

export const scan = {
  fileName: "protocol.pdf",
  mediaType: "application/pdf",
  content: new TextEncoder().encode("nothing in it")
}

export const signedAt = Timestamp.Timestamp.make("2024-05-02T10:00:00Z")

export interface Offering {
  readonly platform: Id.PlatformId
  readonly campaignId: Id.CampaignId
  readonly productId: Id.ProductId
}

/** What the issuer and the registrar set up before a platform can sell. */
export const offering = Effect.gen(function* () {
  const products = yield* Products
  const platform = yield* (yield* Platforms).register({ name: "Example platform" })
  const issuer = yield* products.registerIssuer()
  const product = yield* products.register({
    issuerId: issuer.id,
    name: "Example note",
    productType: "DEBT_SECURITY",
    ewpg: false,
    nominalValue: { amount: "100000", decimals: 2, currency: Currency.Code.make("EUR") },
    issueVolume: Units.Units.make(10_000),
    stepSize: Units.Units.make(1)
  })
  yield* products.list(product.id, platform.id)
  const offer = { productId: product.id, platformId: platform.id, allocation: Units.Units.make(1_000) }
  const campaign = yield* (yield* Campaigns).open(offer)
  return { platform: platform.id, campaignId: campaign.id, productId: product.id } satisfies Offering
})
