/**
 * Entity tags: short texts that change with an object. A caller that names the one it has seen changes nothing that it has not seen. For
 * the implementations of the services.
 *
 * A tag is a code under the register's pepper: it tells nothing of the log, and a caller can make none. Never store one.
 */
import type { Decision, Events, Id } from "@effekten/domain"
import { Json, type QueryItem } from "@effekten/event-store"
import { FoldOne, type Placed, type Projection } from "@effekten/projections"
import type { Secrets } from "../base/Secrets.ts"
import type { Instruction } from "../deciding/Instruction.ts"
import type { Shown, View } from "./View.ts"

/** Characters of a tag: 128 bits. */
const length = 32

/** What a tag is made of, besides the object. @category models */
export interface Form {
  /** The version of the answer: another version has other bytes. */
  readonly version: number
  /** Whether something personal reads as erased. */
  readonly erased: boolean
}

/** The tag of an object as it is after the last event that changed it. @category computing */
export const of = (
  secrets: Secrets["Service"],
  { name }: Pick<Projection.Any, "name">,
  key: string,
  { event, position }: Omit<Placed.Placed<unknown>, "state">,
  { erased, version }: Form
): string => secrets.code("entity-tag", Json.canonical([name, key, position, event, version, erased])).slice(0, length)

/**
 * The same for states that are shown again and again: a tag is made once for each. A state is of one object, and never changes.
 *
 * @category computing
 */
export const remembering = (secrets: Secrets["Service"]): TagOf => {
  const made = new WeakMap<object, Form & { readonly tag: string }>()
  return (projection, key, placed, form) => {
    const known = made.get(placed)
    if (known?.version === form.version && known.erased === form.erased) return known.tag
    const tag = of(secrets, projection, key, placed, form)
    made.set(placed, { ...form, tag })
    return tag
  }
}

/** The tag of an object that is shown. @category models */
export type TagOf = (
  projection: Pick<Projection.Any, "name">,
  key: string,
  placed: Placed.Placed<unknown>,
  form: Form
) => string

/**
 * Asks, inside a decision, whether an object is still as one of some tags says. Whatever is read for it is in the append condition. Of an
 * object that the platform does not have the command itself says so.
 *
 * @category decision models
 */
export const unchanged = <S extends Shown, A>(
  secrets: Secrets["Service"],
  { placed, renderers }: View<S, A>,
  key: string,
  platform: Id.PlatformId | undefined,
  tags: ReadonlyArray<string>
): NonNullable<Instruction["unchanged"]> =>
  function* () {
    const own = yield* read(stateModel(placed, key))
    if (own === undefined || own.state.platform !== (platform ?? null)) return true
    const more = placed.more?.(own)
    const later = more === undefined ? undefined : yield* read(placeModel(placed, key, itemOf(placed, more)))
    const last = later !== undefined && later.position > own.position ? later : own
    return Object.keys(renderers).some((version) =>
      [false, true].some((erased) =>
        tags.includes(of(secrets, placed, key, last, { version: Number(version), erased }))
      )
    )
  }

type Place = Omit<Placed.Placed<unknown>, "state">

function* read<S>(model: Decision.Model<S>): Generator<Decision.Read, S, any> {
  return yield { _tag: "Read", model }
}

const itemOf = ({ name }: Pick<Projection.Any, "name">, query: Projection.LogQuery) => {
  const [item, ...others] = query === "all" ? [] : query
  if (item?.types === undefined || item.tags === undefined || others.length > 0)
    throw new Error(`${name} has no single query: its objects have no guard`)
  return item as Required<QueryItem<Events.RegisterEvent>>
}

const stateModel = <S>(
  projection: Projection.Projection<Placed.Placed<S>>,
  key: string
): Decision.Model<Placed.Placed<S> | undefined> => ({
  ...modelOf(projection, key, itemOf(projection, projection.query(key))),
  initial: undefined,
  evolve: (state, event) => FoldOne.foldEvent(projection, key, state, event as Projection.LoggedEvent)
})

/** Events about the object that do not bear its tag. */
const placeModel = (
  projection: Projection.Any,
  key: string,
  item: Required<QueryItem<Events.RegisterEvent>>
): Decision.Model<Place | undefined> => ({
  ...modelOf(projection, key, item),
  initial: undefined,
  evolve: (place, event) => {
    const logged = event as Projection.LoggedEvent
    return projection.keys(logged).includes(key) ? { position: logged.position, event: logged.id } : place
  }
})

const modelOf = ({ name }: Projection.Any, key: string, item: Required<QueryItem<Events.RegisterEvent>>) => ({
  name: `entity tag of ${name} ${key}`,
  types: item.types as Decision.Model<unknown>["types"],
  tags: item.tags
})
