/**
 * Decision models kept at one place of one history. For the executor.
 *
 * All states in the cache are folds up to the same place, `at`. A caller that finds the log without it clears the cache. {@link apply} folds into them what is new in the log. What a group
 * has decided and not yet committed is kept in an overlay, and dropped with it.
 */
import type { Decision, Events } from "@effekten/domain"
import type { Bookmark } from "@effekten/event-store"

/** At most so many models are kept. Those that no decision has read since the last look go first. */
const maximumModels = 20_000

interface Entry {
  readonly model: Decision.Model<unknown>
  state: unknown
  /** Events folded into it since it was last told by {@link DecisionCache.moved}. */
  events: number
  /** Asked for since it was last looked at by {@link DecisionCache.trim}. */
  isUsed: boolean
  /** How the last group that it concerned sees it. */
  seen: Seen | undefined
}

/** An entry as a group sees it. */
interface Seen {
  readonly by: Overlay
  state: unknown
  /** Events of the group that are in the state. */
  events: number
  isRead: boolean
}

/** What two models with the same name and tags have in common, as a text. @category models */
export const keyOf = ({ name, tags }: Decision.Model<unknown>): string =>
  tags.length === 1 ? `${name} ${tags[0]}` : `${name} ${tags.join(" ")}`

/** Whether an event concerns a model. Of a model with one tag it is known already that the event bears it. */
const concerns = ({ tags, types }: Decision.Model<unknown>, event: Events.RecordedDomainEvent): boolean =>
  types.includes(event.type) && (tags.length === 1 || tags.every((tag) => event.tags.includes(tag)))

/** A model is looked up by the last of its tags: few models have two. A new event is looked up once for each of its tags. */
const tagOf = (model: Decision.Model<unknown>): string => model.tags[model.tags.length - 1] ?? ""

/** @category models */
export interface DecisionCache {
  /** The place all states are folds up to. */
  readonly at: Bookmark
  readonly has: (model: Decision.Model<unknown>) => boolean
  /** Keeps a state that was folded up to `at`; of how many events that are in no snapshot. */
  readonly put: <S>(model: Decision.Model<S>, state: S, events?: number) => void
  /**
   * Folds the events after `at` up to a new place into the states they concern. Without a place there are more to come; until then the
   * states are between two places, and none of them is told as moved.
   */
  readonly apply: (events: Iterable<Events.RecordedDomainEvent>, to: Bookmark | undefined) => void
  /** The states that have moved on far enough, each told once. */
  readonly moved: (
    isFar: (model: Decision.Model<unknown>, events: number) => boolean
  ) => ReadonlyArray<{ readonly model: Decision.Model<unknown>; readonly state: unknown }>
  /** Forgets all states and starts at a place. */
  readonly clear: (at: Bookmark) => void
  /** Drops what is over the limit. Not while an overlay is in use. */
  readonly trim: () => void
  readonly overlay: () => Overlay
}

/** In the place of a state that is not in the cache. @category values */
export const missing = Symbol("missing")

/** What a group sees: the cache, and above it what its members before have decided. @category models */
export interface Overlay {
  /** The state of a model, or {@link missing}. */
  readonly state: <S>(model: Decision.Model<S>) => S | typeof missing
  /** The models whose states were asked for, each once. */
  readonly read: ReadonlyArray<Decision.Model<unknown>>
  readonly apply: (events: Iterable<Events.RecordedDomainEvent>) => void
  /** Takes it all into the cache. To be called once it is committed at the positions it was decided for, with nothing in between. */
  readonly adopt: (to: Bookmark) => void
}

const isSame = (a: Decision.Model<unknown>, b: Decision.Model<unknown>): boolean =>
  a === b || (a.name === b.name && a.tags.length === b.tags.length && a.tags.every((tag, at) => tag === b.tags[at]))

/** Entries in the order of their turns to be dropped, and by {@link tagOf} their model. No key is made to look one up: a tag has few. */
const makeIndex = () => {
  const entries = new Set<Entry>()
  const byTag = new Map<string, Array<Entry>>()
  return {
    entries,
    byTag,
    find: (model: Decision.Model<unknown>): Entry | undefined => {
      const entries = byTag.get(tagOf(model))
      if (entries !== undefined) for (const entry of entries) if (isSame(entry.model, model)) return entry
      return undefined
    },
    /** Visits the entries that an event concerns. */
    concerned: (event: Events.RecordedDomainEvent, visit: (entry: Entry) => void): void => {
      for (const tag of event.tags) {
        const entries = byTag.get(tag)
        if (entries !== undefined) for (const entry of entries) if (concerns(entry.model, event)) visit(entry)
      }
    },
    add: (entry: Entry): void => {
      const tag = tagOf(entry.model)
      const siblings = byTag.get(tag)
      entries.add(entry)
      if (siblings === undefined) byTag.set(tag, [entry])
      else siblings.push(entry)
    },
    drop: (entry: Entry): void => {
      if (!entries.delete(entry)) return
      const tag = tagOf(entry.model)
      const others = byTag.get(tag)!.filter((other) => other !== entry)
      if (others.length === 0) byTag.delete(tag)
      else byTag.set(tag, others)
    }
  }
}

