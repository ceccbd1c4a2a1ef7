/**
 * Objects kept as they were last shown: the fold of their events, at a place of one history. For {@link Showing}, whose readers ask for the
 * same objects again and again. Nothing that a person typed may be kept here.
 *
 * No reader is shown what is old. Each reading looks at the log first. If the log has gone on, the news of the object are folded in. If it
 * has another history, the object is dropped and folded again. So it does not matter which process wrote, or whether the log was put back.
 */
import { type Bookmark, type EventStoreError, History } from "@effekten/event-store"
import { FoldOne, Placed, Projection } from "@effekten/projections"
import { Effect } from "effect"
import type { RegisterLog } from "../log/Log.ts"
import type { Shown } from "./View.ts"

/** What is kept at most; the objects longest unused go first. @category models */
export interface Limits {
  readonly objects: number
  /** Characters of all states as JSON. */
  readonly characters: number
}

const defaultLimits: Limits = { objects: 20_000, characters: 16 * 1024 * 1024 }
/** With more news than that an object is folded again, as a stream. */
const maximumNews = 1_000

/** An object as of the head. @category models */
export interface KeptObject<S> {
  readonly placed: Placed.Placed<S>
  /** Whether the personal data that the state names are erased. */
  readonly isErased: boolean
}

interface Entry<S> extends KeptObject<S> {
  /** An application may give two projections one name. */
  readonly projection: Projection.Projection<S>
  readonly key: string
  readonly at: Bookmark
  readonly news: Projection.LogQuery
}

/** @category models */
export interface KeptObjects {
  /** An object as of the head; `undefined` where there is none. */
  readonly get: <S extends Shown>(
    projection: Projection.Projection<S>,
    key: string
  ) => Effect.Effect<KeptObject<S> | undefined, EventStoreError>
}

/** @category constructors */
export const make = (log: Pick<RegisterLog, keyof Projection.Log>, limits: Limits = defaultLimits): KeptObjects => {
  const entries = keeping(limits)

  /** The head that follows a place; `undefined` where the log has another history. */
  const headAfter = (at: Bookmark) => Effect.catchIf(log.bookmark(at), History.isOtherHistory, () => Effect.undefined)

  /** Keeps an object once its place is seen a second time: what was read between two looks at a history is of that history. */
  const keep = <S extends Shown>(entry: Entry<S>): Effect.Effect<KeptObject<S>, EventStoreError> =>
    Effect.map(headAfter(entry.at), (head) => {
      if (head !== undefined) entries.put(entry)
      return entry
    })

  /** Folded from its first event. */
  const folded = Effect.fnUntraced(function* <S extends Shown>(
    projection: Projection.Projection<S>,
    key: string
  ): Effect.fn.Return<KeptObject<S> | undefined, EventStoreError> {
    const at = yield* log.bookmark()
    const to = at.position
    const placed = yield* FoldOne.fold(log, Placed.placed(projection), key, { to })
    if (placed === undefined) return undefined
    const erasing = erasingOf(projection, placed.state)
    const isErased = erasing !== undefined && saysErased(projection, placed.state, yield* log.readAll(erasing, { to }))
    return yield* keep({
      projection,
      key,
      at,
      placed,
      isErased: isErased || placed.state.erased === true,
      news: newsOf(projection, key, placed.state)
    })
  })

  /** Brought from its place to the head. */
  const brought = Effect.fnUntraced(function* <S extends Shown>(entry: Entry<S>, at: Bookmark) {
    const { key, news, projection } = entry
    const range = { from: entry.at.position + 1, to: at.position, limit: maximumNews + 1 }
    const events = yield* log.readAll(news, range)
    if (events.length > maximumNews) return yield* folded(projection, key)
    const placed = FoldOne.foldEvents(Placed.placed(projection), key, events, entry.placed) ?? entry.placed
    const later = placed === entry.placed ? news : newsOf(projection, key, placed.state)
    // What it depends on now may have happened before.
    if (later !== news && JSON.stringify(later) !== JSON.stringify(news)) return yield* folded(projection, key)
    const isErased = entry.isErased || placed.state.erased === true || saysErased(projection, placed.state, events)
    return yield* keep({ projection, key, at, placed, isErased, news })
  })

  return {
    get: <S extends Shown>(projection: Projection.Projection<S>, key: string) =>
      Effect.suspend(() => {
        const entry = entries.find(projection, key)
        if (entry === undefined) return folded(projection, key)
        return Effect.flatMap(headAfter(entry.at), (head) => {
          if (head?.position === entry.at.position) return Effect.succeed(entry)
          return head === undefined ? folded(projection, key) : brought(entry, head)
        })
      })
  }
}

/** The events that say that what is personal of an object is erased, where its own state does not. */
const erasingOf = <S extends Shown>(
  { subject }: Projection.Projection<S>,
  state: S
): Projection.LogQuery | undefined =>
  subject === undefined || state.erased !== undefined || (state.personalAt?.length ?? 0) === 0
    ? undefined
    : [{ types: Projection.erasing, tags: [subject(state)] }]

const saysErased = <S>(
  { subject }: Projection.Projection<S>,
  state: S,
  events: ReadonlyArray<Projection.LoggedEvent>
): boolean => {
  const erased = subject?.(state)
  return events.some((event) => Projection.isErasing(event) && Projection.erasedSubject(event) === erased)
}

/** What would change an object, or say that it is erased. */
const newsOf = <S extends Shown>(projection: Projection.Projection<S>, key: string, state: S): Projection.LogQuery =>
  [projection.more?.(state), erasingOf(projection, state)].reduce<Projection.LogQuery>(
    (query, other) => (other === undefined ? query : FoldOne.either(query, other)),
    projection.query(key)
  )

/** Entries by name and key, the one longest unused first. */
const keeping = ({ characters, objects }: Limits) => {
  const entries = new Map<string, { readonly entry: Entry<any>; readonly size: number }>()
  let kept = 0
  const drop = (name: string): void => {
    kept -= entries.get(name)?.size ?? 0
    entries.delete(name)
  }
  return {
    find: <S>(projection: Projection.Projection<S>, key: string): Entry<S> | undefined => {
      const name = `${projection.name} ${key}`
      const found = entries.get(name)
      if (found === undefined || found.entry.projection !== projection) return undefined
      entries.delete(name)
      entries.set(name, found)
      return found.entry
    },
    put: (entry: Entry<any>): void => {
      const name = `${entry.projection.name} ${entry.key}`
      const size = name.length + JSON.stringify([entry.placed, entry.news]).length
      drop(name)
      if (size > characters) return
      entries.set(name, { entry, size })
      kept += size
      for (const oldest of entries.keys()) {
        if (entries.size <= objects && kept <= characters) break
        drop(oldest)
      }
    }
  }
}
