/**
 * Decision models kept at one place of one history. For the executor.
 *
 * All states in the cache are folds up to the same place, `at`. A caller that finds the log without it clears the cache. {@link apply} folds into them what is new in the log. What a group
 * has decided and not yet committed is kept in an overlay, and dropped with it.
 */
import type { Decision, Events } from "@effekten/domain"
import type { Bookmark } from "@effekten/event-store"

/** At most so many models are kept; the one longest unused goes first. */
const maximumModels = 20_000

interface Entry {
  readonly key: string
  readonly model: Decision.Model<unknown>
  state: unknown
  /** Events folded into it since it was last told by {@link DecisionCache.moved}. */
  events: number
}

/** What two models with the same name and tags have in common. @category models */
export const keyOf = ({ name, tags }: Decision.Model<unknown>): string =>
  tags.length === 1 ? `${name} ${tags[0]}` : `${name} ${tags.join(" ")}`

const none: ReadonlyArray<Events.RecordedDomainEvent> = []

interface Seen {
  readonly model: Decision.Model<unknown>
  state: unknown
  /** Events under the model's tag that are in the state, or do not concern it. */
  seen: number
  /** Those of them that concern it. */
  folded: number
}

const concerns = (model: Decision.Model<unknown>, event: Events.RecordedDomainEvent): boolean =>
  model.types.includes(event.type) && model.tags.every((tag) => event.tags.includes(tag))

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
  readonly read: () => ReadonlyArray<Decision.Model<unknown>>
  readonly apply: (events: Iterable<Events.RecordedDomainEvent>) => void
  /** Takes it all into the cache. To be called once it is committed at the positions it was decided for, with nothing in between. */
  readonly adopt: (to: Bookmark) => void
}

/** Entries by key, the one longest unused first, and by {@link tagOf} their model. */
const makeIndex = () => {
  const entries = new Map<string, Entry>()
  const byTag = new Map<string, Set<Entry>>()
  return {
    entries,
    byTag,
    add: (entry: Entry): void => {
      const tag = tagOf(entry.model)
      entries.set(entry.key, entry)
      const siblings = byTag.get(tag)
      if (siblings === undefined) byTag.set(tag, new Set([entry]))
      else siblings.add(entry)
    },
    drop: (entry: Entry): void => {
      const tag = tagOf(entry.model)
      entries.delete(entry.key)
      const siblings = byTag.get(tag)
      siblings?.delete(entry)
      if (siblings?.size === 0) byTag.delete(tag)
    }
  }
}

/** @category constructors */
export const make = (start: Bookmark, limit: number = maximumModels): DecisionCache => {
  const index = makeIndex()
  const { byTag, drop, entries } = index
  const place = { at: start, isBetween: false }
  const moveTo = (at: Bookmark): void => void Object.assign(place, { at, isBetween: false })

  /** Half a step would be worse than none. A decision that needs the model loads it again, and fails alone if it still throws. */
  const orDrop = (entry: Entry, step: () => void): void => {
    try {
      step()
    } catch {
      drop(entry)
    }
  }
  /** Folds an event into the states it concerns, except those with these keys. */
  const fold = (event: Events.RecordedDomainEvent, except?: ReadonlyMap<string, unknown>): void => {
    for (const tag of event.tags) {
      const entries = byTag.get(tag)
      if (entries === undefined) continue
      for (const entry of entries)
        if (except?.has(entry.key) !== true && concerns(entry.model, event))
          orDrop(entry, () => {
            entry.state = entry.model.evolve(entry.state, event)
            entry.events += 1
          })
    }
  }

  return {
    get at() {
      return place.at
    },
    has: (model) => entries.has(keyOf(model)),
    put: (model, state, events = 0) => {
      const key = keyOf(model)
      const known = entries.get(key)
      if (known !== undefined) drop(known)
      index.add({ key, model, state, events })
    },
    apply: (events, to) => {
      for (const event of events) fold(event)
      if (to === undefined) place.isBetween = true
      else moveTo(to)
    },
    moved: (isFar) => {
      if (place.isBetween) return []
      const found: Array<Entry> = []
      for (const entry of entries.values()) {
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
      for (const entry of entries.values()) {
        if (entries.size <= limit) break
        drop(entry)
      }
    },
    overlay: () => overlayOn({ entries, orDrop, fold, moveTo })
  }
}

/** What an overlay uses of the cache beneath it. */
interface Beneath {
  readonly entries: Map<string, Entry>
  readonly orDrop: (entry: Entry, step: () => void) => void
  readonly fold: (event: Events.RecordedDomainEvent, except: ReadonlyMap<string, unknown>) => void
  readonly moveTo: (to: Bookmark) => void
}

const overlayOn = ({ entries, fold, moveTo, orDrop }: Beneath): Overlay => {
  const states = new Map<string, Seen>()
  const pending = new Map<string, Array<Events.RecordedDomainEvent>>()
  const decided: Array<Events.RecordedDomainEvent> = []
  // A model may be loaded after earlier members have decided. Either way it sees their events once.
  const brought = (own: Seen): unknown => {
    const events = pending.get(tagOf(own.model)) ?? none
    for (; own.seen < events.length; own.seen++) {
      const event = events[own.seen]!
      if (!concerns(own.model, event)) continue
      own.state = own.model.evolve(own.state, event)
      own.folded++
    }
    return own.state
  }
  return {
    state: <S>(model: Decision.Model<S>): S | typeof missing => {
      const key = keyOf(model)
      let own = states.get(key)
      if (own === undefined) {
        const entry = entries.get(key)
        if (entry === undefined) return missing
        // Used again, so it is the last to be dropped.
        entries.delete(key)
        entries.set(key, entry)
        own = { model, state: entry.state, seen: 0, folded: 0 }
        states.set(key, own)
      }
      return brought(own) as S
    },
    read: () => Array.from(states.values(), ({ model }) => model),
    apply: (events) => {
      for (const event of events) {
        decided.push(event)
        for (const tag of event.tags) {
          const known = pending.get(tag)
          if (known === undefined) pending.set(tag, [event])
          else known.push(event)
        }
      }
    },
    adopt: (to) => {
      for (const [key, own] of states) {
        const entry = entries.get(key)
        if (entry === undefined) continue
        orDrop(entry, () => {
          entry.state = brought(own)
          entry.events += own.folded
        })
      }
      for (const event of decided) fold(event, states)
      moveTo(to)
    }
  }
}
