import type { Id } from "@effekten/domain"
import { FoldOne, type Projection, Projections, Register, Replay, SqlReadModels } from "@effekten/projections"
import { Effect } from "effect"

export const program = Effect.fn(function* (
  log: Projection.Log,
  ids: { investment: Id.InvestmentId; product: Id.ProductId; wallet: Id.WalletId; platform: Id.PlatformId },
  position: number
) {
  // One object, from its own events: at the head, or as it was.
  const investment = yield* FoldOne.fold(log, Projections.investments, ids.investment)
  const before = yield* FoldOne.fold(log, Projections.investments, ids.investment, { to: position })

  // What each wallet held then: the whole log up to a position, in memory.
  const then = yield* Replay.run(log, [Projections.holdings], { to: position })
  const holding = then.get(Projections.holdings, Projections.holdingKey(ids.product, ids.wallet))

  // Lists, a page at a time. The request itself brings the read models to the head.
  const models = yield* SqlReadModels.make({ log })
  const page = yield* models.page(Projections.investments, ids.platform, { limit: 50 })

  // Do the laws of conservation hold, at every position? (promise 1)
  const register = Register.make()
  yield* Replay.into(log, [register], { onProgress: ({ position, to }) => Effect.log(`${position} of ${to}`) })
  return { investment, before, holding, page, violations: register.violations }
})
