/**
 * Objects kept as they were last shown: the fold of their events, at a place of one history. For {@link Showing}, whose readers ask for the
 * same objects again and again. What a person typed is kept encrypted, and may be kept in no other way.
 *
 * No reader is shown what is old. Each reading looks at the log first. If the log has gone on, the news of the object are folded in. If it
 * has another history, the object is dropped and folded again. So it does not matter which process wrote, or whether the log was put back.
 */
import { type Bookmark, type EventStoreError, History, type Revealed } from "@effekten/event-store"
import { FoldOne, Placed, Projection } from "@effekten/projections"
import { Effect } from "effect"
import type { Access } from "../log/Access.ts"
import type { RegisterLog, SealedParts } from "../log/Log.ts"
import type { Shown } from "./View.ts"

/** What is kept at most; the objects longest unused go first. @category models */
export interface Limits {
  readonly objects: number
  /** Characters of all states as JSON, and bytes of what is encrypted. */
  readonly size: number
}

const defaultLimits: Limits = { objects: 20_000, size: 32 * 1024 * 1024 }
/** With more news than that an object is folded again, as a stream. */
const maximumNews = 1_000

/** An object as of the head. @category models */
export interface KeptObject<S> {
  /** An application may give two projections one name. */
  readonly projection: Projection.Projection<S>
  readonly key: string
  /** Up to where it is the fold of its events. */
  readonly at: Bookmark
  readonly placed: Placed.Placed<S>
  /** Whether the personal data that the state names are erased. */
  readonly isErased: boolean
  /** These data, once a reader has asked for them. */
  readonly sealed: SealedParts | undefined
  /** What would change the object, or say that it is erased. */
  readonly news: Projection.LogQuery
}

/** @category models */
export interface KeptObjects {
  /** An object as of the head; `undefined` where there is none. */
  readonly get: <S extends Shown>(
    projection: Projection.Projection<S>,
    key: string
  ) => Effect.Effect<KeptObject<S> | undefined, EventStoreError>
  /** The personal data of an object that is not erased, by their positions. */
  readonly reveal: <S extends Shown>(
    access: Access,
    object: KeptObject<S>
  ) => Effect.Effect<ReadonlyArray<Revealed>, EventStoreError>
}

/** @category constructors */
export const make = (
  log: Pick<RegisterLog, keyof Projection.Log | "open" | "sealed">,
  limits: Limits = defaultLimits
): KeptObjects => {
  const entries = keeping(limits)

  /** Keeps an object once its place is seen a second time: what was read between two looks at a history is of that history. */
  const keep = <S extends Shown>(entry: KeptObject<S>): Effect.Effect<KeptObject<S>, EventStoreError> =>
    Effect.map(headAfter(log, entry.at), (head) => {
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
      sealed: undefined,
      news: newsOf(projection, key, placed.state)
    })
  })

  /** Brought from its place to the head. */
  const brought = Effect.fnUntraced(function* <S extends Shown>(entry: KeptObject<S>, at: Bookmark) {
    const { key, news, projection } = entry
    const range = { from: entry.at.position + 1, to: at.position, limit: maximumNews + 1 }
    const events = yield* log.readAll(news, range)
    if (events.length > maximumNews) return yield* folded(projection, key)
    const placed = FoldOne.foldEvents(Placed.placed(projection), key, events, entry.placed) ?? entry.placed
    const later = placed === entry.placed ? news : newsOf(projection, key, placed.state)
    // What it depends on now may have happened before.
    if (later !== news && JSON.stringify(later) !== JSON.stringify(news)) return yield* folded(projection, key)
    const isErased = entry.isErased || placed.state.erased === true || saysErased(projection, placed.state, events)
    const isSame = placed.state.personalAt?.join() === entry.placed.state.personalAt?.join()
    const sealed = isErased || !isSame ? undefined : entry.sealed
    return yield* keep({ projection, key, at, placed, isErased, sealed, news })
  })

  return {
    get: <S extends Shown>(projection: Projection.Projection<S>, key: string) =>
      Effect.suspend(() => {
        const entry = entries.find(projection, key)
        if (entry === undefined) return folded(projection, key)
        return Effect.flatMap(headAfter(log, entry.at), (head) => {
          if (head?.position === entry.at.position) return Effect.succeed(entry)
          return head === undefined ? folded(projection, key) : brought(entry, head)
        })
      }),
    reveal: (access, object) => {
      if (object.sealed !== undefined) return log.open(access, object.sealed)
      return Effect.flatMap(log.sealed(object.placed.state.personalAt ?? []), (sealed) =>
        Effect.andThen(keep({ ...object, sealed }), log.open(access, sealed))
      )
    }
  }
}

/** The head that follows a place; `undefined` where the log has another history. */
const headAfter = (log: Pick<RegisterLog, "bookmark">, at: Bookmark) =>
  Effect.catchIf(log.bookmark(at), History.isOtherHistory, () => Effect.undefined)

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
const keeping = ({ objects, size: maximum }: Limits) => {
  const entries = new Map<string, { readonly entry: KeptObject<any>; readonly size: number }>()
  let kept = 0
  const drop = (name: string): void => {
    kept -= entries.get(name)?.size ?? 0
    entries.delete(name)
  }
  return {
    find: <S>(projection: Projection.Projection<S>, key: string): KeptObject<S> | undefined => {
      const name = `${projection.name} ${key}`
      const found = entries.get(name)
      if (found === undefined || found.entry.projection !== projection) return undefined
      entries.delete(name)
      entries.set(name, found)
      return found.entry
    },
    put: (entry: KeptObject<any>): void => {
      const name = `${entry.projection.name} ${entry.key}`
      const size = JSON.stringify([name, entry.placed, entry.news]).length + (entry.sealed?.bytes ?? 0)
      drop(name)
      if (size > maximum) return
      entries.set(name, { entry, size })
      kept += size
      for (const oldest of entries.keys()) {
        if (entries.size <= objects && kept <= maximum) break
        drop(oldest)
      }
    }
  }
}
