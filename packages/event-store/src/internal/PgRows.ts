/**
 * Rows of the log in PostgreSQL as pages: what a reader asks for, what it may not lack, where it goes on. For the PostgreSQL store.
 */
import { damaged } from "../Codec.ts"
import type { Position } from "../Event.ts"
import type { ReadOptions, StoredLeaves } from "../EventStore.ts"
import type { Query, QueryItem } from "../Query.ts"
import type { Page, Range } from "../Reading.ts"
import { hashBytes } from "../transparency/MerkleTree.ts"
import type { Row } from "./PgLog.ts"

/** Whether the index finds it, rather than that it is every event. */
export const isIndexed = (query: Query): query is ReadonlyArray<QueryItem> =>
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

/** A reader that sees a hole has found damage. `range` is given where every position is expected. */
export const refuseHoles = (rows: ReadonlyArray<Row>, range: Range | undefined): void => {
  const refuse = (expected: Position): never => {
    throw damaged(expected, "there is no event, and positions have no gaps")
  }
  for (const [position, body] of rows) if (body === null) refuse(position)
  if (range === undefined) return
  const { backwards, from, limit, to } = range
  rows.forEach(([position], index) => {
    const expected = backwards ? to - index : from + index
    if (position !== expected) refuse(expected)
  })
  if (rows.length < Math.min(limit, to - from + 1)) refuse(backwards ? to - rows.length : from + rows.length)
}

export const nextOf = (rows: ReadonlyArray<Row>, { limit, backwards, from, to }: Range): Position | undefined => {
  const last = rows.at(-1)?.[0]
  if (last === undefined || rows.length < limit) return undefined
  const next = backwards ? last - 1 : last + 1
  return next < from || next > to ? undefined : next
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
