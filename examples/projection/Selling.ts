/**
 * An invented note, sold to an invented person and partly redeemed. Every command has a key: run again, it sells nothing twice.
 */
import { Currency, type Id, Timestamp, Units } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import {
  Campaigns,
  Credits,
  Documents,
  Investments,
  Investors,
  Platforms,
  Products,
  Redemptions,
  Wallets
} from "@effekten/services"
import { Effect } from "effect"
import { guideIdentification, guideInvestor } from "effekten"

const signedAt = Timestamp.Timestamp.make("2024-05-02T10:00:00Z")

/** What the issuer sets up. */
const offer = Effect.gen(function* () {
  const products = yield* Products
  const platform = yield* (yield* Platforms).register({ name: "Example platform" }, { key: "platform" })
  const issuer = yield* products.registerIssuer({ key: "issuer" })
  const note = {
    issuerId: issuer.id,
    name: "Example note",
    productType: "DEBT_SECURITY" as const,
    ewpg: false,
    nominalValue: { amount: "100000", decimals: 2, currency: Currency.Code.make("EUR") },
    issueVolume: Units.Units.make(10_000),
    stepSize: Units.Units.make(1)
  }
  const product = yield* products.register(note, { key: "product" })
  yield* products.list(product.id, platform.id, { key: "listing" })
  const campaign = { productId: product.id, platformId: platform.id, allocation: Units.Units.make(1_000) }
  const { id: campaignId } = yield* (yield* Campaigns).open(campaign, { key: "campaign" })
  return { platform: platform.id, productId: product.id, campaignId }
})

/** What the platform does for one customer: 300 units, of which 100 are redeemed. */
const sell = Effect.fn("sell")(function* (campaignId: Id.CampaignId, productId: Id.ProductId, customer: string) {
  const [investors, investments] = [yield* Investors, yield* Investments]
  const { id: investorId } = yield* investors.create(guideInvestor, { key: `${customer}-investor` })
  const scan = { fileName: "protocol.pdf", mediaType: "application/pdf", content: new TextEncoder().encode(customer) }
  const protocol = yield* (yield* Documents).upload(scan, { key: `${customer}-protocol` })
  yield* investors.identify(investorId, guideIdentification(protocol.id), { key: `${customer}-identification` })
  const wallet = yield* (yield* Wallets).createManaged(investorId, { key: `${customer}-wallet` })
  const order = { campaignId, investorId, units: 300, signedAt, acceptedAt: signedAt, paidAt: signedAt }
  const { id } = yield* investments.create({ ...order, wallet: wallet.id }, { key: `${customer}-investment` })
  yield* (yield* Credits).create(id, { key: `${customer}-credit` })
  const held = { investorId, productId, walletId: wallet.id }
  yield* (yield* Redemptions).create({ ...held, units: 100 }, { key: `${customer}-redemption` })
  return investorId
})

export const selling = Effect.gen(function* () {
  const { campaignId, platform, productId } = yield* offer
  return (customer: string) => Effect.provide(sell(campaignId, productId, customer), Registrar.layer({ platform }))
})
