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

/** What an amendment set that no later one has set again. @category models */
export interface Amendment<M extends string> {
  readonly position: number
  readonly members: ReadonlyArray<M>
}

/**
 * An object whose personal members are amended. `personalAt` is the event that made it, and then the amendments of which something still
 * holds: no more than there are members.
 *
 * @category models
 */
export interface Amended<M extends string> extends WithPersonal {
  readonly amendments: ReadonlyArray<Amendment<M>>
}

/** The members of {@link Amended} after an amendment that sets some members. @category computing */
export const withAmendment = <M extends string>(
  state: Amended<M>,
  event: LoggedEvent,
  members: ReadonlyArray<M>
): Amended<M> => {
  const holding = state.amendments.flatMap((amendment): ReadonlyArray<Amendment<M>> => {
    const left = amendment.members.filter((member) => !members.includes(member))
    return left.length === 0 ? [] : [{ ...amendment, members: left }]
  })
  const amendments = [...holding, ...personalPosition(event).map((position) => ({ position, members }))]
  const former = new Set(state.amendments.map(({ position }) => position))
  const made = state.personalAt.filter((position) => !former.has(position))
  return { amendments, personalAt: [...made, ...amendments.map(({ position }) => position)] }
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
