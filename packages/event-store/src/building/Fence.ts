/**
 * Which kinds of events a log has, and whether this program knows them all. For the stores, and for builders of another store.
 *
 * A program that asks by the types it knows never meets an event of another type. It would decide as if that had not happened. So a store
 * keeps the kinds beside the events, and asks here at every look, at every page and under the lock.
 */
import type { Catalogue } from "../port/Catalogue.ts"
import type { Position } from "../port/Event.ts"
import { EventStoreError } from "../port/EventStore.ts"

/** A type in a version, and the first event of it. @category models */
export interface Kind {
  readonly first: Position
  readonly type: string
  readonly version: number
}

/** What a program knows of the kinds in a log. @category models */
export interface Fence {
  /** These are all kinds that the log has now. */
  readonly learn: (kinds: ReadonlyArray<Kind>) => void
  /** Throws {@link EventStoreError} `newer` where the log has a kind that the catalogue does not know. */
  readonly check: () => void
  /** The kinds among these events that the log does not have. The first of the events comes after a position. */
  readonly missing: (events: ReadonlyArray<{ readonly type: string }>, after: Position) => ReadonlyArray<Kind>
  /** These were committed: the log has them too. */
  readonly recorded: (kinds: ReadonlyArray<Kind>) => void
}

/** Kinds that a message names, at most. */
const named = 10

const none: ReadonlyArray<Kind> = []

/** The fence of a program, before it has looked at the log. @category constructors */
export const makeFence = ({ events }: Pick<Catalogue, "events">): Fence => {
  const definitions = new Map(Object.entries(events))
  const writes = (type: string): number => {
    const definition = definitions.get(type)
    return definition?.writtenAs?.version ?? definition?.version ?? 0
  }
  const isKnown = ({ type, version }: Kind): boolean => version <= (definitions.get(type)?.version ?? 0)
  let strange = none
  /** Types of which the log has what this program writes. */
  const had = new Set<string>()
  const recorded: Fence["recorded"] = (kinds) => {
    for (const { type, version } of kinds) if (version === writes(type)) had.add(type)
  }
  return {
    learn: (kinds) => {
      strange = kinds.filter((kind) => !isKnown(kind))
      had.clear()
      recorded(kinds)
    },
    check: () => {
      if (strange.length > 0) throw newerKinds(strange)
    },
    missing: (events, after) => {
      let kinds = none
      for (const [index, { type }] of events.entries())
        if (!had.has(type) && !kinds.some((kind) => kind.type === type))
          kinds = [...kinds, { first: after + 1 + index, type, version: writes(type) }]
      return kinds
    },
    recorded
  }
}

const newerKinds = (strange: ReadonlyArray<Kind>): EventStoreError => {
  const words = strange.map(
    ({ first, type, version }) => `${JSON.stringify(type)} in version ${version} (first at position ${first})`
  )
  const more = words.length > named ? `, and ${words.length - named} more` : ""
  return new EventStoreError({
    reason: "newer",
    position: Math.min(...strange.map(({ first }) => first)),
    message: `a newer program has recorded events of kinds that are not known here: ${words.slice(0, named).join(", ")}${more}: upgrade this program to the version that wrote them`
  })
}
