/**
 * A program of a platform that acts by intents: it creates an investor and redeems a unit, each by an id of its own. For the tests that kill it.
 */
import { Id, Units } from "@effekten/domain"
import { DistributionClient } from "@effekten/http"
import { Intents } from "@effekten/http/intents"
import { type Api, Investors, Redemptions } from "@effekten/services"
import { Effect, Layer, Redacted } from "effect"
import { guideInvestor } from "effekten"

export interface Settings {
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  readonly productId: string
  readonly investor: string
  readonly wallet: string
}

export interface Ran {
  readonly investor: Api.Investor
  readonly redemption: Api.Redemption
}

/** The key that the intents of the tests are encrypted under. */
const key = Redacted.make(new Uint8Array(32).fill(5))

export const intentsIn = (file: string, { clientId, clientSecret, url }: Settings) =>
  Intents.layerSqlite({ file, key, lease: "200 millis", base: "5 millis", maximum: "50 millis" }).pipe(
    Layer.provide(DistributionClient.layer({ url, clientId, clientSecret: Redacted.make(clientSecret) }))
  )

/** What it does. Run again with the same id, it does nothing that is done. */
export const work = (id: string, settings: Settings): Effect.Effect<Ran, unknown, Intents.Intents> =>
  Effect.gen(function* () {
    const intents = yield* Intents.Intents
    yield* intents.submit(`${id}-investor`, Investors, "create", guideInvestor)
    yield* intents.submit(`${id}-redemption`, Redemptions, "create", {
      investorId: Id.InvestorId.make(settings.investor),
      productId: Id.ProductId.make(settings.productId),
      walletId: Id.WalletId.make(settings.wallet),
      units: Units.Units.make(1)
    })
    return {
      investor: yield* intents.answer(`${id}-investor`, Investors, "create"),
      redemption: yield* intents.answer(`${id}-redemption`, Redemptions, "create")
    }
  })
