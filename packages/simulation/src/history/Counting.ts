/**
 * How often things came about in a run, and what all of it comes to in one hash. For reports of runs.
 */
import { createHash } from "node:crypto"

/** @category models */
export interface Counting {
  readonly add: (what: string) => void
  /** In the order of their names. */
  readonly all: () => { readonly [what: string]: number }
}

/** @category constructors */
export const make = (): Counting => {
  const counts = new Map<string, number>()
  return {
    add: (what) => void counts.set(what, (counts.get(what) ?? 0) + 1),
    all: () => Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
  }
}

/** SHA-256 of texts, each with its end. @category conversions */
export const digest = (texts: Iterable<string>): string => {
  const hash = createHash("sha256")
  for (const text of texts) hash.update(text).update("\n")
  return hash.digest("hex")
}
