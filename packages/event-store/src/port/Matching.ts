/**
 * Which events a query finds, as the DCB specification (dcb.events) defines it. For stores, and for tests that compare with them. An index
 * may find more, but what a store returns has to match here.
 */
import type { Query, QueryItem } from "./Query.ts"

/** What of an event a query looks at. @category models */
export interface Queried {
  readonly type: string
  readonly tags: ReadonlyArray<string>
}

/** Whether an event matches an item. @category predicates */
export const matchesItem = (item: QueryItem, event: Queried): boolean =>
  (item.types === undefined || item.types.includes(event.type)) &&
  (item.tags === undefined || item.tags.every((tag) => event.tags.includes(tag)))

/** Whether an event matches a query. @category predicates */
export const matches = (query: Query, event: Queried): boolean =>
  query === "all" || query.some((item) => matchesItem(item, event))

/** Whether an event of a type could match a query, whatever its tags are. @category predicates */
export const mayMatch = (query: Query, type: string): boolean =>
  query === "all" || query.some(({ types }) => types === undefined || types.includes(type))
