/**
 * Refuses a question that no caller means, for every store alike. For the stores, and for builders of another store.
 *
 * A type that the catalogue does not have matches nothing, nor does an empty list of items or of types. A condition with it would guard
 * nothing. Nor would a condition after a position that is none. And a store is held to calling the decision of an exclusive append once,
 * while the append lasts.
 */
import { Effect, Stream } from "effect"
import type { Bookmark } from "../port/Bookmark.ts"
import type { Catalogue } from "../port/Catalogue.ts"
import type { AnyEvent, Position } from "../port/Event.ts"
import type { EventStoreShape, ReadOptions } from "../port/EventStore.ts"
import type { Query } from "../port/Query.ts"

/** A store that dies of such a question. The types refuse it too, where they can. @category constructors */
export const checked = <E extends AnyEvent, S extends EventStoreShape<E>>(
  catalogue: Catalogue<E>,
  store: S & EventStoreShape<E>
): S => {
  const types: ReadonlySet<string> = new Set(Object.keys(catalogue.events))
  const asking = <A, X, R>(query: Query | undefined, range: Asked, effect: () => Effect.Effect<A, X, R>) =>
    Effect.suspend(() => {
      if (query !== undefined) requireMeant(types, query)
      requirePositions(range)
      return effect()
    })
  const following = <A, X>(query: Query, range: Asked, stream: () => Stream.Stream<A, X>) =>
    Stream.suspend(() => {
      requireMeant(types, query)
      requirePositions(range)
      return stream()
    })
  return {
    ...store,
    append: (events, condition) =>
      asking(condition?.failIfEventsMatch, { after: condition?.after }, () => store.append(events, condition)),
    appendExclusive: (after, query, decide, options) =>
      asking(query, { ...options, after: after ?? null }, () => decidingOnce(store)(after, query, decide, options)),
    readAll: (query, options) => asking(query, { ...options }, () => store.readAll(query, options)),
    read: (query, options) => following(query, { ...options }, () => store.read(query, options)),
    subscribe: (query, after) => following(query, { after: after ?? null }, () => store.subscribe(query, after)),
    bookmark: (known) => asking(undefined, { after: known }, () => store.bookmark(known)),
    readStored: (options) => following("all", { ...options }, () => store.readStored(options)),
    readLeaves: (options) => following("all", { ...options }, () => store.readLeaves(options)),
    inspect: (options) => following("all", { ...options }, () => store.inspect(options)),
    reveal: (positions) =>
      asking(undefined, {}, () => {
        for (const position of positions) requirePosition("a position to reveal", position)
        return store.reveal(positions)
      }),
    sealed: (positions) =>
      asking(undefined, {}, () => {
        for (const position of positions) requirePosition("a position to reveal", position)
        return store.sealed(positions)
      })
  } satisfies EventStoreShape<E> & S
}

/** Where a caller asks for a part of the log, by name. */
interface Asked extends Pick<ReadOptions, "from" | "to" | "limit"> {
  readonly after?: Position | Bookmark | null | undefined
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

/** Throws where a position is none: it would be compared with others, and every comparison would be wrong. */
const requirePositions = ({ after, from, limit, to }: Asked): void => {
  if (after !== undefined) requireBookmark(after)
  if (from !== undefined) requirePosition("`from`", from)
  if (to !== undefined) requirePosition("`to`", to)
  if (limit !== undefined) requirePosition("`limit`", limit)
}

const requireBookmark = (after: Position | Bookmark | null): void => {
  if (typeof after !== "object" || after === null) return requirePosition("`after`", after)
  requirePosition("the position of `after`", after.position)
  if (typeof after.leaf !== "string") throw new TypeError("`after` is a bookmark without its leaf")
}

const requirePosition = (what: string, value: unknown): void => {
  if (!Number.isSafeInteger(value) || (value as number) < 0)
    throw new RangeError(`${what} is a whole number from 0 on, not ${String(value)}`)
}

/**
 * The exclusive append of a store, which dies where the store calls the decision twice, or late, or appends without it. A decision may
 * change what its caller knows of the log, so it must be called once, under the lock, before the append returns.
 *
 * @category constructors
 */
export const decidingOnce =
  <E extends AnyEvent>(store: Pick<EventStoreShape<E>, "appendExclusive">): EventStoreShape<E>["appendExclusive"] =>
  (after, query, decide, options) =>
    Effect.suspend(() => {
      let state: "due" | "decided" | "over" = "due"
      const once: typeof decide = (news, head) => {
        if (state !== "due")
          throw new Error(
            state === "decided"
              ? "the store calls the decision of an exclusive append twice"
              : "the store calls the decision of an exclusive append after it has ended"
          )
        state = "decided"
        return decide(news, head)
      }
      return store.appendExclusive(after, query, once, options).pipe(
        Effect.tap(() =>
          Effect.sync(() => {
            if (state === "due") throw new Error("the store answers an exclusive append without its decision")
          })
        ),
        Effect.ensuring(Effect.sync(() => (state = "over")))
      )
    })
