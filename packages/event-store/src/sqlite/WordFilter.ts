/**
 * Bloom filters over the words of the index: a new word is known to be new without asking the index. For the SQLite log.
 *
 * What the filter calls new is new; what it calls known may be new too. Every command looks up the key of its instruction, which is nearly
 * always new. The look-up takes 2 % of a command's CPU among 64, not 12 %, and does not grow with the log (docs/reference/performance.md,
 * "What was tried").
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { Position } from "../port/Event.ts"

/** Bits of a filter: as many as half a word can number. */
const BITS = 2 ** 24
/** Words of a filter. With sixteen bits for each, a filter takes one new word in about 700 for a known one. */
const CAPACITY = 2 ** 20
const PROBES = 5
/** At most so many filters, of two MiB each: the words of some twenty million events. */
const FILTERS = 32
/** Words read from the index in one step, which takes about a millisecond: a command may have to wait for it. */
const STEP = 1_024

export interface WordFilter {
  /** Takes up some more of the index there was at the beginning; false when all is known. */
  readonly learn: () => boolean
  /** To be called with the halves of each word of an event, before they are committed. */
  readonly add: (first: number, second: number) => void
  /** To be called after the commit. If another connection wrote in between, the filter ends: it never saw those words. */
  readonly committed: (first: Position, last: Position) => void
  /** The index was made anew. */
  readonly stop: () => void
  /** Whether a word certainly stands on no event up to this position; undefined where nothing can be said. */
  readonly isNew: (to: Position) => ((word: string) => boolean) | undefined
}

/** @param head the position of the last event, whose words the index has */
export const makeWordFilter = (
  database: DatabaseSync,
  head: Position,
  maximumFilters: number = FILTERS
): WordFilter => {
  const filters: Array<Uint32Array> = []
  let room = 0
  let covered = head
  let state: "learning" | "complete" | "stopped" = head === 0 ? "complete" : "learning"
  const next = wordsOf(database)

  const stop = (): void => {
    state = "stopped"
    filters.length = 0
  }
  const isKnown = (first: number, step: number): boolean => {
    for (let index = filters.length - 1; index >= 0; index--) if (isIn(filters[index]!, first, step)) return true
    return false
  }
  // What is not a word of this program was never added.
  const isNew = (word: string): boolean =>
    !Number.isNaN(firstOf(word)) && !isKnown(firstOf(word), stepOf(secondOf(word)))
  const isLearning = (): boolean => state === "learning"
  const enter = (first: number, step: number): void => {
    if (state === "stopped") return
    if (room === 0) {
      if (filters.length === maximumFilters) return stop()
      filters.push(new Uint32Array(BITS / 32))
      room = CAPACITY
    }
    put(filters[filters.length - 1]!, first, step)
    room--
  }

  return {
    learn: () => {
      if (state !== "learning") return false
      try {
        const found = next()
        // The index has each word once: whether one came with an event meanwhile isn't worth asking.
        for (const [word] of found) if (!Number.isNaN(firstOf(word))) enter(firstOf(word), stepOf(secondOf(word)))
        if (found.length < STEP && isLearning()) state = "complete"
      } catch {
        // An index that cannot be read is nothing to stop at: the next look-up in it fails.
        stop()
      }
      return isLearning()
    },
    add: (first, second) => {
      const step = stepOf(second)
      if (!isKnown(first, step)) enter(first, step)
    },
    committed: (first, last) => {
      if (first === covered + 1) covered = last
      else stop()
    },
    stop,
    isNew: (to) => (state === "complete" && to <= covered ? isNew : undefined)
  }
}

/** Returns the next words of the index at every call, in their order: fewer than a step at its end. */
const wordsOf = (database: DatabaseSync): (() => ReadonlyArray<readonly [string]>) => {
  let terms: StatementSync | undefined
  let reached = ""
  return () => {
    if (terms === undefined) {
      database.exec("CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab (main, words, row)")
      terms = database.prepare("SELECT term FROM temp.vocabulary WHERE term > ? ORDER BY term LIMIT ?")
      terms.setReturnArrays(true)
    }
    const found = terms.all(reached, STEP) as unknown as ReadonlyArray<readonly [string]>
    if (found.length === STEP) reached = found[STEP - 1]![0]
    return found
  }
}

const firstOf = (word: string): number => Number.parseInt(word.slice(0, 6), 16)
const secondOf = (word: string): number => Number.parseInt(word.slice(6), 16)
/** Odd, so that the probes of a word never fall on one another. */
const stepOf = (second: number): number => second | 1

const isIn = (filter: Uint32Array, first: number, step: number): boolean => {
  for (let probe = 0, bit = first; probe < PROBES; probe++, bit = (bit + step) & (BITS - 1))
    if ((filter[bit >>> 5]! & (1 << (bit & 31))) === 0) return false
  return true
}

const put = (filter: Uint32Array, first: number, step: number): void => {
  for (let probe = 0, bit = first; probe < PROBES; probe++, bit = (bit + step) & (BITS - 1))
    filter[bit >>> 5]! |= 1 << (bit & 31)
}
