/**
 * For a developer who calls a running server with the typed client: onboard an investor, sell them units, redeem a part.
 *
 *     npm start                                # in another terminal
 *     npx node --conditions=@effekten/source examples/guide.ts
 *
 * Reads what it needs from URL, CLIENT_ID, CLIENT_SECRET, CAMPAIGN_ID and PRODUCT_ID, else from the sandbox in EFFEKTEN_DATA (.effekten).
 */
import { Id, Timestamp, Units } from "@effekten/domain"
import { DistributionClient } from "@effekten/http"
import { Credits, Documents, Investments, Investors, Redemptions, Wallets } from "@effekten/services"
import { Config, Console, Effect, Option, Redacted } from "effect"
import { guideIdentification, guideInvestor, readSandboxFile } from "effekten"

const sell = Effect.fn("sell")(function* (campaignId: Id.CampaignId, productId: Id.ProductId) {
  const { create, identify } = yield* Investors
  // The key comes from an id of your own: a call whose outcome is unknown is repeated with it, and takes effect once.
  const investor = yield* create(guideInvestor, { key: `customer-${process.pid}` })
  const protocol = yield* (yield* Documents).upload({
    fileName: "protocol.pdf",
    mediaType: "application/pdf",
    content: new TextEncoder().encode("nothing in it")
  })
  yield* identify(investor.id, guideIdentification(protocol.id))
  const wallet = yield* (yield* Wallets).createManaged(investor.id)

  const investments = yield* Investments
  const signedAt = Timestamp.Timestamp.make("2024-05-02T10:00:00Z")
  const investment = yield* investments.create({
    campaignId,
    investorId: investor.id,
    units: Units.Units.make(300),
    signedAt,
    acceptedAt: signedAt,
    paidAt: signedAt,
    wallet: wallet.id
  })
  yield* (yield* Credits).create(investment.id)
  yield* (yield* Redemptions).create({
    investorId: investor.id,
    productId,
    walletId: wallet.id,
    units: Units.Units.make(100)
  })
  return yield* investments.get(investment.id)
})

const program = Effect.gen(function* () {
  const sandbox = Option.getOrUndefined(
    yield* readSandboxFile(yield* Config.String("EFFEKTEN_DATA").pipe(Config.withDefault(".effekten")))
  )
  const setting = (name: string, known: string | undefined) =>
    known === undefined ? Config.String(name) : Config.String(name).pipe(Config.withDefault(known))
  const client = DistributionClient.layer({
    url: yield* setting("URL", sandbox?.url),
    clientId: yield* setting("CLIENT_ID", sandbox?.clientId),
    clientSecret: Redacted.make(yield* setting("CLIENT_SECRET", sandbox?.clientSecret))
  })
  const investment = yield* sell(
    Id.CampaignId.make(yield* setting("CAMPAIGN_ID", sandbox?.campaignId)),
    Id.ProductId.make(yield* setting("PRODUCT_ID", sandbox?.productId))
  ).pipe(Effect.provide(client))
  yield* Console.log(`${investment.id} ${investment.status}, ${investment.remainingUnits} of ${investment.units} units`)
})

await Effect.runPromise(program)
