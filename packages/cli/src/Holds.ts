/**
 * `effekten hold` and `effekten release`: legal holds. For the registrar's staff. No server may hold the folder meanwhile; in PostgreSQL the
 * nodes may run.
 */
import { type Events, Id } from "@effekten/domain"
import { LegalHolds } from "@effekten/services"
import { Console, Effect } from "effect"
import { explain, inRegister, investorOf } from "./Forget.ts"
import { given, instantOf } from "./Given.ts"
import type { Place } from "./Place.ts"

const holdOf = given(Id.LegalHoldId, "id of a legal hold")

/** @category commands */
export const runHold = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly investor: string; readonly basis: Events.HoldBasis; readonly until: string | undefined }
) {
  const investor = yield* investorOf(options.investor)
  const { basis } = options
  const input = options.until === undefined ? { basis } : { basis, until: yield* instantOf(options.until) }
  const hold = yield* inRegister(
    place,
    {},
    Effect.flatMap(LegalHolds, (holds) => Effect.mapError(holds.place(investor, input), explain))
  )
  yield* Console.log(`held: ${hold.id}`)
})

/** @category commands */
export const runRelease = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly investor: string; readonly hold: string }
) {
  const investor = yield* investorOf(options.investor)
  const hold = yield* holdOf(options.hold)
  yield* inRegister(
    place,
    {},
    Effect.flatMap(LegalHolds, (holds) => Effect.mapError(holds.release(investor, hold), explain))
  )
  yield* Console.log(`released: ${hold}`)
})
