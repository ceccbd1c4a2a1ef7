import { DistributionClient } from "@effekten/http"
import { Intents } from "@effekten/http/intents"
import { type Api, Redemptions } from "@effekten/services"
import { Effect, Layer, Redacted } from "effect"

const redeem = Effect.fn("redeem")(function* (order: string, input: Api.CreateRedemption) {
  const intents = yield* Intents.Intents
  yield* intents.submit(order, Redemptions, "create", input) // now it is on the disk, and will be sent
  return yield* intents.answer(order, Redemptions, "create") // now, later, or after a restart
})

export const program = (order: string, input: Api.CreateRedemption) =>
  redeem(order, input).pipe(
    Effect.provide(
      Intents.layerSqlite({ file: "intents.db", key: Redacted.make(new Uint8Array(32)) }).pipe(
        Layer.provide(
          DistributionClient.layer({
            url: "https://example.org/api/external",
            clientId: "…",
            clientSecret: Redacted.make("…")
          })
        )
      )
    )
  )