type Index = ReturnType<typeof makeIndex>

/** @category constructors */
export const make = (start: Bookmark, limit: number = maximumModels): DecisionCache => {
  const index = makeIndex()
  const { byTag, drop, entries, find } = index
  const place = { at: start, isBetween: false }
  const moveTo = (at: Bookmark): void => void Object.assign(place, { at, isBetween: false })
  /** The group that is decided, and sees what is loaded for it. */
  let overlay: OpenOverlay | undefined

  return {
    get at() {
      return place.at
    },
    has: (model) => find(model) !== undefined,
    put: (model, state, events = 0) => {
      const known = find(model)
      if (known !== undefined) drop(known)
      const entry: Entry = { model, state, events, isUsed: false, seen: undefined }
      index.add(entry)
      overlay?.added(entry)
    },
    apply: (events, to) => {
      for (const event of events)
        index.concerned(event, (entry) => {
          // Half a step would be worse than none. A decision that needs the model loads it again, and fails alone if it still throws.
          const state = stepped(entry.model, entry.state, event)
          if (state instanceof Broken) return drop(entry)
          entry.state = state
          entry.events += 1
        })
      if (to === undefined) place.isBetween = true
      else moveTo(to)
    },
    moved: (isFar) => {
      if (place.isBetween) return []
      const found: Array<Entry> = []
      for (const entry of entries) {
        if (entry.model.version === undefined || entry.events === 0 || !isFar(entry.model, entry.events)) continue
        entry.events = 0
        found.push(entry)
      }
      return found.map(({ model, state }) => ({ model, state }))
    },
    clear: (to) => {
      entries.clear()
      byTag.clear()
      moveTo(to)
    },
    trim: () => {
      for (const entry of entries) {
        if (entries.size <= limit) break
        if (!entry.isUsed) drop(entry)
        else {
          // It has another turn, behind all others.
          entry.isUsed = false
          entries.delete(entry)
          entries.add(entry)
        }
      }
    },
    overlay: () => (overlay = overlayOn(index, moveTo))
  }
}

/** In the place of a state whose fold threw. */
class Broken {
  readonly defect: unknown
  constructor(defect: unknown) {
    this.defect = defect
  }
}

/** The next state; {@link Broken} where the fold throws. */
const stepped = (model: Decision.Model<unknown>, state: unknown, event: Events.RecordedDomainEvent): unknown => {
  if (state instanceof Broken) return state
  try {
    return model.evolve(state, event)
  } catch (defect) {
    return new Broken(defect)
  }
}

interface OpenOverlay extends Overlay {
  /** A model was loaded. Events that were decided before are in its state from now on. */
  readonly added: (entry: Entry) => void
}

/** The states as they were stay in the entries, so an overlay is dropped by using it no more. */
const overlayOn = ({ concerned, drop, find }: Index, moveTo: (to: Bookmark) => void): OpenOverlay => {
  const seen: Array<Entry> = []
  const read: Array<Decision.Model<unknown>> = []
  const decided: Array<Events.RecordedDomainEvent> = []

  const seenOf = (entry: Entry): Seen => {
    if (entry.seen?.by === overlay) return entry.seen
    seen.push(entry)
    return (entry.seen = { by: overlay, state: entry.state, events: 0, isRead: false })
  }
  const step = (entry: Entry, event: Events.RecordedDomainEvent): void => {
    const own = seenOf(entry)
    own.state = stepped(entry.model, own.state, event)
    own.events += 1
  }
  const overlay: OpenOverlay = {
    read,
    added: (entry) => {
      const { model } = entry
      for (const event of decided) if (event.tags.includes(tagOf(model)) && concerns(model, event)) step(entry, event)
    },
    state: <S>(model: Decision.Model<S>): S | typeof missing => {
      const entry = find(model)
      if (entry === undefined) return missing
      const own = seenOf(entry)
      if (!own.isRead) {
        own.isRead = entry.isUsed = true
        read.push(model)
      }
      if (own.state instanceof Broken) throw own.state.defect
      return own.state as S
    },
    apply: (events) => {
      for (const event of events) {
        decided.push(event)
        concerned(event, (entry) => step(entry, event))
      }
    },
    adopt: (to) => {
      for (const entry of seen) {
        const { events, state } = seenOf(entry)
        entry.state = state
        entry.events += events
        if (state instanceof Broken) drop(entry)
      }
      moveTo(to)
    }
  }
  return overlay
}
