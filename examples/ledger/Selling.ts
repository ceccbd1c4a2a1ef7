/**
 * An invented note, sold to invented persons. Every command has a key: run again, it sells nothing twice.
 */
import { Currency, Timestamp, Units } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Campaigns, Credits, Documents, Investments, Investors, Platforms, Products, Wallets } from "@effekten/services"
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
  const terms = { productId: product.id, platformId: platform.id, allocation: Units.Units.make(10_000) }
  const campaign = yield* (yield* Campaigns).open(terms, { key: "campaign" })
  return { platform: platform.id, campaignId: campaign.id }
})

/** A paid investment of one customer, and the credit of its units, which the ledger has to move. */
export const credited = Effect.fn("credited")(function* (customer: string) {
  const { campaignId, platform } = yield* offer
  return yield* Effect.gen(function* () {
    const [investors, investments] = [yield* Investors, yield* Investments]
    const { id: investorId } = yield* investors.create(guideInvestor, { key: `${customer}-investor` })
    const scan = { fileName: "protocol.pdf", mediaType: "application/pdf", content: new TextEncoder().encode(customer) }
    const protocol = yield* (yield* Documents).upload(scan, { key: `${customer}-protocol` })
    yield* investors.identify(investorId, guideIdentification(protocol.id), { key: `${customer}-identification` })
    const wallet = yield* (yield* Wallets).createManaged(investorId, { key: `${customer}-wallet` })
    const order = { campaignId, investorId, units: 300, signedAt, acceptedAt: signedAt, paidAt: signedAt }
    const { id } = yield* investments.create({ ...order, wallet: wallet.id }, { key: `${customer}-investment` })
    const credits = yield* Credits
    const credit = yield* credits.create(id, { key: `${customer}-credit` })
    return Effect.map(credits.get(id, credit.id), ({ status }) => status)
  }).pipe(Effect.provide(Registrar.layer({ platform })))
})
