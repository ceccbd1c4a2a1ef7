/**
 * The log in a SQLite file, synchronous and plain: no effect in it, so that it could move to a worker thread. For SqliteEventStore.
 */
import { type Codec, damaged, type Envelope, isEnvelope, laterInstant, parse } from "../building/Codec.ts"
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import { EventStoreError, type StoredEvent, type StoredLeaves } from "../port/EventStore.ts"
import { finish, type Prepared } from "../building/Preparation.ts"
import type { AppendCondition, Query } from "../port/Query.ts"
import type { Page, Range } from "../building/Reading.ts"
import type { Conflicting, Landed } from "../building/Writing.ts"
import { APPLICATION_ID, createTables, LAYOUT, prepareStatements } from "./LogStatements.ts"
import { type Connect, isClosed, isCorruption, openDatabase, resultCode } from "../files/OpenDatabase.ts"
import { type KnownWords, makeKnownWords } from "./KnownWords.ts"
import { makeSqliteInspection, type SqliteInspection } from "./SqliteInspection.ts"
import { makeSqliteReading } from "./SqliteReading.ts"
import { wordOf, wordsOf } from "./TagIndex.ts"

const BUSY = 5
const LOCKED = 6
/** After these the file may hold something else than this process believes: IOERR, CORRUPT, FULL, CANTOPEN, NOTADB, READONLY. */
const CLOSING = new Set([10, 11, 13, 14, 26, 8])
const FULL = 13

/** How many candidates of a condition to look at in one go: the first is nearly always the one. */
const CANDIDATES = 16

export interface Head {
  readonly position: Position
  /** Empty while the log is. */
  readonly recordedAt: string
}

export interface SqliteLogOptions<E extends AnyEvent> {
  readonly filename: string
  readonly readOnly: boolean
  readonly codec: Codec<E>
  /** Kept in a new log. */
  readonly newLogId: string
  readonly connect: Connect | undefined
}

export interface SqliteLog<E extends AnyEvent> {
  readonly logId: string
  readonly head: () => Head
  /** The highest position there is, whatever lies there. */
  readonly last: () => Position
  /** Throws if an earlier fault closed the log for writing. */
  readonly refuseIfClosed: () => void
  /** All in one: lock, condition, write, commit. */
  readonly append: (
    events: ReadonlyArray<Prepared<E>>,
    now: string,
    condition: AppendCondition | undefined
  ) => Landed | Conflicting
  /** The same in steps, for a decision in between: `lock`, perhaps `commit`, and always `unlock`. */
  readonly lock: () => Head
  readonly commit: (events: ReadonlyArray<Prepared<E>>, now: string) => Landed
  readonly unlock: () => void
  readonly page: (query: Query, range: Range) => Page<RecordedEvent<E>>
  readonly stored: (range: Range) => Page<StoredEvent>
  readonly leaves: (range: Range) => Page<StoredLeaves>
  /** For an inspection of the events up to a position. The seed keeps what is compared from being made to fit. */
  readonly inspection: (to: Position, seed: Uint8Array) => SqliteInspection
  readonly personal: (position: Position) => { readonly event: Envelope; readonly ciphertext: Uint8Array | undefined }
  readonly forget: (subject: string) => void
  readonly rebuildIndex: () => void
  /** Takes up some more of the words in the index, so that looking up something new is cheap; false when all is known. */
  readonly learn: () => boolean
  readonly close: () => void
}

