/**
 * The store for several processes: a log in one schema of a PostgreSQL database, written by any number of nodes. For a register that
 * must stay up when a machine does not.
 */
import { type Duration, Effect, type Scope, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { checked } from "../building/Asking.ts"
import { make as makeCodec } from "../building/Codec.ts"
import { makeFence } from "../building/Fence.ts"
import { type Authentication, makeAuthenticator, streamMacs } from "../building/Macs.ts"
import { revealing } from "../building/PersonalPart.ts"
import { makePreparation } from "../building/Preparation.ts"
import { makeWake } from "../building/Wake.ts"
import { makeWriting } from "../building/Writing.ts"
import type { Catalogue } from "../port/Catalogue.ts"
import type { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { AnyEvent, Position } from "../port/Event.ts"
import { EventStoreError, type EventStoreShape } from "../port/EventStore.ts"
import { Vault } from "../vault/Vault.ts"
import { makeAppending } from "./PgAppending.ts"
import { makeCalls } from "./PgCalls.ts"
import { makeKinds } from "./PgKinds.ts"
import { inspectLog } from "./PgInspection.ts"
import { refuseUnfit } from "./PgIndexFit.ts"
import { channelOf, sessionsOf, statementsOf } from "./PgLayout.ts"
import { makeListening } from "./PgListening.ts"
import { makeLog, openLayout, storeError } from "./PgLog.ts"
import { makePatience } from "./PgPatience.ts"
import { openSessions } from "./PgPooler.ts"
import { makePgReading } from "./PgReading.ts"
import type { PgServer } from "./PgServer.ts"
import { checkSchema, defaultBounds, describe, type PgBounds, readingOnly } from "./PgSession.ts"
import { canWrite, erase, hasSubject, rebuildIndex, personalAt } from "./PgUpkeep.ts"
import { makeWriters } from "./PgWriters.ts"

export type { PgServer } from "./PgServer.ts"
export type { PgBounds } from "./PgSession.ts"
export { maximumWriters } from "./PgWriters.ts"

/** @category models */
export interface PgEventStoreOptions<E extends AnyEvent> {
  /** The primary. The store opens a pool of its own, and keeps one more connection to be woken. */
  readonly server: PgServer
  readonly catalogue: Catalogue<E>
  /** With it, every append bears a MAC: from the first event on, or from where `beginMacs` was called. Default: none does. */
  readonly authentication?: Authentication | undefined
  /** The schema, made where there is none; not a word of SQL. Default: `event_store`. */
  readonly schema?: string
  /** How often a subscription looks by itself, should a notification be lost. Default: a second. */
  readonly pollInterval?: Duration.Input
  /** Opens a log that is there, and refuses another; nothing can be appended or forgotten, nor is anything made or migrated. */
  readonly readOnly?: boolean
  /** Opens a log whose index does not fit the catalogue, to make it again and for nothing else: conditions could miss events. */
  readonly unfitIndex?: boolean
  readonly bounds?: Partial<PgBounds>
}

/** What the PostgreSQL store can do beyond the port. @category models */
export interface PgEventStoreShape<E extends AnyEvent> extends EventStoreShape<E> {
  /** Makes the index again from the bodies, while all other callers wait. */
  readonly rebuildIndex: Effect.Effect<void, EventStoreError>
}

/**
 * Opens the log, and makes or migrates its schema. A database of a newer version is refused. So is an index that lacks a tag of the
 * catalogue; of each type, the oldest and the newest event are looked up.
 *
 * Every append is one call of a function that takes the writer lock first and reads after, and one commit. When the connection breaks
 * before the answer, the append fails with `unknown`: look for its events, then go on. A process that is cut off while it decides under the
 * lock loses it after {@link PgBounds.idleInTransaction}. After an I/O error of the server the store writes nothing until the log is opened
 * again. On a full disk it refuses appends until there is room.
 *
 * @category constructors
 */
export const make = <E extends AnyEvent>(
  options: PgEventStoreOptions<E>
): Effect.Effect<PgEventStoreShape<E>, DatabaseRefused, Vault | SecureRandom.SecureRandom | Scope.Scope> =>
  Effect.gen(function* () {
    const vault = yield* Vault
    const random = yield* SecureRandom.SecureRandom
    const schema = checkSchema(options.schema ?? "event_store")
    const bounds = { ...defaultBounds, ...options.bounds }
    const { readOnly = false } = options
    const database = describe(options.server, schema)
    const parameters = readOnly ? readingOnly : {}
    const { server } = options
    const pool = yield* openSessions({ server, bounds, applicationName: sessionsOf(schema), database, parameters })
    const newLogId = readOnly ? undefined : yield* random.uuidV4()
    const { layout, logId } = yield* openLayout(pool, schema, database, newLogId)
    const codec = makeCodec(options.catalogue)
    const statements = statementsOf(schema, layout)
    const log = makeLog(statements, logId)
    const kinds = makeKinds(makeFence(options.catalogue), statements)
    if (!readOnly && options.unfitIndex !== true)
      yield* refuseUnfit({ pool, statements, codec, database, catalogue: options.catalogue })
    const wake = makeWake()
    const { expecting } = yield* makeListening(pool, channelOf(schema), wake)
    const { refuseIfClosed, writing } = yield* makeWriters
    const calls = makeCalls(pool, bounds)
    const { read } = calls
    const patiently = yield* makePatience
    const pollInterval = options.pollInterval ?? "1 second"
    const parts = { log, statements, codec, kinds, wake, pollInterval, read, patiently }
    const { last, pageOn, ...reading } = makePgReading<E>(parts)

    const authenticator =
      options.authentication === undefined ? undefined : makeAuthenticator(options.authentication, logId)
    const appending = makeAppending<E>({ ...parts, pool, authenticator, calls, expecting, pageOn })

    return checked<E, PgEventStoreShape<E>>(options.catalogue, {
      logId,
      ...makeWriting<E>(
        {
          writing,
          append: appending.append,
          locked: appending.locked,
          probe: appending.probe,
          erase: (subject) => erase(pool, log, statements, subject)
        },
        {
          preparation: makePreparation(codec, vault, hasSubject(read, statements)),
          vault,
          wake,
          lastInstant: Effect.map(
            reading.readAll("all", { backwards: true, limit: 1 }),
            ([event]) => event?.meta.recordedAt ?? ""
          )
        }
      ),
      ...reading,
      writable: Effect.andThen(refuseIfClosed, Effect.andThen(canWrite(read), Effect.asVoid(reading.head))),
      readMacs: (range) => streamMacs(appending.macs, range?.from),
      beginMacs: writing(appending.beginMacs),
      inspect: (range) => {
        const query = (sql: string, params: ReadonlyArray<unknown>) =>
          read((connection) => storeError(connection.queryValues(sql, params)))
        return inspecting({ schema, codec, query }, last, random, range?.to)
      },
      ...revealing(vault, personalAt(read, statements)),
      rebuildIndex: writing(rebuildIndex(pool, log, statements, pageOn))
    })
  })

const inspecting = <E extends AnyEvent>(
  log: Pick<Parameters<typeof inspectLog<E>>[0], "schema" | "codec" | "query">,
  last: Effect.Effect<Position, EventStoreError>,
  random: SecureRandom.SecureRandom["Service"],
  end = Number.POSITIVE_INFINITY
) =>
  Stream.unwrap(
    Effect.gen(function* () {
      return inspectLog({ ...log, to: Math.min(end, yield* last), seed: yield* random.randomBytes(16) })
    })
  )
