/**
 * Everything that writes to the log in a SQLite file: events under a lock, a forgetting, the index made again. For the SQLite log; no other
 * module may write to the file.
 */
import type { DatabaseSync } from "node:sqlite"
import { damaged, isEnvelope, laterInstant, parse } from "../building/Codec.ts"
import { finish, type Prepared } from "../building/Preparation.ts"
import type { Page } from "../building/Reading.ts"
import type { Conflicting, Landed } from "../building/Writing.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"
import type { AppendCondition } from "../port/Query.ts"
import { LAYOUT, type Statements } from "./LogStatements.ts"
import type { SqliteFaults } from "./SqliteFaults.ts"
import type { SqliteReading } from "./SqliteReading.ts"
import { wordOf, wordsOf } from "./TagIndex.ts"
import type { WordFilter } from "./WordFilter.ts"

/** How many candidates of a condition to look at in one go: the first is nearly always the one. */
const CANDIDATES = 16
/** Events of which the words are made again in one go. */
const REBUILT = 1_000

interface Head {
  readonly position: Position
  /** Empty while the log is. */
  readonly recordedAt: string
}

/** Synchronous; throws {@link EventStoreError}. */
export interface SqliteWriting<E extends AnyEvent> {
  readonly head: () => Head
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
  readonly forget: (subject: string) => void
  readonly rebuildIndex: () => void
}

/** An open log, as far as writing needs it. */
interface SqliteWritingOptions<E extends AnyEvent> {
  readonly filename: string
  readonly database: DatabaseSync
  readonly statements: Statements
  readonly reading: SqliteReading<E>
  readonly filter: WordFilter
  readonly faults: SqliteFaults
}

export const makeSqliteWriting = <E extends AnyEvent>(options: SqliteWritingOptions<E>): SqliteWriting<E> => {
  const { database, faults, filter, reading, statements } = options
  const { fault, guarded } = faults
  const { committed, head, lock, unlock } = makeLocking(options)

  const commit: SqliteWriting<E>["commit"] = (events, now) => {
    let committing = false
    try {
      const last = head()
      const recordedAt = laterInstant(now, last.recordedAt)
      let position = last.position
      for (const event of events) {
        position += 1
        const { body, leaf, personal } = finish(event, recordedAt)
        statements.insertEvent.run(position, body, leaf)
        statements.insertWords.run(position, wordsOf(event.type, event.tags, personal?.subject, filter.add))
        if (personal !== undefined) statements.insertPersonal.run(position, personal.ciphertext)
      }
      committing = true
      statements.commit.run()
      committed({ position, recordedAt })
      filter.committed(last.position + 1, position)
      return { first: last.position + 1, recordedAt }
    } catch (cause) {
      throw fault(cause, committing)
    }
  }

  return {
    head: () => guarded(head),
    lock,
    unlock,
    commit,
    append: (events, now, condition) => {
      try {
        const { position } = lock()
        const conflict = condition === undefined ? undefined : guarded(() => conflictOf(reading, condition, position))
        return conflict === undefined ? commit(events, now) : { conflict }
      } finally {
        unlock()
      }
    },
    forget: (subject) => {
      try {
        lock()
        guarded(() => erase(options, subject))
        try {
          statements.commit.run()
        } catch (cause) {
          throw fault(cause, true)
        }
        guarded(() => truncateWal(options))
      } finally {
        unlock()
        quietly(() => database.exec("PRAGMA secure_delete = OFF"))
      }
    },
    rebuildIndex: () => {
      try {
        const { position } = lock()
        guarded(() => {
          rebuild(options, position)
          statements.commit.run()
        })
      } finally {
        unlock()
      }
    }
  }
}

/** The writer lock, and the head of the log, whose body is read again where it is not the one known. */
const makeLocking = <E extends AnyEvent>({ database, faults, reading, statements }: SqliteWritingOptions<E>) => {
  let known: Head = { position: 0, recordedAt: "" }
  const head = (): Head => {
    const position = Number(statements.head.get()?.["position"] ?? 0)
    if (position === known.position) return known
    const event = reading.body(position)
    if (!isEnvelope(event)) throw damaged(position, "the body is not that of an event")
    known = { position, recordedAt: event.meta.recordedAt }
    return known
  }
  return {
    head,
    committed: (last: Head): void => void (known = last),
    lock: (): Head => {
      faults.refuseIfClosed()
      return faults.guarded(() => {
        statements.begin.run()
        return head()
      })
    },
    unlock: (): void =>
      quietly(() => {
        if (database.isTransaction) database.exec("ROLLBACK")
      })
  }
}

/** The first event that matches a condition. */
const conflictOf = <E extends AnyEvent>(
  reading: SqliteReading<E>,
  { after = 0, failIfEventsMatch }: AppendCondition,
  last: Position
): Position | undefined => {
  let from: Position | undefined = after + 1
  // The common case: nothing at all came since the decision, so nothing can match.
  while (from !== undefined && from <= last) {
    const range = { from, to: last, limit: CANDIDATES, backwards: false }
    const { events, next }: Page<RecordedEvent<E>> = reading.page(failIfEventsMatch, range)
    if (events[0] !== undefined) return events[0].position
    from = next
  }
  return undefined
}

/** Deletes the ciphertexts of a subject. What is deleted is overwritten here, and only here, for it slows down the merges of the index. */
const erase = <E extends AnyEvent>({ database, statements }: SqliteWritingOptions<E>, subject: string): void => {
  database.exec("PRAGMA secure_delete = ON")
  for (const row of statements.ofSubject.all(wordOf("subject", subject))) {
    const position = Number(row["position"])
    const body = row["body"]
    const event = parse(position, typeof body === "string" ? body : "")
    if (isEnvelope(event) && event.personal?.subject === subject) statements.deletePersonal.run(position)
  }
}

/** What was overwritten is still in the write-ahead log. So this folds the log into the file and cuts it to nothing. */
const truncateWal = <E extends AnyEvent>({ database, filename }: SqliteWritingOptions<E>): void => {
  const outcome = database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get()
  if (outcome?.["busy"] !== 0)
    throw new EventStoreError({
      reason: "unavailable",
      message: `what was forgotten is still in the write-ahead log of ${filename}, which a reader holds: forget again`
    })
}

/** Makes the words of every event up to a position again from its body. */
const rebuild = <E extends AnyEvent>(options: SqliteWritingOptions<E>, last: Position): void => {
  const { database, filter, reading, statements } = options
  filter.stop()
  database.exec("INSERT INTO words (words) VALUES ('delete-all')")
  let from: Position | undefined = 1
  while (from !== undefined && from <= last) {
    const range = { from, to: last, limit: REBUILT, backwards: false }
    const { events, next }: Page<RecordedEvent<E>> = reading.page("all", range)
    for (const event of events)
      statements.insertWords.run(event.position, wordsOf(event.type, event.tags, event.personal?.subject))
    from = next
  }
  database.exec(`PRAGMA user_version = ${LAYOUT}`)
}

/** A rollback that fails adds nothing to the error on its way: SQLite rolls back by itself what is not committed. */
const quietly = (work: () => void): void => {
  try {
    work()
  } catch {
    return
  }
}
