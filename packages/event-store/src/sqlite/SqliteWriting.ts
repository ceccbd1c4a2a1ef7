/**
 * Everything that writes to the log in a SQLite file: events under a lock, a forgetting, the index made again. For the SQLite log; no other
 * module may write to the file.
 */
import type { DatabaseSync } from "node:sqlite"
import { isEnvelope, parse } from "../building/Codec.ts"
import type { Fence } from "../building/Fence.ts"
import { contains, type Head, type Landed, leafText, type Look, positionOf } from "../building/History.ts"
import { finish, type Prepared } from "../building/Preparation.ts"
import type { Page } from "../building/Reading.ts"
import type { Conflicting, Strayed } from "../building/Writing.ts"
import { laterInstant } from "../building/Stamping.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import { EventStoreError, type StoredMac } from "../port/EventStore.ts"
import type { AppendCondition } from "../port/Query.ts"
import { LAYOUT, type Statements } from "./LogStatements.ts"
import type { SqliteFaults } from "./SqliteFaults.ts"
import { kindsOfBodies, type SqliteKinds } from "./SqliteKinds.ts"
import type { SqliteReading } from "./SqliteReading.ts"
import type { SqliteMacs } from "./SqliteMacs.ts"
import { wordOf, wordsOf } from "./TagIndex.ts"
import { makeSqliteLock, quietly, type SqliteLock } from "./SqliteLock.ts"
import type { WordFilter } from "./WordFilter.ts"

/** How many candidates of a condition to look at in one go: the first is nearly always the one. */
const CANDIDATES = 16
/** Events of which the words are made again in one go. */
const REBUILT = 1_000

/** Synchronous; throws {@link EventStoreError}. */
export interface SqliteWriting<E extends AnyEvent> {
  readonly head: () => Head
  /** The leaf at a position, the log's id at 0; undefined where there is no event. */
  readonly leafAt: (position: Position) => string | undefined
  /** The head, and the leaf at a position, in one look. */
  readonly look: SqliteLock["look"]
  readonly refuseNewer: SqliteLock["refuseNewer"]
  /** All in one: lock, look at the history, condition, write, commit. */
  readonly append: (
    events: ReadonlyArray<Prepared<E>>,
    now: string,
    condition: AppendCondition | undefined
  ) => Landed | Conflicting | Strayed
  /** The same in steps, for a decision in between: `lock`, perhaps `commit`, and always `unlock`. */
  readonly lock: () => Head
  /** @param last the head that `lock` returned */
  readonly commit: (events: ReadonlyArray<Prepared<E>>, now: string, last: Head) => Landed
  readonly unlock: () => void
  readonly forget: (subject: string) => void
  readonly rebuildIndex: () => void
  readonly beginMacs: () => StoredMac
}

/** An open log, as far as writing needs it. */
interface SqliteWritingOptions<E extends AnyEvent> {
  readonly filename: string
  readonly database: DatabaseSync
  readonly statements: Statements
  readonly reading: SqliteReading<E>
  readonly filter: WordFilter
  readonly faults: SqliteFaults
  readonly macs: SqliteMacs
  readonly kinds: SqliteKinds
  readonly fence: Fence
}

