import { ClientIdempotency, DistributionClient } from "@effekten/http/client"
import { type Api, Investments, Pages, Redemptions } from "@effekten/services"
import { Effect, Stream } from "effect"

// EFFEKTEN_URL, EFFEKTEN_CLIENT_ID and EFFEKTEN_CLIENT_SECRET say where to call, and as whom.
const register = DistributionClient.layerConfig()

/** Redeems for an order of ours: once, however often it is called, today or tomorrow. */
const redeem = (order: string, input: Api.CreateRedemption) =>
  Redemptions.use((redemptions) =>
    redemptions.create(input, { key: ClientIdempotency.keyOf("redemption", order) })
  ).pipe(
    Effect.tapError((failure) =>
      failure.executed === "unknown" ? Effect.logWarning(`order ${order}: call redeem again`, failure) : Effect.void
    )
  )

/** All investments, page by page. */
const investments = Stream.unwrap(Investments.use(({ list }) => Effect.succeed(Pages.stream(list))))

export const program = (order: string, input: Api.CreateRedemption) =>
  Effect.andThen(redeem(order, input), Stream.runCount(investments)).pipe(Effect.provide(register))
