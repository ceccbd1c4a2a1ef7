import { DistributionClient } from "@effekten/http"
import { type Api, Redemptions } from "@effekten/services"
import { Effect, Redacted } from "effect"

export const redeem = (input: Api.CreateRedemption) =>
  Redemptions.use((redemptions) => redemptions.create(input, { key: "order-4711" })).pipe(
    Effect.provide(
      DistributionClient.layer({
        url: "https://example.org/api/external",
        clientId: "…",
        clientSecret: Redacted.make("…")
      })
    )
  )
