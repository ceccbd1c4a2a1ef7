/**
 * The log in a SQLite file, as synchronous functions. For SqliteEventStore. No effect belongs here, so that the log can move to a worker
 * thread.
 */
import type { DatabaseSync } from "node:sqlite"
import { type Codec, damaged, isEnvelope } from "../building/Codec.ts"
import type { Fence } from "../building/Fence.ts"
import { type Authentication, makeAuthenticator } from "../building/Macs.ts"
import type { Kept } from "../building/PersonalPart.ts"
import type { Page, Range } from "../building/Reading.ts"
import { type Connect, openDatabase } from "../files/OpenDatabase.ts"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import type { StoredEvent, StoredLeaves } from "../port/EventStore.ts"
import type { Query } from "../port/Query.ts"
import {
  APPLICATION_ID,
  createTables,
  INDEX_LAYOUT,
  LAYOUT,
  prepareStatements,
  type Statements
} from "./LogStatements.ts"
import { tryOutOnce } from "./SelfTest.ts"
import { makeFaults } from "./SqliteFaults.ts"
import { refuseUnfit } from "./SqliteIndexFit.ts"
import { denseUpTo, makeSqliteInspection, type SqliteInspection } from "./SqliteInspection.ts"
import { createKinds, kindsOfBodies, makeSqliteKinds } from "./SqliteKinds.ts"
import { createMacs, makeSqliteMacs, type SqliteMacs } from "./SqliteMacs.ts"
import { makeSqliteReading } from "./SqliteReading.ts"
import { makeSqliteWriting, type SqliteWriting } from "./SqliteWriting.ts"
import { makeWordFilter, type WordFilter } from "./WordFilter.ts"

interface SqliteLogOptions<E extends AnyEvent> {
  readonly filename: string
  readonly readOnly: boolean
  readonly codec: Codec<E>
  readonly fence: Fence
  /** Kept in a new log. */
  readonly newLogId: string
  readonly authentication: Authentication | undefined
  readonly connect: Connect | undefined
  /** Types whose events the index has to find. */
  readonly types: ReadonlyArray<string>
}

export interface SqliteLog<E extends AnyEvent> extends SqliteWriting<E> {
  readonly logId: string
  /** The highest position there is, whatever lies there. */
  readonly last: () => Position
  /** Throws if an earlier fault closed the log for writing. */
  readonly refuseIfClosed: () => void
  readonly page: (query: Query, range: Range) => Page<RecordedEvent<E>>
  readonly stored: (range: Range) => Page<StoredEvent>
  /** Whether an event has a personal part of a subject. */
  readonly hasSubject: (subject: string) => boolean
  readonly leaves: (range: Range) => Page<StoredLeaves>
  readonly macs: SqliteMacs["page"]
  /** Up to where an inspection can go: the position, unless the file has no room for so many events. */
  readonly denseUpTo: (last: Position) => Position
  /** For an inspection of the events up to a position. The seed keeps an attacker from making the index fit. */
  readonly inspection: (to: Position, seed: Uint8Array) => SqliteInspection<E>
  readonly personal: (position: Position) => Kept
  /** Takes up some more of the words in the index, so that looking up something new is cheap; false when all is known. */
  readonly learn: () => boolean
  readonly close: () => void
}

