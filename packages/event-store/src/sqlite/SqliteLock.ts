/**
 * The writer lock of the log in a SQLite file, and the head as it is under the lock. For the SQLite log; what it knows of the head stands here
 * alone.
 */
import type { DatabaseSync } from "node:sqlite"
import { damaged, isEnvelope } from "../building/Codec.ts"
import type { Fence } from "../building/Fence.ts"
import type { Head, Look } from "../building/History.ts"
import type { Bookmark } from "../port/Bookmark.ts"
import type { AnyEvent, Position } from "../port/Event.ts"
import type { Statements } from "./LogStatements.ts"
import type { SqliteFaults } from "./SqliteFaults.ts"
import type { SqliteKinds } from "./SqliteKinds.ts"
import type { SqliteReading } from "./SqliteReading.ts"
import type { WordFilter } from "./WordFilter.ts"

interface SqliteLockOptions<E extends AnyEvent> {
  readonly database: DatabaseSync
  readonly statements: Statements
  readonly reading: SqliteReading<E>
  readonly filter: WordFilter
  readonly faults: SqliteFaults
  readonly kinds: SqliteKinds
  readonly fence: Fence
}

/** Throws; the caller says what that means. */
export interface SqliteLock {
  readonly head: () => Head
  /** The leaf at a position, the log's id at 0; undefined where there is no event. */
  readonly leafAt: (position: Position) => string | undefined
  /** The head, and the leaf at a position, in one look. */
  readonly look: (at: Position) => Look
  /** Throws where another program has written what this one does not know. */
  readonly refuseNewer: () => void
  /** This connection has committed up to here. */
  readonly committed: (last: Head) => void
  /** A log with kinds that are not known is refused, unless said otherwise: its index can be made again. */
  readonly lock: (unfenced?: "unfenced") => Head
  readonly unlock: () => void
}

/** What is known of the log: as the filter was made, and since then as it was last looked at or committed. */
const makeSeen = <E extends AnyEvent>({
  fence,
  filter,
  kinds,
  statements
}: Pick<SqliteLockOptions<E>, "fence" | "filter" | "kinds" | "statements">) => {
  const logId = (): string => String((statements.logId.get() as unknown as readonly [string] | undefined)?.[0])
  const last = (): Bookmark => {
    const [position, leaf] = (statements.head.get() as unknown as readonly [Position, string] | undefined) ?? [
      0,
      logId()
    ]
    return { position, leaf }
  }
  let seen = last()
  kinds.look()
  return {
    logId,
    last,
    saw: ({ leaf, position }: Bookmark): void => {
      if (position === seen.position && leaf === seen.leaf) return
      // Written past this connection: the filter has not seen those words, nor need the history be the one it learned. Its events may be of
      // kinds that are new.
      filter.stop()
      kinds.look()
      seen = { position, leaf }
    },
    committed: (to: Bookmark): void => void (seen = to),
    refuseNewer: fence.check
  }
}

/** The writer lock, and the head of the log, whose body is read again where it is not the one known. */
export const makeSqliteLock = <E extends AnyEvent>({
  database,
  faults,
  fence,
  filter,
  kinds,
  reading,
  statements
}: SqliteLockOptions<E>): SqliteLock => {
  let known: Head | undefined
  const { committed, last, logId, refuseNewer, saw } = makeSeen({ fence, filter, kinds, statements })
  const head = (): Head => {
    const { leaf, position } = last()
    saw({ position, leaf })
    if (position === known?.position && leaf === known.leaf) return known
    known = { position, leaf, recordedAt: position === 0 ? "" : recordedAt(position) }
    return known
  }
  const recordedAt = (position: Position): string => {
    const event = reading.body(position)
    if (!isEnvelope(event)) throw damaged(position, "the body is not that of an event")
    return event.meta.recordedAt
  }
  return {
    head: () => {
      const found = head()
      refuseNewer()
      return found
    },
    refuseNewer: () => {
      saw(last())
      refuseNewer()
    },
    leafAt: (position: Position): string | undefined =>
      position === 0 ? logId() : (statements.leafAt.get(position) as unknown as readonly [string] | undefined)?.[0],
    look: (at) => {
      const [position, leaf, id, leafThere] = statements.look.get(at) as unknown as readonly [
        Position | null,
        string | null,
        string,
        string | null
      ]
      const found = { position: position ?? 0, leaf: leaf ?? id }
      saw(found)
      refuseNewer()
      return { head: found, leaf: at === 0 ? id : (leafThere ?? undefined) }
    },
    committed: (to: Head): void => {
      known = to
      committed(to)
    },
    lock: (unfenced): Head => {
      faults.refuseIfClosed()
      return faults.guarded(() => {
        statements.begin.run()
        const found = head()
        if (unfenced === undefined) refuseNewer()
        return found
      })
    },
    unlock: (): void =>
      quietly(() => {
        if (database.isTransaction) database.exec("ROLLBACK")
      })
  }
}

/** A rollback that fails adds nothing to the error on its way: SQLite rolls back by itself what is not committed. */
export const quietly = (work: () => void): void => {
  try {
    work()
  } catch {
    return
  }
}
