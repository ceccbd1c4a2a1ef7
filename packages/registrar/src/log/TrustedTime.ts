/**
 * The time by which the register does what cannot be undone. For the erasures of investors and the ends of unpaid subscriptions. A decision never asks it: it sees when its
 * instruction was received.
 *
 * No clock is believed alone. The earliest of the readings counts: this machine's clock, the database's, and the last trusted one. To that
 * the time is added that was counted since, by a clock that nobody sets. After a longer absence nothing but the clock says how much time has
 * passed. Then a person has to say so.
 */
import { Timestamp } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import { Clock, Context, Duration, Effect, Layer } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { now } from "../base/Now.ts"
import { ClockReadings } from "./ClockReadings.ts"
import { Log } from "./Log.ts"
import { daysBetween, describe, lastInstant, stampedAhead } from "./StampedAhead.ts"

/** @category models */
export interface TrustedTimeOptions {
  /** An operator's word that it is about this instant, to within a day: the clock is right although it seems to be ahead. */
  readonly believeClock?: Timestamp.Instant | undefined
  /** How far the `Clock` in the context is set forward on purpose, now: in a sandbox alone. The guard goes by the time without it. */
  readonly clockAhead?: (() => Duration.Duration) | undefined
}

interface TrustedReading {
  /** What is not due by then is neither erased nor ended. */
  readonly at: Timestamp.Instant
  /** Why the clock is not believed, and what to do; `undefined` where it is. */
  readonly doubt: string | undefined
}

/** What the clocks say. @category models */
export interface Seen {
  readonly wall: Timestamp.Instant
  readonly witness: Timestamp.Instant | undefined
  /** Nanoseconds of a clock that only counts. */
  readonly monotonic: bigint
}

/** The last trusted reading. @category models */
export interface Trusted {
  readonly at: Timestamp.Instant
  readonly monotonic: bigint
}

/** A clock may be ahead of the last trusted reading by so much: a register that was stopped over a long weekend. @category values */
export const longestAbsence = Duration.days(4)
/** An operator's word is good for a clock that differs from it by at most so much. */
const toleratedWord = Duration.days(1)
/** How often a reading is noted, whether anything asks for it or not. */
const noteInterval = Duration.hours(6)

const microsOf = (duration: Duration.Duration): number => Duration.toMillis(duration) * 1000

/** The time that has passed since a reading, added to it. */
const expectedAt = (trusted: Trusted, monotonic: bigint): Timestamp.Instant =>
  Timestamp.instantOfMicros(trusted.at.micros + Number((monotonic - trusted.monotonic) / 1000n))

/** Which time counts, and whether that is because the clocks are not believed. @category computing */
export const judge = (trusted: Trusted, seen: Seen): { readonly at: Timestamp.Instant; readonly believed: boolean } => {
  const earliest = seen.witness === undefined ? seen.wall : Timestamp.earlierOf(seen.wall, seen.witness)
  const expected = expectedAt(trusted, seen.monotonic)
  const believed = earliest.micros - expected.micros <= microsOf(longestAbsence)
  return { at: believed ? earliest : expected, believed }
}

const doubtOf = ({ wall }: Seen, at: Timestamp.Instant): string =>
  `The clock says ${wall.text}, ${daysBetween(at, wall)} after ${at.text}, the last time this register can vouch for. ` +
  `Until that is cleared up nothing is erased or ended that is not due by then. If the clock is wrong, put it right. ` +
  `If it is right, start with --believe-clock ${wall.text}`

const isWithin = (a: Timestamp.Instant, b: Timestamp.Instant, tolerance: Duration.Duration): boolean =>
  Math.abs(a.micros - b.micros) <= microsOf(tolerance)

/** @category services */
export class TrustedTime extends Context.Service<
  TrustedTime,
  { readonly reading: Effect.Effect<TrustedReading, SqlError> }
>()("effekten/registrar/TrustedTime") {
  static readonly layer = (options: TrustedTimeOptions): Layer.Layer<TrustedTime, EventStoreError | SqlError, Log> =>
    Layer.effect(TrustedTime, make(options))
}

const shifted = ({ micros }: Timestamp.Instant, by: number): Timestamp.Instant => Timestamp.instantOfMicros(micros + by)

const make = Effect.fnUntraced(function* ({ believeClock, clockAhead }: TrustedTimeOptions) {
  const log = yield* Log
  const readings = yield* ClockReadings
  const ahead = () => (clockAhead === undefined ? 0 : microsOf(clockAhead()))
  const look = Effect.gen(function* () {
    // Asked first: what comes after it is of the moment in which the reading is had.
    const witness = yield* readings.witness
    const seen: Seen = {
      wall: shifted(yield* now, -ahead()),
      witness,
      monotonic: yield* Clock.monotonicTimeNanos
    }
    return seen
  })
  const first = yield* look
  let noted = yield* readings.last
  const word = believeClock !== undefined && isWithin(believeClock, first.wall, toleratedWord)
  if (believeClock !== undefined && !word)
    yield* Effect.logWarning(
      `The word that it is ${believeClock.text} does not fit the clock, which says ${first.wall.text}: it is not heeded`
    )
  // A register of before has no reading yet: its last event was recorded under a clock that nobody doubted.
  const known = word ? first.wall : (noted ?? (yield* lastInstant(log)) ?? first.wall)
  let trusted: Trusted = { at: known, monotonic: first.monotonic }

  const note = (at: Timestamp.Instant) =>
    readings.note(at).pipe(
      Effect.tap(() => Effect.sync(() => void (noted = at))),
      Effect.catch((error) => Effect.logWarning("The reading of the clock could not be noted", error))
    )
  const reading = Effect.gen(function* (): Effect.fn.Return<TrustedReading, SqlError> {
    const seen = yield* look
    const { at, believed } = judge(trusted, seen)
    if (!believed) return { at, doubt: doubtOf(seen, at) }
    // What has gone on for as long as an absence may last is trusted in its turn, also where the clock was put back.
    const isSteady = seen.monotonic - trusted.monotonic >= BigInt(microsOf(longestAbsence)) * 1000n
    if (isSteady) trusted = { at, monotonic: seen.monotonic }
    if (isSteady || noted === undefined || at.micros > noted.micros + Timestamp.microsPerMinute) yield* note(at)
    return { at, doubt: undefined }
  })

  // What was set forward on purpose has nothing to be doubted.
  const told = Effect.map(reading, ({ at, doubt }) => ({ at: shifted(at, ahead()), doubt }))

  if (word) yield* note(first.wall)
  // A doubt is told by what asks for the time: most of what opens a register erases nobody.
  yield* reading
  const stamped = clockAhead === undefined ? yield* stampedAhead(log, first.wall) : undefined
  if (stamped !== undefined) yield* Effect.logWarning(describe(stamped, first.wall))
  // Also at the end, so that the next start knows when this one was.
  yield* Effect.addFinalizer(() => Effect.ignore(reading))
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(noteInterval), Effect.ignore(reading))))
  return TrustedTime.of({ reading: told })
})