/** Throws {@link DatabaseRefused}; what it returns throws {@link EventStoreError}. */
export const openLog = <E extends AnyEvent>(options: SqliteLogOptions<E>): SqliteLog<E> => {
  const { codec, filename } = options
  const database = openDatabase({
    filename,
    applicationId: APPLICATION_ID,
    version: LAYOUT,
    readOnly: options.readOnly,
    connect: options.connect,
    create: (fresh) => {
      fresh.exec(createTables)
      fresh.prepare("INSERT INTO log (id) VALUES (?)").run(options.newLogId)
    }
  })
  let statements: ReturnType<typeof prepareStatements>
  let logId: unknown
  let words: KnownWords
  try {
    statements = prepareStatements(database)
    words = makeKnownWords(database, Number(statements.head.get()?.["position"] ?? 0))
    logId = statements.logId.get()?.["id"]
    if (typeof logId !== "string") throw new Error("the log has no id")
  } catch (cause) {
    database.close()
    throw new DatabaseRefused({
      filename,
      reason: "damaged",
      message: `${filename} is not whole: keep a copy of it and restore it from a backup`,
      cause
    })
  }

  /** Why nothing can be written any more. */
  let closedBecause = options.readOnly ? "it was opened for reading only" : undefined
  let known: Head = { position: 0, recordedAt: "" }

  /** Turns what SQLite throws into what the port knows. Anything that is not SQLite's is a defect and passes. */
  const fault = (cause: unknown, committing: boolean): unknown => {
    const code = resultCode(cause)
    if (isClosed(cause)) return new EventStoreError({ reason: "unavailable", message: `${filename} was closed`, cause })
    if (cause instanceof EventStoreError || code === undefined) return cause
    const text = cause instanceof Error ? cause.message : String(cause)
    if (code === BUSY || code === LOCKED)
      return new EventStoreError({ reason: "unavailable", message: `${filename} is locked by another process`, cause })
    if (CLOSING.has(code)) closedBecause ??= `${text}; look at the disk, then open the log again`
    // The last thing written is the commit mark, and a full disk stops before it. After any other error it may be there, and count.
    if (committing && code !== FULL)
      return new EventStoreError({
        reason: "unknown",
        message: `${filename} failed while committing, the append may have happened: ${text}`,
        cause
      })
    return new EventStoreError({
      reason: isCorruption(cause) ? "damaged" : "unavailable",
      message: `${filename}: ${text}`,
      cause
    })
  }
  const guarded = <A>(work: () => A): A => {
    try {
      return work()
    } catch (cause) {
      throw fault(cause, false)
    }
  }

  const reading = makeSqliteReading(statements, codec, words)

  const head = (): Head => {
    const position = Number(statements.head.get()?.["position"] ?? 0)
    if (position === known.position) return known
    const event = reading.body(position)
    if (!isEnvelope(event)) throw damaged(position, "the body is not that of an event")
    known = { position, recordedAt: event.meta.recordedAt }
    return known
  }

  const unlock = (): void => {
    if (database.isTransaction) database.exec("ROLLBACK")
  }
  const refuseIfClosed = (): void => {
    if (closedBecause !== undefined)
      throw new EventStoreError({ reason: "read_only", message: `nothing is written to ${filename}: ${closedBecause}` })
  }
  const lock = (): Head => {
    refuseIfClosed()
    return guarded(() => {
      statements.begin.run()
      return head()
    })
  }
  const commit: SqliteLog<E>["commit"] = (events, now) => {
    let committing = false
    try {
      const last = head()
      const recordedAt = laterInstant(now, last.recordedAt)
      let position = last.position
      for (const event of events) {
        position += 1
        const { body, leaf, personal } = finish(event, recordedAt)
        statements.insertEvent.run(position, body, leaf)
        statements.insertWords.run(position, wordsOf(event.type, event.tags, personal?.subject, words.add))
        if (personal !== undefined) statements.insertPersonal.run(position, personal.ciphertext)
      }
      committing = true
      statements.commit.run()
      known = { position, recordedAt }
      words.committed(last.position + 1, position)
      return { first: last.position + 1, recordedAt }
    } catch (cause) {
      throw fault(cause, committing)
    }
  }

  /** What was overwritten is still in the write-ahead log: folds it into the file and cuts the log to nothing. */
  const truncateWal = (): void => {
    const outcome = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()
    if (outcome?.["busy"] !== 0)
      throw new EventStoreError({
        reason: "unavailable",
        message: `what was forgotten is still in the write-ahead log of ${filename}, which a reader holds: forget again`
      })
  }

  const page: SqliteLog<E>["page"] = (query, range) => guarded(() => reading.page(query, range))

  const conflict = (condition: AppendCondition | undefined, last: Position): Position | undefined => {
    if (condition === undefined) return undefined
    let from: Position | undefined = (condition.after ?? 0) + 1
    // The common case: nothing at all came since the decision, so nothing can match.
    while (from !== undefined && from <= last) {
      const { events, next }: Page<RecordedEvent<E>> = page(condition.failIfEventsMatch, {
        from,
        to: last,
        limit: CANDIDATES,
        backwards: false
      })
      if (events[0] !== undefined) return events[0].position
      from = next
    }
    return undefined
  }

  const log: SqliteLog<E> = {
    logId,
    head: () => guarded(head),
    last: () => guarded(() => Number(statements.head.get()?.["position"] ?? 0)),
    refuseIfClosed,
    lock,
    unlock: () => rollbackQuietly(unlock),
    commit,
    append: (events, now, condition) => {
      try {
        const conflicting = conflict(condition, lock().position)
        return conflicting === undefined ? commit(events, now) : { conflict: conflicting }
      } finally {
        rollbackQuietly(unlock)
      }
    },
    page,
    stored: (range) => guarded(() => reading.stored(range)),
    leaves: (range) => guarded(() => reading.leaves(range)),
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
        return { event, ciphertext: ciphertext instanceof Uint8Array ? ciphertext : undefined }
      }),
    forget: (subject) => {
      try {
        lock()
        guarded(() => {
          // What is deleted is overwritten here, and only here, for it slows down the merges of the index.
          database.exec("PRAGMA secure_delete = ON")
          for (const row of statements.ofSubject.all(wordOf("subject", subject))) {
            const position = Number(row["position"])
            const event = parse(position, text(row["body"]))
            if (isEnvelope(event) && event.personal?.subject === subject) statements.deletePersonal.run(position)
          }
        })
        try {
          statements.commit.run()
        } catch (cause) {
          throw fault(cause, true)
        }
        guarded(truncateWal)
      } finally {
        rollbackQuietly(unlock)
        rollbackQuietly(() => database.exec("PRAGMA secure_delete = OFF"))
      }
    },
    rebuildIndex: () => {
      try {
        const last = lock().position
        guarded(() => {
          words.stop()
          database.exec("INSERT INTO words (words) VALUES ('delete-all')")
          let from: Position | undefined = 1
          while (from !== undefined && from <= last) {
            const { events, next }: Page<RecordedEvent<E>> = page("all", {
              from,
              to: last,
              limit: 1_000,
              backwards: false
            })
            for (const event of events)
              statements.insertWords.run(event.position, wordsOf(event.type, event.tags, event.personal?.subject))
            from = next
          }
          database.exec(`PRAGMA user_version = ${LAYOUT}`)
          statements.commit.run()
        })
      } finally {
        rollbackQuietly(unlock)
      }
    },
    learn: () => !options.readOnly && words.learn(),
    close: () => database.close()
  }
  if (Number(database.prepare("PRAGMA user_version").get()?.["user_version"]) < LAYOUT) bringUpToDate(log, options)
  return log
}

/** The index of an older layout is made again from the bodies. */
const bringUpToDate = <E extends AnyEvent>(log: SqliteLog<E>, { filename, readOnly }: SqliteLogOptions<E>): void => {
  const refuse = (reason: DatabaseRefused["reason"], message: string, cause?: unknown) => {
    log.close()
    return new DatabaseRefused({ filename, reason, message: `${filename} ${message}`, ...(cause ? { cause } : {}) })
  }
  if (readOnly) throw refuse("older", "has an index of an older version: start the program that writes it once")
  try {
    log.rebuildIndex()
  } catch (cause) {
    throw refuse("damaged", "is of an older version, and its index cannot be made again: keep a copy of it", cause)
  }
}

/** A rollback that fails adds nothing to the error on its way: SQLite rolls back by itself what is not committed. */
const rollbackQuietly = (work: () => void): void => {
  try {
    work()
  } catch {
    return
  }
}

const text = (value: unknown): string => (typeof value === "string" ? value : "")
