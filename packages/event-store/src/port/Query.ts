/**
 * Queries and append conditions as the DCB specification (dcb.events) defines them. For readers and writers of a log. Their types know the
 * events of the log: what is misspelt would match nothing, and a condition that matches nothing guards nothing.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { Bookmark } from "./Bookmark.ts"
import type { AnyEvent, Position } from "./Event.ts"

/**
 * One alternative of a query. An event matches when its type is one of `types` (any type, if absent) and it bears **all** of `tags`.
 *
 * @category models
 */
export interface QueryItem<out E extends AnyEvent = AnyEvent> {
  readonly types?: NonEmptyReadonlyArray<E["type"]>
  readonly tags?: ReadonlyArray<string>
}

/**
 * All events, or the events that match at least one item. A store dies of a type that its catalogue does not have, and of an empty list
 * of items or of types. They would match nothing, which no caller asks for on purpose.
 *
 * @category models
 */
export type Query<E extends AnyEvent = AnyEvent> = "all" | NonEmptyReadonlyArray<QueryItem<E>>

/**
 * Fail if any event matching the query came after the position; without `after`: if any such event exists. A position beyond the head, or a
 * bookmark of another history, fails with `other_history`, whatever the query.
 *
 * @category models
 */
export interface AppendCondition<out E extends AnyEvent = AnyEvent> {
  readonly failIfEventsMatch: Query<E>
  readonly after?: Position | Bookmark
}