export const makeSqliteWriting = <E extends AnyEvent>(options: SqliteWritingOptions<E>): SqliteWriting<E> => {
  const { faults, fence, filter, kinds, macs, reading, statements } = options
  const { fault, guarded } = faults
  const { committed, head, leafAt, lock, look, refuseNewer, unlock } = makeSqliteLock(options)

  const commit: SqliteWriting<E>["commit"] = (events, now, last) => {
    let committing = false
    try {
      const recordedAt = laterInstant(now, last.recordedAt)
      const next = insert(options, events, { ...last, recordedAt })
      const newKinds = kinds.write(events, last.position)
      committing = true
      statements.commit.run()
      committed(next)
      fence.recorded(newKinds)
      filter.committed(last.position + 1, next.position)
      return { first: last.position + 1, recordedAt, before: last.leaf, leaf: next.leaf }
    } catch (cause) {
      throw fault(cause, committing)
    }
  }

  /** Work under the lock, and its commit. */
  const inOne = <A>(work: (last: Head) => A, unfenced?: "unfenced"): A => {
    try {
      const last = lock(unfenced)
      return guarded(() => {
        const done = work(last)
        statements.commit.run()
        return done
      })
    } finally {
      unlock()
    }
  }

  return {
    head: () => guarded(head),
    leafAt: (position) => guarded(() => leafAt(position)),
    look: (at) => guarded(() => look(at)),
    refuseNewer: () => guarded(refuseNewer),
    lock,
    unlock,
    commit,
    append: (events, now, condition) => {
      try {
        const last = lock()
        return guarded(() => refusalOf(reading, leafAt, last, condition)) ?? commit(events, now, last)
      } finally {
        unlock()
      }
    },
    forget: makeForgetting(options, { lock, unlock }),
    beginMacs: () => inOne(macs.begin),
    rebuildIndex: () => {
      inOne(({ position }) => rebuild(options, position), "unfenced")
      guarded(kinds.look)
    }
  }
}

/** Writes the rows of events, and returns the head they make. */
const insert = <E extends AnyEvent>(
  { filter, macs, statements }: SqliteWritingOptions<E>,
  events: ReadonlyArray<Prepared<E>>,
  head: Head
): Head => {
  let { position } = head
  const leaves: Array<Uint8Array> = []
  for (const event of events) {
    position += 1
    const { body, leaf, personal } = finish(event, head.recordedAt)
    leaves.push(leaf)
    statements.insertEvent.run(position, body, leaf)
    statements.insertWords.run(position, wordsOf(event.type, event.tags, personal?.subject, filter.add))
    if (personal !== undefined) statements.insertPersonal.run(position, personal.ciphertext)
  }
  macs.write(head, leaves)
  const last = leaves.at(-1)
  return { ...head, position, ...(last === undefined ? {} : { leaf: leafText(last) }) }
}

/** Why an append under a condition is refused. What the last append left is known without another look at the log. */
const refusalOf = <E extends AnyEvent>(
  reading: SqliteReading<E>,
  leafAt: SqliteLock["leafAt"],
  last: Head,
  condition: AppendCondition | undefined
): Conflicting | Strayed | undefined => {
  if (condition === undefined) return undefined
  const { after = 0 } = condition
  const at = positionOf(after)
  const strayed: Look = { head: last, leaf: at === last.position ? last.leaf : leafAt(at) }
  if (!contains(strayed, after)) return { strayed }
  const conflict = conflictOf(reading, condition, last.position)
  return conflict === undefined ? undefined : { conflict }
}

/** The first event that matches a condition. */
const conflictOf = <E extends AnyEvent>(
  reading: SqliteReading<E>,
  { after = 0, failIfEventsMatch }: AppendCondition,
  last: Position
): Position | undefined => {
  let from: Position | undefined = positionOf(after) + 1
  // The common case: nothing at all came since the decision, so nothing can match.
  while (from !== undefined && from <= last) {
    const range = { from, to: last, limit: CANDIDATES, backwards: false }
    const { events, next }: Page<RecordedEvent<E>> = reading.page(failIfEventsMatch, range)
    if (events[0] !== undefined) return events[0].position
    from = next
  }
  return undefined
}

const makeForgetting =
  <E extends AnyEvent>(
    options: SqliteWritingOptions<E>,
    { lock, unlock }: Pick<SqliteLock, "lock" | "unlock">
  ): SqliteWriting<E>["forget"] =>
  (subject) => {
    const { fault, guarded } = options.faults
    try {
      lock()
      guarded(() => erase(options, subject))
      try {
        options.statements.commit.run()
      } catch (cause) {
        throw fault(cause, true)
      }
      guarded(() => truncateWal(options))
    } finally {
      unlock()
      quietly(() => options.database.exec("PRAGMA secure_delete = OFF"))
    }
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
  database.exec(`DELETE FROM kinds; ${kindsOfBodies}`)
  database.exec(`PRAGMA user_version = ${LAYOUT}`)
}
