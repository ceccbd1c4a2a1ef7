/**
 * What every decision model of the register says, folded together from the first event on. For {@link DecisionReplay}, which reads the log
 * once and takes no second look.
 *
 * A decision asks for a model when its turn comes; then the events are gone by. So each model that an event concerns is folded, whether a
 * decision will ask for it or not. The memory is that of the register's objects, not of its events.
 */
import { Commands, type Decision, type Events } from "@effekten/domain"

/** The models of one kind, by their tags. */
interface Kind {
  /** How a model of this kind folds. */
  readonly prototype: Decision.Model<unknown>
  readonly initial: (...ids: ReadonlyArray<string>) => unknown
  /** What its tags begin with, up to the colon; a tag without an id is whole. */
  readonly beginnings: ReadonlyArray<string>
  readonly states: Map<string, unknown>
}

/** @category models */
export interface DecisionStates {
  readonly apply: (event: Events.RecordedDomainEvent) => void
  /** Throws for a kind of model that is not folded here. */
  readonly stateOf: <S>(model: Decision.Model<S>) => S
  /** Objects there are states of. */
  readonly size: () => number
}

/** @category constructors */
export const make = (): DecisionStates => {
  const kinds = new Map<string, Kind>()
  const byType = new Map<string, Array<Kind>>()
  for (const make of Commands.models) {
    const of = make as (...ids: ReadonlyArray<string>) => Decision.Model<unknown>
    const prototype = of(anyId, anyId)
    const beginnings = prototype.tags.map((tag) => (tag.endsWith(anyId) ? tag.slice(0, -anyId.length) : tag))
    const kind: Kind = { prototype, initial: (...ids) => of(...ids).initial, beginnings, states: new Map() }
    kinds.set(prototype.name, kind)
    for (const type of prototype.types) byType.set(type, [...(byType.get(type) ?? []), kind])
  }
  return {
    apply: (event) => {
      for (const kind of byType.get(event.type) ?? []) step(kind, event)
    },
    stateOf: <S>(model: Decision.Model<S>): S => {
      const kind = kinds.get(model.name)
      if (kind === undefined) throw new Error(`the model ${model.name} is not known to the audit`)
      const key = model.tags.length === 1 ? model.tags[0]! : model.tags.join(" ")
      const state = kind.states.get(key)
      return (state === undefined ? model.initial : state) as S
    },
    size: () => [...kinds.values()].reduce((sum, { states }) => sum + states.size, 0)
  }
}

/** Stands for the id of any object: no id has this character. */
const anyId = "*"

/** Folds an event into each model of a kind that it concerns: one for each of its tags that fits. */
const step = ({ beginnings, initial, prototype, states }: Kind, event: Events.RecordedDomainEvent): void => {
  const [first = "", second] = beginnings
  const fold = (key: string, tag: string, other = ""): void => {
    // Looked up once: no state that is kept is undefined.
    const known = states.get(key)
    const before = known === undefined ? initial(tag.slice(first.length), other.slice(second?.length)) : known
    const after = prototype.evolve(before, event)
    if (after !== undefined && after !== known) states.set(key, after)
  }
  for (const tag of event.tags) {
    if (!tag.startsWith(first)) continue
    if (second === undefined) fold(tag, tag)
    else for (const other of event.tags) if (other.startsWith(second)) fold(`${tag} ${other}`, tag, other)
  }
}
