/**
 * The embedded store: one SQLite file that belongs to it alone. For every register that runs in one process.
 */
import { type Duration, Effect, Option, type Scope, Semaphore, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Catalogue } from "../port/Catalogue.ts"
import { make as makeCodec } from "../building/Codec.ts"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { AnyEvent } from "../port/Event.ts"
import type { EventStoreError, EventStoreShape } from "../port/EventStore.ts"
import { attempt, conditionFailed, nonEmpty, tooManyNews } from "../building/Attempt.ts"
import type { Connect } from "../files/OpenDatabase.ts"
import { indexParts } from "./SqliteInspection.ts"
import { openLog } from "./SqliteLog.ts"
import { Limits } from "../port/Limits.ts"
import { asStoreError, reveal } from "../building/PersonalPart.ts"
import { instantAfter, makePreparation } from "../building/Preparation.ts"
import { makeReading, streamPages } from "../building/Reading.ts"
import { Vault } from "../vault/Vault.ts"
import { makeWake } from "../building/Wake.ts"

/** @category models */
export interface SqliteEventStoreOptions<E extends AnyEvent> {
  /** The file, or `:memory:`. No other connection may write to it; others may read. */
  readonly filename: string
  readonly catalogue: Catalogue<E>
  /** Opens a log another process may be writing; nothing can be appended or forgotten. */
  readonly readOnly?: boolean
  /** How often a subscription looks for what another process has appended. Default: half a second. */
  readonly pollInterval?: Duration.Input
  /** Makes the connection; for tests that put faults in between. */
  readonly connect?: Connect
}

/** Between two steps of taking up the words of a long log, each of which takes about a millisecond. */
const learnInterval: Duration.Input = "7 millis"
/** Before the second of them: those who waited for the start come first. */
const learnAfter: Duration.Input = "1 second"

/** What the SQLite store can do beyond the port. @category models */
export interface SqliteEventStoreShape<E extends AnyEvent> extends EventStoreShape<E> {
  /** Makes the tag index again from the bodies: after damage, or when the catalogue gives events other tags. */
  readonly rebuildIndex: Effect.Effect<void, EventStoreError>
}

/**
 * Opens the log in a file, and makes it where there is none. The file is closed with the scope.
 *
 * An acknowledged append survives `kill -9` and power loss: the write-ahead log is synced with every commit, and a file system where that
 * cannot be had is refused. After an I/O error nothing is written any more until the log is opened again. What an opening finds, of a
 * process that ended half-way, is durable when it returns.
 *
 * @category constructors
 */
