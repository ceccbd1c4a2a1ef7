import { Investments, Pages, Redemptions } from "@effekten/services"
import { Effect, Stream } from "effect"

/** Everything that is delivered, page by page. */
const delivered = Stream.unwrap(Investments.use(({ list }) => Effect.succeed(Pages.stream(list)))).pipe(
  Stream.filter(({ status }) => status === "DELIVERED"),
  Stream.runCount
)

const redeem = (order: string, input: Parameters<Redemptions["Service"]["create"]>[0]) =>
  Redemptions.use((redemptions) => redemptions.create(input, { key: `redemption-${order}` }))

export const program = (order: string, input: Parameters<typeof redeem>[1]) =>
  Effect.andThen(redeem(order, input), delivered)
