/**
 * Appending, deciding under the writer lock and forgetting, over a log that can be locked and written to. For the stores, and for builders
 * of another store.
 *
 * The order of the steps keeps the promises, so it stands here and in no store. A key is durable before the event that needs it. A
 * subscriber hears of an event after it is durable. A key is destroyed only where its ciphertexts can be deleted too.
 */
import { Effect } from "effect"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import { AppendConditionFailed, type Appended, type EventStoreError, type EventStoreShape } from "../port/EventStore.ts"
import * as StoreLimits from "../port/StoreLimits.ts"
import type { AppendCondition, Query } from "../port/Query.ts"
import type { VaultShape } from "../vault/Vault.ts"
import { nonEmpty } from "./Attempt.ts"
import { asStoreError } from "./PersonalPart.ts"
import { instantNow, type Preparation, type Prepared } from "./Preparation.ts"
import type { Page, Range } from "./Reading.ts"
import type { Wake } from "./Wake.ts"

/** Where appended events lie. @category models */
export interface Landed {
  readonly first: Position
  /** The instant they were given; the store takes the head's where that is later. */
  readonly recordedAt: string
}

/** The append was refused: an event at this position matches its condition. @category models */
export interface Conflicting {
  readonly conflict: Position
}

/** A log whose writer lock is held. @category models */
export interface Locked<E extends AnyEvent> {
  readonly head: Position
  readonly page: (query: Query, range: Range) => Effect.Effect<Page<RecordedEvent<E>>, EventStoreError>
  readonly append: (events: ReadonlyArray<Prepared<E>>, now: string) => Effect.Effect<Landed, EventStoreError>
}

/** What writing needs of a store. @category models */
export interface Writable<E extends AnyEvent> {
  /** Runs work in its turn, and to its end once it has begun. Refuses it where an earlier fault closed the log. */
  readonly writing: <A, X>(work: Effect.Effect<A, X>) => Effect.Effect<A, X | EventStoreError>
  /** Lock, condition, write and commit, in one. */
  readonly append: (
    events: ReadonlyArray<Prepared<E>>,
    now: string,
    condition: AppendCondition | undefined
  ) => Effect.Effect<Landed | Conflicting, EventStoreError>
  /** Holds the writer lock around the work. What the work appends is durable when this returns, and not there when it fails. */
  readonly locked: <A, X>(work: (log: Locked<E>) => Effect.Effect<A, X>) => Effect.Effect<A, X | EventStoreError>
  /** Fails where nothing can be written now. */
  readonly probe: Effect.Effect<void, EventStoreError>
  /** Deletes the ciphertexts of a subject. */
  readonly erase: (subject: string) => Effect.Effect<void, EventStoreError>
}

/** @category constructors */
export const makeWriting = <E extends AnyEvent>(
  log: Writable<E>,
  building: { readonly preparation: Preparation<E>; readonly vault: VaultShape; readonly wake: Wake }
): Pick<EventStoreShape<E>, "prepare" | "append" | "appendExclusive" | "forget"> => {
  const { vault, wake } = building
  const { ensureKeys, prepare, prepareAll } = building.preparation

  /** Tells the subscriptions, and returns the answer for the caller. */
  const appended = ({ first, recordedAt }: Landed, events: ReadonlyArray<Prepared<E>>): Appended => {
    wake.appended(first, events)
    return { first, last: first + events.length - 1, recordedAt }
  }

  return {
    prepare,
    append: (events, condition) =>
      Effect.flatMap(prepareAll(events), (prepared) =>
        log.writing(
          Effect.gen(function* () {
            nonEmpty(prepared)
            yield* ensureKeys(prepared)
            const outcome = yield* log.append(prepared, yield* instantNow, condition)
            return "conflict" in outcome ? yield* conditionFailed(outcome.conflict) : appended(outcome, prepared)
          })
        )
      ),
    appendExclusive: (after, query, decide) =>
      log.writing(
        Effect.gen(function* () {
          const { answer, landed, prepared } = yield* log.locked((locked) =>
            Effect.gen(function* () {
              const { events, answer } = yield* Effect.fromResult(
                decide(yield* news(locked, query, after), locked.head)
              )
              if (events.length === 0) return { answer, landed: undefined, prepared: [] }
              const prepared = yield* prepareAll(events)
              yield* ensureKeys(prepared)
              return { answer, landed: yield* locked.append(prepared, yield* instantNow), prepared }
            })
          )
          return { answer, appended: landed === undefined ? undefined : appended(landed, prepared) }
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

/** What matches the query of a decision and came after its position. */
const news = <E extends AnyEvent>(log: Locked<E>, query: Query, after: Position) => {
  const range = { from: Math.max(after, 0) + 1, to: log.head, limit: StoreLimits.readAll, backwards: false }
  if (range.from > range.to) return Effect.succeed<ReadonlyArray<RecordedEvent<E>>>([])
  return Effect.flatMap(log.page(query, range), ({ events, next }) =>
    next === undefined
      ? Effect.succeed(events)
      : Effect.die(
          new RangeError(
            `more than ${StoreLimits.readAll} events matched since the decision's position: bring it up to date first`
          )
        )
  )
}

const conditionFailed = (position: Position): AppendConditionFailed =>
  new AppendConditionFailed({
    position,
    message: `the event at position ${position} matches the condition of the append`
  })
