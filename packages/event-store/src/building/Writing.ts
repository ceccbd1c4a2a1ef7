/**
 * Appending, deciding under the writer lock and forgetting, over a log that can be locked and written to. For the stores, and for builders
 * of another store.
 *
 * The order of the steps keeps the promises, so it stands here and in no store. A key is durable before the event that needs it. A
 * subscriber hears of an event after it is durable. A key is destroyed only where its ciphertexts can be deleted too.
 */
import { Effect } from "effect"
import type { Bookmark } from "../port/Bookmark.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import {
  AppendConditionFailed,
  type Appended,
  type EventStoreError,
  type EventStoreShape,
  type ReadOptions
} from "../port/EventStore.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import type { AppendCondition, Query } from "../port/Query.ts"
import type { VaultShape } from "../vault/Vault.ts"
import { nonEmpty } from "./Attempt.ts"
import { contains, type Head, type Landed, type Look, otherHistory, positionOf } from "./History.ts"
import { asStoreError } from "./PersonalPart.ts"
import type { Preparation, Prepared } from "./Preparation.ts"
import type { Page, Range } from "./Reading.ts"
import { instantFor, makeStamping } from "./Stamping.ts"
import type { Wake } from "./Wake.ts"

/** The append was refused: an event at this position matches its condition. @category models */
export interface Conflicting {
  readonly conflict: Position
}

/** The append was refused: the position of its condition is not in the history that was found under the lock. @category models */
export interface Strayed {
  readonly strayed: Look
}

/** A log whose writer lock is held, looked at under it. @category models */
export interface Locked<E extends AnyEvent> extends Look {
  readonly head: Head
  readonly page: (query: Query, range: Range) => Effect.Effect<Page<RecordedEvent<E>>, EventStoreError>
  readonly append: (events: ReadonlyArray<Prepared<E>>, now: string) => Effect.Effect<Landed, EventStoreError>
}

/** What writing needs of a store. @category models */
export interface Writable<E extends AnyEvent> {
  /** Runs work in its turn, and to its end once it has begun. Refuses it where an earlier fault closed the log. */
  readonly writing: <A, X>(work: Effect.Effect<A, X>) => Effect.Effect<A, X | EventStoreError>
  /** Lock, look at the history, condition, write and commit, in one. */
  readonly append: (
    events: ReadonlyArray<Prepared<E>>,
    now: string,
    condition: AppendCondition | undefined
  ) => Effect.Effect<Landed | Conflicting | Strayed, EventStoreError>
  /**
   * Holds the writer lock around the work. What the work appends is durable when this returns, and not there when it fails.
   *
   * @param at where to look beside the head
   */
  readonly locked: <A, X>(
    at: Position,
    work: (log: Locked<E>) => Effect.Effect<A, X>
  ) => Effect.Effect<A, X | EventStoreError>
  /** Fails where nothing can be written now. */
  readonly probe: Effect.Effect<void, EventStoreError>
  /** Deletes the ciphertexts of a subject. */
  readonly erase: (subject: string) => Effect.Effect<void, EventStoreError>
}

/** @category constructors */
export const makeWriting = <E extends AnyEvent>(
  log: Writable<E>,
  building: {
    readonly preparation: Preparation<E>
    readonly vault: VaultShape
    readonly wake: Wake
    /** When the last event was recorded; empty while the log is. */
    readonly lastInstant: Effect.Effect<string, EventStoreError>
  }
): Pick<EventStoreShape<E>, "prepare" | "append" | "appendExclusive" | "forget"> => {
  const { vault, wake } = building
  const { ensureKeys, prepare, prepareAll } = building.preparation
  const stamping = makeStamping(building.lastInstant)

  /** Tells the subscriptions, and returns the answer for the caller. */
  const appended = (landed: Landed, events: ReadonlyArray<Prepared<E>>): Appended => {
    wake.appended(landed, events)
    const { first, leaf, recordedAt } = landed
    return { first, last: first + events.length - 1, recordedAt, leaf }
  }

  return {
    prepare,
    append: (events, condition) =>
      Effect.flatMap(prepareAll(events), (prepared) =>
        log.writing(
          Effect.gen(function* () {
            nonEmpty(prepared)
            yield* ensureKeys(prepared)
            yield* stamping.before
            const outcome = yield* log.append(prepared, yield* instantFor(prepared), condition)
            if ("strayed" in outcome) return yield* otherHistory(outcome.strayed, condition?.after ?? 0)
            if ("conflict" in outcome) return yield* conditionFailed(outcome.conflict)
            yield* stamping.after(outcome)
            return appended(outcome, prepared)
          })
        )
      ),
    appendExclusive: (after, query, decide, options) =>
      log.writing(
        Effect.gen(function* () {
          yield* stamping.before
          const { answer, landed, prepared } = yield* log.locked(positionOf(after), (locked) =>
            Effect.gen(function* () {
              if (!contains(locked, after)) return yield* otherHistory(locked, after)
              const { events, answer } = yield* Effect.fromResult(
                decide(yield* news(locked, query, positionOf(after), options), bookmarkOf(locked.head))
              )
              if (events.length === 0) return { answer, landed: undefined, prepared: [] }
              const prepared = yield* prepareAll(events)
              yield* ensureKeys(prepared)
              return { answer, landed: yield* locked.append(prepared, yield* instantFor(prepared)), prepared }
            })
          )
          if (landed === undefined) return { answer, appended: undefined }
          yield* stamping.after(landed)
          return { answer, appended: appended(landed, prepared) }
        })
      ),
    forget: (subject) =>
      log.writing(
        Effect.gen(function* () {
          yield* log.probe
          yield* Effect.mapError(vault.forget(subject), asStoreError)
          yield* log.erase(subject)
        })
      )
  }
}

/** What matches the query of a decision and came after its position: all of it, or as much as is asked for. */
const news = <E extends AnyEvent>(
  log: Locked<E>,
  query: Query,
  after: Position,
  { backwards = false, limit = Number.POSITIVE_INFINITY }: Pick<ReadOptions, "backwards" | "limit"> = {}
) => {
  const range = { from: after + 1, to: log.head.position, limit: Math.min(limit, StoreLimits.readAll), backwards }
  if (range.from > range.to || limit <= 0) return Effect.succeed<ReadonlyArray<RecordedEvent<E>>>([])
  return Effect.flatMap(log.page(query, range), ({ events, next }) =>
    next === undefined || events.length >= limit
      ? Effect.succeed(events)
      : Effect.die(
          new RangeError(
            `more than ${StoreLimits.readAll} events matched since the decision's position: bring it up to date first`
          )
        )
  )
}

const bookmarkOf = ({ leaf, position }: Head): Bookmark => ({ position, leaf })

const conditionFailed = (position: Position): AppendConditionFailed =>
  new AppendConditionFailed({
    position,
    message: `the event at position ${position} matches the condition of the append`
  })
