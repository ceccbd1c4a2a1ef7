/**
 * A projection's states, each with the place of the last event that changed it. For a reader that must tell whether an object is still as it
 * was seen.
 */
import type { Position } from "@effekten/event-store"
import type { Projection } from "./Projection.ts"

/** A state, and the last event that changed it. @category models */
export interface Placed<S> {
  readonly state: S
  readonly position: Position
  /** The event's id: another history has another event at the same position. */
  readonly event: string
}

/** The same projection with places. @category projections */
export const placed = <S>(projection: Projection<S>): Projection<Placed<S>> => {
  const { more, name, query, types, version } = projection
  return {
    name,
    version,
    types,
    keys: (event) => projection.keys(event),
    query,
    scope: ({ state }) => projection.scope(state),
    evolve: (before, event, key) => {
      const state = projection.evolve(before?.state, event, key)
      return state === undefined || state === before?.state
        ? before
        : { state, position: event.position, event: event.id }
    },
    ...(more === undefined ? {} : { more: ({ state }) => more(state) })
  }
}
