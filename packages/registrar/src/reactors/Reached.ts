/**
 * How far a reactor has come that does nothing outside of the register. For the reactors that issue statements.
 *
 * What it did lies in the log, behind what asked for it. A log that is put back may have lost the one and have kept the other. So two places
 * are stored, and a reactor goes on from the first only where the log has both. Otherwise it begins with the first event: what it finds done is
 * recorded once. A reactor that does something outside of the register needs {@link ReactorPlace}, which stops.
 */
import { type Bookmark, type EventStoreError, History, type Position } from "@effekten/event-store"
import { Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { RegisterLog } from "../log/Log.ts"
import type { Progress } from "./Progress.ts"
import { bookmarkAt, doneBy, headAfter, headAfterBoth, storedOf } from "./ReactorPlace.ts"

/** @category models */
export interface Reached {
  /** The event to go on behind, in the log as it is now. */
  readonly from: Effect.Effect<Position, EventStoreError | SqlError>
  /**
   * Everything up to an event is dealt with, and these places have what came of it. Fails with `other_history`, and stores nothing, where
   * the log has lost one of them, or what came of events before.
   */
  readonly reach: (
    position: Position,
    outcomes: ReadonlyArray<Position | Bookmark>
  ) => Effect.Effect<void, EventStoreError | SqlError>
}

const later = (a: Position | Bookmark, b: Position | Bookmark): Position | Bookmark =>
  History.positionOf(a) < History.positionOf(b) ? b : a

/** @category constructors */
export const make = (log: RegisterLog, progress: Progress["Service"], name: string): Reached => ({
  from: Effect.gen(function* () {
    const { done, found } = yield* storedOf(progress, name)
    // A position alone was stored by no program that issued statements: nothing was.
    if (typeof found === "number") return 0
    return yield* Effect.as(headAfterBoth(log, done, found), found.position).pipe(
      Effect.catchIf(History.isOtherHistory, () => anew(log, progress, name))
    )
  }),
  reach: Effect.fnUntraced(function* (position, outcomes) {
    const { done } = yield* storedOf(progress, name)
    const places = [done, ...outcomes]
    for (const place of places) yield* headAfter(log, place)
    const at = yield* bookmarkAt(log, position)
    const last = places.reduce(later)
    if (typeof last !== "number") yield* progress.set(doneBy(name), last)
    yield* progress.set(name, at)
  })
})

/** Forgets the places of a history that is lost. */
const anew = (log: RegisterLog, progress: Progress["Service"], name: string) => {
  const start: Bookmark = { position: 0, leaf: log.logId }
  return Effect.as(Effect.andThen(progress.set(doneBy(name), start), progress.set(name, start)), start.position)
}

/**
 * Where an answer is recorded, in the history of now: another event may be there by the time that it is looked at.
 *
 * @category running
 */
export const placeOf = (
  log: RegisterLog,
  { at, position }: { readonly at?: Bookmark | undefined; readonly position: Position }
): Effect.Effect<Position | Bookmark> =>
  at === undefined ? Effect.orElseSucceed(bookmarkAt(log, position), () => position) : Effect.succeed(at)
