/**
 * `effekten decide investor`: a person's decision about an investor. For the registrar's compliance staff. No server may hold the folder
 * meanwhile; in PostgreSQL the nodes may run.
 */
import type { Events } from "@effekten/domain"
import { Api, KycReviews, maximumReviews } from "@effekten/services"
import { Console, Effect, Schema } from "effect"
import { explain, inRegister, investorOf } from "./Forget.ts"
import type { Place } from "./Place.ts"

const encoded = Schema.encodeSync(Api.KycReview)

const asText = ({ investorId, openReasons, platformId, since }: Api.KycReview): string =>
  [since, investorId, `platform ${platformId ?? "none"}`, openReasons.join(", ")].join("  ")

/** @category commands */
export const runReviews = Effect.fnUntraced(function* (place: Place, options: { readonly json: boolean }) {
  const page = Effect.flatMap(KycReviews, (reviews) => Effect.mapError(reviews.open(), explain))
  const open = yield* inRegister(place, {}, page)
  const objects = open.map((review) => encoded(review))
  const lines = open.map(asText)
  const more = open.length === maximumReviews ? [`The first ${maximumReviews} of more.`] : []
  yield* Console.log(
    options.json
      ? JSON.stringify(objects, undefined, 2)
      : open.length === 0
        ? "No review is open."
        : [...lines, ...more].join("\n")
  )
})

/** @category commands */
export const runDecideInvestor = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly investor: string; readonly reason: Events.KycReason; readonly note: string | undefined }
) {
  const investor = yield* investorOf(options.investor)
  const { note, reason } = options
  const input = note === undefined ? { reason } : { reason, note }
  yield* inRegister(
    place,
    {},
    Effect.flatMap(KycReviews, (reviews) => Effect.mapError(reviews.decide(investor, input), explain))
  )
  yield* Console.log(`decided: ${investor}`)
})
