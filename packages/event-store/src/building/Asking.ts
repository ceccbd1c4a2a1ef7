/**
 * Refuses a query that no caller means, for every store alike. For the stores, and for builders of another store.
 *
 * A type that the catalogue does not have matches nothing, nor does an empty list of items or of types. A condition with it would guard
 * nothing.
 */
import { Effect, Stream } from "effect"
import type { Catalogue } from "../port/Catalogue.ts"
import type { AnyEvent } from "../port/Event.ts"
import type { EventStoreShape } from "../port/EventStore.ts"
import type { Query } from "../port/Query.ts"

/** A store that dies of such a query. The types refuse it too, where they can. @category constructors */
export const checked = <E extends AnyEvent, S extends EventStoreShape<E>>(catalogue: Catalogue<E>, store: S): S => {
  const types: ReadonlySet<string> = new Set(Object.keys(catalogue.events))
  const asking = <A, X, R>(query: Query | undefined, effect: () => Effect.Effect<A, X, R>) =>
    Effect.suspend(() => {
      if (query !== undefined) requireMeant(types, query)
      return effect()
    })
  const following = <A, X>(query: Query, stream: () => Stream.Stream<A, X>) =>
    Stream.suspend(() => {
      requireMeant(types, query)
      return stream()
    })
  return {
    ...store,
    append: (events, condition) => asking(condition?.failIfEventsMatch, () => store.append(events, condition)),
    appendExclusive: (after, query, decide) => asking(query, () => store.appendExclusive(after, query, decide)),
    readAll: (query, options) => asking(query, () => store.readAll(query, options)),
    read: (query, options) => following(query, () => store.read(query, options)),
    subscribe: (query, after) => following(query, () => store.subscribe(query, after))
  }
}

/** Throws where the query can't be meant. A caller in JavaScript, or one that casts, gets past the types. */
const requireMeant = (known: ReadonlySet<string>, query: Query): void => {
  if (query === "all") return
  if (query.length === 0)
    throw new TypeError('a query without an item matches nothing: ask for "all", or for something')
  for (const { types } of query) {
    if (types === undefined) continue
    if (types.length === 0) throw new TypeError("an item without a type matches nothing: leave its types out for any")
    for (const type of types)
      if (!known.has(type)) throw new TypeError(`the catalogue has no type ${JSON.stringify(type)} to ask for`)
  }
}
