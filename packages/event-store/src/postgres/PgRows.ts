/**
 * Rows of the log in PostgreSQL as pages: checks that no row is missing, and says where reading goes on. For the PostgreSQL store.
 */
import { damaged } from "../building/Codec.ts"
import { nextOf, refuseHole, refuseHoles } from "../building/Pages.ts"
import type { Page, Range } from "../building/Reading.ts"
import type { Position } from "../port/Event.ts"
import type { ReadOptions, StoredLeaves } from "../port/EventStore.ts"
import type { Query } from "../port/Query.ts"
import { hashBytes } from "../transparency/MerkleTree.ts"
import type { Row } from "./PgLog.ts"

/** Whether the index finds it, rather than that it is every event. */
export const isIndexed = (query: Query): query is Exclude<Query, "all"> =>
  query !== "all" && query.every(({ tags = [], types }) => tags.length > 0 || types !== undefined)

/** What is left of a read. */
export interface Span extends Pick<Range, "from" | "to" | "backwards"> {
  readonly left: number
}

export const spanOf = ({ backwards = false, from = 1, limit, to }: ReadOptions = {}): Span | undefined => {
  const span = {
    backwards,
    from: Math.max(from, 1),
    to: to ?? Number.MAX_SAFE_INTEGER,
    left: limit ?? Number.POSITIVE_INFINITY
  }
  return span.from > span.to || span.left <= 0 ? undefined : span
}

/** A page, and the head it was read at where the index was asked and found something. */
export interface Found<A> extends Page<A> {
  readonly head: Position | undefined
}

/** Refuses what the index knows and the log has not, and holes where `range` says that every position is expected. */
export const refuseMissing = (rows: ReadonlyArray<Row>, range: Range | undefined): void => {
  for (const [position, body] of rows) if (body === null) refuseHole(undefined, position)
  if (range !== undefined) refuseHoles(rows, range)
}

export const leavesOf = (rows: ReadonlyArray<ReadonlyArray<unknown>>, range: Range): Page<StoredLeaves> => {
  const found = rows.map(([position, leaf]): Row => [Number(position as bigint), "", leaf as Uint8Array, undefined])
  refuseHoles(found, range)
  const hashes = new Uint8Array(hashBytes * found.length)
  for (const [position, , leaf] of found) {
    if (leaf?.length !== hashBytes) throw damaged(position, "its leaf is not a hash")
    hashes.set(leaf, hashBytes * (position - range.from))
  }
  return { events: [{ first: range.from, hashes }], next: nextOf(found, range) }
}
