/**
 * A projection: what the events mean for one kind of object, as a pure fold over keyed states. For the author of a projection, and for the
 * code that runs it.
 */
import { type Events, Tag, type Timestamp } from "@effekten/domain"
import type { EventStoreShape, PersonalReference, Query } from "@effekten/event-store"
import type { NonEmptyReadonlyArray } from "effect/Array"

/** An event of the register, as read back: of its personal part it says that there is one, and whose. @category models */
export type LoggedEvent = Events.RecordedDomainEvent & {
  readonly id: string
  readonly meta: { readonly recordedAt: string }
  readonly personal?: Pick<PersonalReference, "subject">
}

/** A logged event of one type, or of several. @category models */
export type Logged<T extends Events.EventType> = Extract<LoggedEvent, { readonly type: T }>

/** Which events of the register a reader asks for. @category models */
export type LogQuery = Query<Events.RegisterEvent>

/** What of the event store a reader needs. Nothing here can write. @category models */
export type Log = Pick<
  EventStoreShape<Events.RegisterEvent>,
  "read" | "readAll" | "readLeaves" | "head" | "bookmark" | "logId"
>

/**
 * Folds the events into one state per key. All members are pure; `evolve` is total.
 *
 * A state is plain JSON: absent is `null`, never `undefined`. It holds no personal data, only the positions of the events whose personal
 * part belongs to it. A reader joins these parts from the vault.
 *
 * @category models
 */
export interface Projection<S> {
  /** Lower case; names the table of the read model and stands in its cursors. */
  readonly name: string
  /** Raised whenever the same events come to mean another state: stored states of another version are thrown away and folded again. */
  readonly version: number
  /** The event types that say anything about these objects. */
  readonly types: NonEmptyReadonlyArray<Events.EventType>
  /** Which objects an event is about, each once. Most are about one; a redemption is about every lot it names. */
  keys(event: LoggedEvent): ReadonlyArray<string>
  /** The state after the event. `undefined` while there is no such object; an object never vanishes. */
  evolve(state: S | undefined, event: LoggedEvent, key: string): S | undefined
  /**
   * Objects that a change brings into being beside the changed one, each under a key that no event names. They never change again. No
   * fold of one object finds them. Absent where nothing does.
   */
  brings?(
    before: S | undefined,
    after: S,
    event: LoggedEvent,
    key: string
  ): ReadonlyArray<readonly [key: string, state: S]>
  /** Whose list the object is in. Fixed when it comes into being. */
  scope(state: S): string
  /**
   * A number by which the objects can be read in order, lowest first, wherever it changes; `undefined` while an object is not among them.
   * Absent where no reader asks for an order.
   */
  rank?(state: S): number | undefined
  /**
   * By what the objects of a list can be chosen, and which value an object has; null where it has none. An SQL database has an index for
   * each. A change of them raises the version.
   */
  readonly filters?: { readonly [member: string]: ValueOf<S> }
  /** The events that made the object, by their tags. */
  query(key: string): LogQuery
  /** Whose personal parts the state names by their positions; absent where it names none. */
  subject?(state: S): string
  /** Events about the object that do not bear its tag; where to look for them is known once it has this state. */
  more?(state: S): LogQuery | undefined
}

/** Values that objects of a list have to have, by the names of {@link Projection.filters}. @category models */
export interface Chosen {
  readonly [member: string]: string
}

/** The names of what is chosen by. Throws over one that the projection does not know. @category computing */
export const chosenBy = ({ filters = {}, name }: Any, chosen: object = {}): ReadonlyArray<string> => {
  const members = Object.keys(chosen)
  const unknown = members.find((member) => !Object.hasOwn(filters, member))
  if (unknown !== undefined) throw new RangeError(`objects of ${name} cannot be chosen by ${unknown}`)
  return members
}

/** The value that an object has for a filter. Typed as a method is, as the other functions of a projection are. */
type ValueOf<S> = { of(state: S): string | null }["of"]

/** A projection whose state does not matter to the code that runs it. @category models */
export type Any = Projection<any>

/** The key of something known only within something else, an identification of an investor for example. @category constructors */
export const keyWithin = (outer: string, inner: string): string => `${outer}/${inner}`

/** The two ids of {@link keyWithin}. Ids hold no slash. @category constructors */
export const partsOfKey = (key: string): readonly [outer: string, inner: string] => {
  const slash = key.indexOf("/")
  return slash < 0 ? [key, ""] : [key.slice(0, slash), key.slice(slash + 1)]
}

/** When an event was recorded, which is when the object it made was created. The store writes RFC 3339 in UTC. @category events */
export const recordedAt = (event: LoggedEvent): Timestamp.Timestamp => event.meta.recordedAt as Timestamp.Timestamp

/** The positions that a reader must reveal for an event: its own, if it has a personal part. @category events */
export const personalPosition = (event: LoggedEvent): ReadonlyArray<number> =>
  event.personal === undefined ? [] : [event.position]

/** The events that say that the personal data of an investor or of a document are erased. @category events */
export const erasing = ["InvestorErased", "DocumentErased"] as const satisfies ReadonlyArray<Events.EventType>

/** @category events */
export type ErasingEvent = Logged<(typeof erasing)[number]>

/** @category predicates */
export const isErasing = (event: LoggedEvent): event is ErasingEvent => erasing.some((type) => type === event.type)

/** Whose personal data an event says are erased. @category events */
export const erasedSubject = (event: ErasingEvent): string =>
  event.type === "InvestorErased" ? Tag.investor(event.data.investorId) : Tag.document(event.data.documentId)
