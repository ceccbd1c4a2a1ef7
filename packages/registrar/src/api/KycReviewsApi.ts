/**
 * Reviews of investors, embedded: lists them, and takes a person's decision. For the registrar's side. Nothing personal is opened here.
 */
import { Id, Timestamp } from "@effekten/domain"
import { Projections, ReadModels } from "@effekten/projections"
import { type Api, kycReviewOperations, KycReviews, maximumReviews, Unavailable } from "@effekten/services"
import { Effect, Layer } from "effect"
import { implement, instructs, nothing } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import type { Showing } from "./Showing.ts"

const placeOf = ({ investorId, since }: Api.KycReview) => ({ key: investorId, rank: Timestamp.instantOf(since).micros })

/** @category layers */
export const layer: Layer.Layer<KycReviews, never, Intake | ReadModels.ReadModels | Showing> = Layer.effect(
  KycReviews,
  Effect.gen(function* () {
    const readModels = yield* ReadModels.ReadModels
    const operations = implement(
      { key: KycReviews.key, operations: kycReviewOperations },
      {
        decide: instructs(kycReviewOperations.decide, {
          members: {},
          given: ({ ids: [investorId] }) => Effect.succeed({ investorId }),
          answers: nothing
        })
      },
      yield* Effect.context<Intake | Showing>()
    )
    return KycReviews.of({
      ...operations.bind({ actor: "registrar", platform: undefined }),
      open: (after) =>
        readModels.ranked(Projections.investors, { limit: maximumReviews, after: after && placeOf(after) }).pipe(
          Effect.map((ranked) =>
            ranked.map(({ state: { id, lastAt, openReasons, platform } }): Api.KycReview => ({
              investorId: Id.InvestorId.make(id),
              platformId: platform,
              openReasons,
              since: lastAt.text
            }))
          ),
          Effect.mapError((error) => new Unavailable({ executed: "no", message: error.message, cause: error }))
        )
    })
  })
).pipe(Layer.fresh)
