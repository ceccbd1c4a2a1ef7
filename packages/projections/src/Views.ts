/**
 * Projections folded in memory: every object of each, up to one position. For replay, for questions about a past position, and for tests.
 */
import type { Position } from "@effekten/event-store"
import type * as Projection from "./Projection.ts"

/** Something that takes the events of the log in order, each once. @category models */
export interface Fold {
  apply(event: Projection.LoggedEvent): void
}

/** What the events up to a position mean. @category models */
export interface Views extends Fold {
  /** The position of the last event applied; 0 before the first. */
  readonly position: Position
  get<S>(projection: Projection.Projection<S>, key: string): S | undefined
  /** The keys of a list, in the order the objects came into being. */
  keys(projection: Projection.Any, scope: string): ReadonlyArray<string>
  /** All objects of a projection by key, in the order they came into being. */
  all<S>(projection: Projection.Projection<S>): ReadonlyMap<string, S>
}

interface View {
  readonly projection: Projection.Any
  readonly states: Map<string, unknown>
  readonly lists: Map<string, Array<string>>
}

/** Empty views of some projections, to be given the log from its first event. @category constructors */
export const make = (projections: ReadonlyArray<Projection.Any>): Views => {
  const views = new Map<string, View>()
  const byType = new Map<string, Array<View>>()
  for (const projection of projections) {
    if (views.has(projection.name)) throw new RangeError(`two projections are called ${projection.name}`)
    const view: View = { projection, states: new Map(), lists: new Map() }
    views.set(projection.name, view)
    for (const type of new Set(projection.types)) byType.set(type, [...(byType.get(type) ?? []), view])
  }
  const viewOf = (projection: Projection.Any): View => {
    const view = views.get(projection.name)
    if (view === undefined) throw new RangeError(`the projection ${projection.name} is not kept here`)
    return view
  }
  let position = 0

  return {
    get position() {
      return position
    },
    apply(event) {
      for (const view of byType.get(event.type) ?? []) step(view, event)
      position = event.position
    },
    get: <S>(projection: Projection.Projection<S>, key: string) => viewOf(projection).states.get(key) as S | undefined,
    keys: (projection, scope) => viewOf(projection).lists.get(scope) ?? [],
    all: <S>(projection: Projection.Projection<S>) => viewOf(projection).states as ReadonlyMap<string, S>
  }
}

/** All that the event changes, or nothing where the fold fails. */
const step = (view: View, event: Projection.LoggedEvent): void => {
  const { projection, states } = view
  const changed: Array<{ readonly key: string; readonly after: unknown; readonly scope: string | undefined }> = []
  for (const key of projection.keys(event)) {
    const before = states.get(key)
    const after: unknown = projection.evolve(before, event, key)
    if (after === undefined || after === before) continue
    changed.push({ key, after, scope: before === undefined ? projection.scope(after) : undefined })
    for (const [own, brought] of projection.brings?.(before, after, event, key) ?? [])
      changed.push({ key: own, after: brought, scope: projection.scope(brought) })
  }
  for (const { after, key, scope } of changed) {
    states.set(key, after)
    if (scope === undefined) continue
    const list = view.lists.get(scope)
    if (list === undefined) view.lists.set(scope, [key])
    else list.push(key)
  }
}
