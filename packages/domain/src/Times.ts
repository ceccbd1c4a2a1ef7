/**
 * Checks of the times a client states. For signing, acceptance, payment, cancellation, identification, and dates of birth.
 *
 * Times are evidence and order nothing. No time may lie in the future, and none may precede the signature.
 */
import { Schema } from "effect"
import type { CalendarDate } from "./CalendarDate.ts"
import { refuse, type DecisionContext, type Read, type Refuse } from "./Decision.ts"
import * as Policy from "./Policy.ts"
import { dayOf, instantOf, instantOfMicros, laterOf, microsPerMinute, Timestamp, type Instant } from "./Timestamp.ts"

/** A stated time, or `now`: the later of receipt and signature. @category schemas */
export const Stated = Schema.Union([Timestamp, Schema.Literal("now")])
export type Stated = typeof Stated.Type

/** A signature may lie ahead of receipt within the tolerance; that must not make the next step impossible. @category computing */
export const statedInstant = (stated: Stated | undefined, signedAt: Instant, context: DecisionContext): Instant =>
  stated === undefined || stated === "now" ? laterOf(context.receivedAt, signedAt) : instantOf(stated)

/** Asks for the policy only where a time lies ahead of the receipt at all. @category predicates */
export function* checkNotInFuture(
  times: ReadonlyArray<Instant | undefined>,
  { receivedAt }: DecisionContext
): Generator<Read | Refuse, void, any> {
  for (const time of times) {
    if (time === undefined || time.micros <= receivedAt.micros) continue
    const { clockTolerance } = yield* Policy.inForce()
    if (time.micros > receivedAt.micros + clockTolerance) yield* refuse({ code: "timestamp_in_future" })
  }
}

/** None in the future, none before the signature. Equal times are legal. @category predicates */
export function* check(
  signedAt: Instant,
  times: ReadonlyArray<Instant | undefined>,
  context: DecisionContext
): Generator<Read | Refuse, void, any> {
  yield* checkNotInFuture(times, context)
  for (const time of times) {
    if (time !== undefined && time.micros < signedAt.micros) yield* refuse({ code: "timestamp_before_signing" })
  }
}

/** It becomes today first at 14 hours ahead of UTC, on the Line Islands. */
const firstToday = 14 * 60 * microsPerMinute

/** Whether a day has begun nowhere on Earth. @category predicates */
export const isFutureDay = (day: CalendarDate, { receivedAt }: DecisionContext): boolean =>
  day > dayOf(instantOfMicros(receivedAt.micros + firstToday).text)
