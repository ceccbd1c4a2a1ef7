/**
 * The embedded store: one SQLite file that belongs to it alone. For every register that runs in one process.
 */
import { type Duration, Effect, Option, type Scope, Semaphore, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { checked } from "../building/Asking.ts"
import { attempt } from "../building/Attempt.ts"
import { type Codec, make as makeCodec } from "../building/Codec.ts"
import { makeFence } from "../building/Fence.ts"
import { type Authentication, streamMacs } from "../building/Macs.ts"
import { revealing } from "../building/PersonalPart.ts"
import { makePreparation } from "../building/Preparation.ts"
import { makeReading, type Range, streamPages } from "../building/Reading.ts"
import { makeWake } from "../building/Wake.ts"
import { makeWriting } from "../building/Writing.ts"
import type { Connect } from "../files/OpenDatabase.ts"
import { warnOfUntested } from "../files/Runtime.ts"
import type { Catalogue } from "../port/Catalogue.ts"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { AnyEvent, Position } from "../port/Event.ts"
import type { EventStoreError, EventStoreShape } from "../port/EventStore.ts"
import type { Inspected } from "../port/Inspected.ts"
import type { Query } from "../port/Query.ts"
import { upToGap } from "../transparency/Inspection.ts"
import { Vault } from "../vault/Vault.ts"
import { indexParts } from "./SqliteInspection.ts"
import { openLog, type SqliteLog } from "./SqliteLog.ts"

/** @category models */
export interface SqliteEventStoreOptions<E extends AnyEvent> {
  /** The file, or `:memory:`. No other connection may write to it; others may read. */
  readonly filename: string
  readonly catalogue: Catalogue<E>
  /** With it, every append bears a MAC: from the first event on, or from where `beginMacs` was called. Default: none does. */
  readonly authentication?: Authentication | undefined
  /** Opens a log another process may be writing; nothing can be appended or forgotten. */
  readonly readOnly?: boolean
  /** Opens a log whose index does not fit the catalogue, to make it again and for nothing else: conditions could miss events. */
  readonly unfitIndex?: boolean
  /** How often a subscription looks for what another process has appended. Default: half a second. */
  readonly pollInterval?: Duration.Input
  /** Makes the connection; for tests that put faults in between. @internal */
  readonly connect?: Connect
}

/** Between two steps of taking up the words of a long log, each of which takes about a millisecond. */
const learnInterval: Duration.Input = "7 millis"
/** Before the second of them: callers that waited for the start come first. */
const learnAfter: Duration.Input = "1 second"

/** What the SQLite store can do beyond the port. @category models */
export interface SqliteEventStoreShape<E extends AnyEvent> extends EventStoreShape<E> {
  /** Makes the tag index again from the bodies: after damage, or when the catalogue gives events other tags. */
  readonly rebuildIndex: Effect.Effect<void, EventStoreError>
}

/**
 * Opens the log in a file, and makes it where there is none. The file is closed with the scope.
 *
 * An acknowledged append survives `kill -9` and power loss: the write-ahead log is synced with every commit. A file system without this
 * guarantee is refused. After an I/O error nothing is written any more until the log is opened again. What an earlier process left behind
 * is durable when the opening returns. An index that lacks a tag of the catalogue is refused: of each type, the oldest and the newest event
 * are looked up.
 *
 * @category constructors
 */
export const make = <E extends AnyEvent>(
  options: SqliteEventStoreOptions<E>
): Effect.Effect<SqliteEventStoreShape<E>, DatabaseRefused, Vault | SecureRandom.SecureRandom | Scope.Scope> =>
  Effect.gen(function* () {
    const vault = yield* Vault
    const random = yield* SecureRandom.SecureRandom
    yield* warnOfUntested
    const codec = makeCodec(options.catalogue)
    const wake = makeWake()
    const log = yield* open(options, codec, yield* random.uuidV4())
    yield* takeUpWords(log)
    // One connection has one transaction at a time, and a decision under the lock may suspend.
    const writerLock = yield* Semaphore.make(1)
    const writing = <A, X>(work: Effect.Effect<A, X>) => writerLock.withPermit(Effect.uninterruptible(work))
    const head = attempt(() => log.head().position)
    /** For what is not decoded: a log can be proved, copied and inspected without all of its kinds. */
    const last = attempt(log.last)
    const look = (at: Position) => attempt(() => log.look(at))
    const page = (query: Query, range: Range) => attempt(() => log.page(query, range))

    return checked<E, SqliteEventStoreShape<E>>(options.catalogue, {
      logId: log.logId,
      ...makeWriting<E>(
        {
          writing,
          append: (events, now, condition) => attempt(() => log.append(events, now, condition)),
          locked: (at, work) =>
            Effect.flatMap(
              attempt(() => {
                const head = log.lock()
                return { head, leaf: at === head.position ? head.leaf : log.leafAt(at) }
              }),
              (found) =>
                work({ ...found, page, append: (events, now) => attempt(() => log.commit(events, now, found.head)) })
            ).pipe(Effect.ensuring(Effect.sync(log.unlock))),
          probe: Effect.ensuring(
            attempt(() => log.lock()),
            Effect.sync(log.unlock)
          ),
          erase: (subject) => attempt(() => log.forget(subject))
        },
        {
          preparation: makePreparation(codec, vault, (subject) => attempt(() => log.hasSubject(subject))),
          vault,
          wake,
          lastInstant: attempt(() => log.head().recordedAt)
        }
      ),
      ...makeReading<E>({ head, look, page, wake, pollInterval: options.pollInterval ?? "500 millis" }),
      writable: attempt(() => {
        log.refuseIfClosed()
        log.refuseNewer()
      }),
      readStored: (range) => streamPages(last, (part) => attempt(() => log.stored(part)), range),
      readMacs: (range) => streamMacs((from, limit) => attempt(() => log.macs(from, limit)), range?.from),
      beginMacs: writing(attempt(() => log.beginMacs())),
      readLeaves: (range) => streamPages(last, (part) => attempt(() => log.leaves(part)), range),
      inspect: (range) =>
        Stream.unwrap(
          Effect.gen(function* () {
            const end = Math.min(range?.to ?? Number.POSITIVE_INFINITY, yield* last)
            const to = yield* attempt(() => log.denseUpTo(end))
            return upToGap(inspectionOf(log, to, yield* random.randomBytes(16)), to, end)
          })
        ),
      ...revealing(vault, (positions) => attempt(() => positions.map(log.personal))),
      rebuildIndex: writing(attempt(() => log.rebuildIndex()))
    })
  })

const open = <E extends AnyEvent>(
  { authentication, catalogue, connect, filename, readOnly = false, unfitIndex = readOnly }: SqliteEventStoreOptions<E>,
  codec: Codec<E>,
  newLogId: string
): Effect.Effect<SqliteLog<E>, DatabaseRefused, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      try {
        const types = unfitIndex ? [] : Object.keys(catalogue.events)
        const fence = makeFence(catalogue)
        return Effect.succeed(openLog({ filename, readOnly, codec, fence, newLogId, authentication, connect, types }))
      } catch (error) {
        return error instanceof DatabaseRefused ? Effect.fail(error) : Effect.die(error)
      }
    }),
    (opened) => Effect.sync(() => opened.close())
  )

/** The words of a short log are known at once, those of a long one while it is used. */
const takeUpWords = <E extends AnyEvent>(log: SqliteLog<E>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const learn = Effect.sync(log.learn)
    if (yield* learn)
      yield* Effect.repeat(Effect.delay(learn, learnInterval), { while: (more) => more }).pipe(
        Effect.delay(learnAfter),
        Effect.forkScoped
      )
  })

/** The events, then the parts of the index, then what only the whole shows. */
const inspectionOf = <E extends AnyEvent>(
  log: Pick<SqliteLog<E>, "inspection">,
  to: Position,
  seed: Uint8Array
): Stream.Stream<Inspected<E>, EventStoreError> =>
  to < 1
    ? Stream.empty
    : Stream.unwrap(
        Effect.map(
          attempt(() => log.inspection(to, seed)),
          (inspection) =>
            Stream.concat(
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
        )
      )