export const make = <E extends AnyEvent>(
  options: SqliteEventStoreOptions<E>
): Effect.Effect<SqliteEventStoreShape<E>, DatabaseRefused, Vault | SecureRandom.SecureRandom | Scope.Scope> =>
  Effect.gen(function* () {
    const vault = yield* Vault
    const random = yield* SecureRandom.SecureRandom
    const newLogId = yield* random.uuidV4()
    const codec = makeCodec(options.catalogue)
    const { prepare, prepareAll, ensureKeys } = makePreparation(codec, vault)
    const wake = makeWake()
    const log = yield* Effect.acquireRelease(
      Effect.suspend(() => {
        try {
          const { filename, connect, readOnly = false } = options
          return Effect.succeed(openLog({ filename, readOnly, codec, newLogId, connect }))
        } catch (error) {
          return error instanceof DatabaseRefused ? Effect.fail(error) : Effect.die(error)
        }
      }),
      (opened) => Effect.sync(() => opened.close())
    )
    // The words of a short log are known at once, those of a long one while it is used.
    const learn = Effect.sync(log.learn)
    if (yield* learn)
      yield* Effect.repeat(Effect.delay(learn, learnInterval), { while: (more) => more }).pipe(
        Effect.delay(learnAfter),
        Effect.forkScoped
      )
    // One connection, so one transaction at a time: a decision under the lock may suspend, and nobody may begin another meanwhile.
    const writerLock = yield* Semaphore.make(1)
    const exclusively = <A, X, R>(work: Effect.Effect<A, X, R>) => writerLock.withPermit(Effect.uninterruptible(work))
    const head = attempt(() => log.head().position)

    return {
      logId: log.logId,
      prepare,
      append: (events, condition) =>
        Effect.flatMap(prepareAll(events), (prepared) =>
          exclusively(
            Effect.gen(function* () {
              nonEmpty(prepared)
              yield* ensureKeys(prepared)
              const now = yield* instantAfter("")
              const outcome = yield* attempt(() => log.append(prepared, now, condition))
              if (typeof outcome === "number") return yield* conditionFailed(outcome)
              const { first, recordedAt } = outcome
              wake.appended(first, prepared)
              return { first, last: first + prepared.length - 1, recordedAt }
            })
          )
        ),
      appendExclusive: (after, query, decide) =>
        exclusively(
          Effect.gen(function* () {
            const { position } = yield* attempt(() => log.lock())
            const range = { from: Math.max(after, 0) + 1, to: position, limit: Limits.readAll, backwards: false }
            const news =
              range.from > range.to ? { events: [], next: undefined } : yield* attempt(() => log.page(query, range))
            if (news.next !== undefined) return yield* Effect.die(tooManyNews())
            const { events, answer } = yield* Effect.fromResult(decide(news.events, position))
            if (events.length === 0) return { appended: undefined, answer }
            const prepared = yield* prepareAll(events)
            yield* ensureKeys(prepared)
            const now = yield* instantAfter("")
            const { first, recordedAt } = yield* attempt(() => log.commit(prepared, now))
            wake.appended(first, prepared)
            return { appended: { first, last: first + prepared.length - 1, recordedAt }, answer }
          }).pipe(Effect.ensuring(Effect.sync(log.unlock)))
        ),
      ...makeReading<E>({
        head,
        page: (query, range) => attempt(() => log.page(query, range)),
        wake,
        pollInterval: options.pollInterval ?? "500 millis"
      }),
      writable: attempt(log.refuseIfClosed),
      readStored: (range) => streamPages(head, (part) => attempt(() => log.stored(part)), range),
      readLeaves: (range) => streamPages(head, (part) => attempt(() => log.leaves(part)), range),
      inspect: (range) =>
        Stream.unwrap(
          Effect.gen(function* () {
            const to = Math.min(range?.to ?? Number.POSITIVE_INFINITY, yield* attempt(log.last))
            const seed = yield* random.randomBytes(16)
            const inspection = yield* attempt(() => log.inspection(to, seed))
            if (to < 1) return Stream.empty
            return Stream.concat(
              Stream.paginate(1, (from) =>
                Effect.map(
                  attempt(() => inspection.bodies(from)),
                  (found) => [[found], found.done < to ? Option.some(found.done + 1) : Option.none()] as const
                )
              ),
              Stream.paginate(0, (part) =>
                Effect.map(
                  attempt(() => (part < indexParts ? inspection.index(part) : inspection.end())),
                  (found) => [[found], part < indexParts ? Option.some(part + 1) : Option.none()] as const
                )
              )
            )
          })
        ),
      reveal: (positions) =>
        Effect.forEach(positions, (position) =>
          Effect.flatMap(
            attempt(() => log.personal(position)),
            ({ event, ciphertext }) => reveal(vault, position, event, ciphertext)
          )
        ),
      forget: (subject) =>
        exclusively(
          Effect.gen(function* () {
            // A log that cannot be written to must not lose the key first.
            yield* Effect.ensuring(
              attempt(() => log.lock()),
              Effect.sync(log.unlock)
            )
            yield* Effect.mapError(vault.forget(subject), asStoreError)
            yield* attempt(() => log.forget(subject))
          })
        ),
      rebuildIndex: exclusively(attempt(() => log.rebuildIndex()))
    }
  })
