/**
 * Queries and append conditions as the DCB specification (dcb.events) defines them. For readers and writers of a log.
 */
import type { Position } from "./Event.ts"

/**
 * One alternative of a query. An event matches when its type is one of `types` (any type, if absent) and it bears **all** of `tags`.
 *
 * @category models
 */
export interface QueryItem {
  readonly types?: ReadonlyArray<string>
  readonly tags?: ReadonlyArray<string>
}

/** All events, or the events that match at least one item. An empty list matches nothing. @category models */
export type Query = "all" | ReadonlyArray<QueryItem>

/**
 * Fail if any event matching the query came after the position; without `after`: if any such event exists.
 *
 * @category models
 */
export interface AppendCondition {
  readonly failIfEventsMatch: Query
  readonly after?: Position
}
