/**
 * The errors of SQLite as those of the port, and whether the store may write after them. For the SQLite log.
 */
import { isClosed, isCorruption, resultCode } from "../files/OpenDatabase.ts"
import { EventStoreError } from "../port/EventStore.ts"

const BUSY = 5
const LOCKED = 6
/** After these the file may hold something else than this process believes: IOERR, CORRUPT, FULL, CANTOPEN, NOTADB, READONLY. */
const CLOSING = new Set([10, 11, 13, 14, 26, 8])
const FULL = 13

export interface SqliteFaults {
  /** Turns an error of SQLite into one of the port. Any other error is a defect and passes. */
  readonly fault: (cause: unknown, committing: boolean) => unknown
  /** Runs what is no commit, and throws its faults. */
  readonly guarded: <A>(work: () => A) => A
  /** Throws if an earlier fault closed the log for writing. */
  readonly refuseIfClosed: () => void
}

export const makeFaults = (filename: string, readOnly: boolean): SqliteFaults => {
  /** Why nothing can be written any more. */
  let closedBecause = readOnly ? "it was opened for reading only" : undefined
  const fault: SqliteFaults["fault"] = (cause, committing) => {
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
  return {
    fault,
    guarded: (work) => {
      try {
        return work()
      } catch (cause) {
        throw fault(cause, false)
      }
    },
    refuseIfClosed: () => {
      if (closedBecause !== undefined)
        throw new EventStoreError({
          reason: "read_only",
          message: `nothing is written to ${filename}: ${closedBecause}`
        })
    }
  }
}
