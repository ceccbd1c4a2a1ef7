/**
 * Projections whose events are each about one object and whose fold is the domain's. For the projections of this package.
 *
 * What decisions go by is folded in the domain and nowhere else. Add here only what a decision may not see.
 */
import type { Events, Timestamp } from "@effekten/domain"
import type { NonEmptyReadonlyArray } from "effect/Array"
import { personalPosition, recordedAt, type Logged, type LoggedEvent, type Projection } from "./Projection.ts"

/** When an object was created. @category models */
export interface Created {
  readonly createdAt: Timestamp.Timestamp
}

/** Positions of the events whose personal parts belong to an object; the first position is of the event that made it. @category models */
export interface WithPersonal {
  readonly personalAt: ReadonlyArray<number>
}

/** The members of {@link Created}. @category constructors */
export const created = (event: LoggedEvent): Created => ({ createdAt: recordedAt(event) })

/** The members of {@link Created}, and the position of the event that made the object, if it has a personal part. @category constructors */
export const createdWithPersonal = (event: LoggedEvent): Created & WithPersonal => ({
  createdAt: recordedAt(event),
  personalAt: personalPosition(event)
})

/** A fold of the domain, with members that are added when the object comes into being and kept beside every later state. @category constructors */
export const withAdded =
  <S extends object, E, A extends object>(
    fold: (state: S | undefined, event: E) => S | undefined,
    added: (event: LoggedEvent) => A
  ) =>
  (state: (S & A) | undefined, event: E & LoggedEvent): (S & A) | undefined => {
    const after = fold(state, event)
    if (after === undefined || after === state) return state
    return state === undefined ? { ...after, ...added(event) } : { ...state, ...after }
  }

/** A projection whose event types are named once, and whose events are each about one object at most. @category constructors */
export const entity = <const T extends Events.EventType, S>({
  types,
  key,
  evolve,
  ...rest
}: Omit<Projection<S>, "types" | "keys" | "evolve"> & {
  readonly types: NonEmptyReadonlyArray<T>
  /** `undefined` where an event is about none of these objects. */
  readonly key: (event: Logged<T>) => string | undefined
  readonly evolve: (state: S | undefined, event: Logged<T>) => S | undefined
}): Projection<S> => {
  const known: ReadonlySet<Events.EventType> = new Set(types)
  const isKnown = (event: LoggedEvent): event is Logged<T> => known.has(event.type)
  return {
    ...rest,
    types,
    keys: (event) => {
      const about = isKnown(event) ? key(event) : undefined
      return about === undefined ? [] : [about]
    },
    evolve: (state, event) => (isKnown(event) ? evolve(state, event) : state)
  }
}
