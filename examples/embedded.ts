/**
 * A register inside an Effect program, without a server: set up a product, then take one investment through its life.
 *
 *     npx node --conditions=development examples/embedded.ts
 */
import { CurrencyCode, Units } from "@effekten/domain"
import { Registrar } from "@effekten/registrar"
import { Campaigns, Platforms, Products } from "@effekten/services"
import { Effect } from "effect"
import { runGuide } from "effekten"

const program = Effect.gen(function* () {
  const products = yield* Products
  const platform = yield* (yield* Platforms).register({ name: "Example platform" })
  const issuer = yield* products.registerIssuer()
  const product = yield* products.register({
    issuerId: issuer.id,
    name: "Example note",
    productType: "DEBT_SECURITY",
    ewpg: false,
    nominalValue: { amount: "100000", decimals: 2, currency: CurrencyCode.make("EUR") },
    issueVolume: Units.make(10_000),
    stepSize: Units.make(1)
  })
  yield* products.list(product.id, platform.id)
  const offer = { productId: product.id, platformId: platform.id, allocation: Units.make(1_000) }
  const campaign = yield* (yield* Campaigns).open(offer)
  // The platform's own services. The same calls work remotely: provide DistributionClient.layer instead.
  return yield* runGuide({ campaignId: campaign.id, productId: product.id }).pipe(
    Effect.provide(Registrar.layer({ platform: platform.id }))
  )
})

const { delivered, redeemed } = await Effect.runPromise(program.pipe(Effect.provide(Registrar.layerMemory())))
console.log(delivered.status, redeemed.remainingUnits)