/** Throws {@link DatabaseRefused}; what it returns throws {@link EventStoreError}. */
export const openLog = <E extends AnyEvent>(options: SqliteLogOptions<E>): SqliteLog<E> => {
  const { codec, fence, filename, readOnly } = options
  const fault = tryOutOnce()
  if (fault !== undefined)
    throw new DatabaseRefused({
      filename,
      reason: "runtime",
      message: `${filename} is not opened with Node ${process.versions.node}, whose SQLite fails the log: ${fault}`
    })
  const { database, filter, logId, statements } = openFile(options)
  const faults = makeFaults(filename, readOnly)
  const { guarded, refuseIfClosed } = faults
  const reading = makeSqliteReading(statements, codec, filter)
  const authenticator =
    options.authentication === undefined ? undefined : makeAuthenticator(options.authentication, logId)
  const macs = makeSqliteMacs(database, authenticator)
  const kinds = makeSqliteKinds(database, fence)
  const writing = makeSqliteWriting({ filename, database, statements, reading, filter, faults, macs, kinds, fence })
  const log: SqliteLog<E> = {
    ...writing,
    logId,
    last: () => guarded(() => headPosition(statements)),
    refuseIfClosed,
    page: (query, range) => {
      const found = guarded(() => reading.page(query, range))
      writing.refuseNewer()
      return found
    },
    stored: (range) => guarded(() => reading.stored(range)),
    hasSubject: (subject) => guarded(() => reading.hasSubject(subject, headPosition(statements))),
    leaves: (range) => guarded(() => reading.leaves(range)),
    macs: (from, limit) => guarded(() => macs.page(from, limit)),
    denseUpTo: (last) => guarded(() => denseUpTo(database, last)),
    inspection: (to, seed) => {
      const inspection = guarded(() => makeSqliteInspection({ database, codec, to, seed }))
      return {
        bodies: (from) => guarded(() => inspection.bodies(from)),
        index: (part) => guarded(() => inspection.index(part)),
        end: () => guarded(inspection.end)
      }
    },
    personal: (position) =>
      guarded(() => {
        const event = reading.body(position)
        if (event === undefined) throw new RangeError(`the log has no position ${position}`)
        if (!isEnvelope(event)) throw damaged(position, "the body is not that of an event")
        const ciphertext = statements.personal.get(position)?.["ciphertext"]
        return { position, event, ciphertext: ciphertext instanceof Uint8Array ? ciphertext : undefined }
      }),
    learn: () => !readOnly && filter.learn(),
    close: () => database.close()
  }
  const found = Number(database.prepare("PRAGMA user_version").get()?.["user_version"])
  if (found < LAYOUT && !(readOnly && found >= INDEX_LAYOUT)) {
    bringUpToDate(log, database, found, options)
    kinds.look()
  }
  try {
    refuseUnfit({ filename, database, reading, types: options.types, last: headPosition(statements) })
  } catch (cause) {
    log.close()
    throw cause
  }
  return log
}

const headPosition = (statements: Statements): Position =>
  (statements.head.get() as unknown as readonly [Position] | undefined)?.[0] ?? 0

interface OpenFile {
  readonly database: DatabaseSync
  readonly statements: Statements
  readonly filter: WordFilter
  readonly logId: string
}

const openFile = <E extends AnyEvent>({ connect, filename, newLogId, readOnly }: SqliteLogOptions<E>): OpenFile => {
  const database = openDatabase({
    filename,
    applicationId: APPLICATION_ID,
    version: LAYOUT,
    readOnly,
    connect,
    create: (fresh) => {
      fresh.exec(createTables)
      fresh.prepare("INSERT INTO log (id) VALUES (?)").run(newLogId)
    }
  })
  try {
    const statements = prepareStatements(database)
    const filter = makeWordFilter(database, headPosition(statements))
    const logId = (statements.logId.get() as unknown as readonly [unknown] | undefined)?.[0]
    if (typeof logId !== "string") throw new Error("the log has no id")
    return { database, statements, filter, logId }
  } catch (cause) {
    database.close()
    throw new DatabaseRefused({
      filename,
      reason: "damaged",
      message: `${filename} is not whole: keep a copy of it and restore it from a backup`,
      cause
    })
  }
}

/** A table that is missing is made. The index of an older layout is made again from the bodies. */
const bringUpToDate = <E extends AnyEvent>(
  log: SqliteLog<E>,
  database: DatabaseSync,
  found: number,
  { filename, readOnly }: SqliteLogOptions<E>
): void => {
  const refuse = (reason: DatabaseRefused["reason"], message: string, cause?: unknown) => {
    log.close()
    return new DatabaseRefused({ filename, reason, message: `${filename} ${message}`, ...(cause ? { cause } : {}) })
  }
  if (readOnly) throw refuse("older", "has an index of an older version: start the program that writes it once")
  try {
    database.exec(createMacs.replace("TABLE", "TABLE IF NOT EXISTS"))
    database.exec(createKinds.replace("TABLE", "TABLE IF NOT EXISTS"))
    if (found < INDEX_LAYOUT) log.rebuildIndex()
    else database.exec(`BEGIN IMMEDIATE; DELETE FROM kinds; ${kindsOfBodies}; PRAGMA user_version = ${LAYOUT}; COMMIT`)
  } catch (cause) {
    throw refuse("damaged", "is of an older version, and its index cannot be made again: keep a copy of it", cause)
  }
}
