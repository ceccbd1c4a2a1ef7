/**
 * Reads, decides and appends, and decides again where another caller came first. For programs that decide on a log.
 *
 * A decision is a generator: it asks for models and returns events, or refuses. It does no I/O and may run several times, so what it does
 * beside that is done several times.
 */
import { Effect, Result } from "effect"
import { isReadonlyArrayNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import { isOtherHistory } from "../building/History.ts"
import type { Bookmark } from "../port/Bookmark.ts"
import type { AnyEvent, NewEvent, RecordedEvent } from "../port/Event.ts"
import type { Appended, EventStoreError, EventStoreShape, InvalidEvent } from "../port/EventStore.ts"
import { matchesItem } from "../port/Matching.ts"
import type { AppendCondition, Query, QueryItem } from "../port/Query.ts"

/** Attempts of a decision at most. Only one that asks for other models each time comes near it. @category values */
export const maximumAttempts = 32

/** What deciding needs of a log. @category models */
export type Log<E extends AnyEvent> = Pick<EventStoreShape<E>, "append" | "appendExclusive" | "bookmark" | "readAll">

/**
 * A fold over the events that bear all of `tags` and have one of `types`. Two models with the same name and tags are the same model.
 *
 * @category models
 */
export interface Model<out S, out E extends AnyEvent = AnyEvent> {
  readonly name: string
  readonly types: NonEmptyReadonlyArray<E["type"]>
  readonly tags: ReadonlyArray<string>
  /** The state where no event matches. */
  readonly initial: S
  /** Returns the next state, and leaves the one before as it is. A method, so that a model may take only the events it names. */
  evolve(state: any, event: any): S
}

/** Makes a model whose `evolve` takes the events that it names, and no others. @category constructors */
export const modelOf =
  <E extends AnyEvent>() =>
  <const T extends NonEmptyReadonlyArray<E["type"]>, S>(definition: {
    readonly name: string
    readonly types: T
    readonly tags: ReadonlyArray<string>
    readonly initial: S
    readonly evolve: (state: S, event: Extract<RecordedEvent<E>, { readonly type: T[number] }>) => S
  }): Model<S, E> =>
    definition

/** Asks for the state of a model. @category models */
export interface Read<out E extends AnyEvent = AnyEvent> {
  readonly _tag: "Read"
  readonly model: Model<unknown, E>
}

/** Ends a decision with a refusal. @category models */
export interface Refuse<out X> {
  readonly _tag: "Refuse"
  readonly refusal: X
}

/** No event means: there was nothing to change. @category models */
export type Decision<E extends AnyEvent, X> = Generator<Read<E> | Refuse<X>, ReadonlyArray<NewEvent<E>>, any>

/** The state of a model, inside a decision: `const course = yield* read(Course(id))`. @category computing */
export function* read<S, E extends AnyEvent>(model: Model<S, E>): Generator<Read<E>, S, any> {
  return yield { _tag: "Read", model }
}

/** Refuses, inside a decision: `return yield* refuse("course_full")`. @category computing */
export function* refuse<const X>(refusal: X): Generator<Refuse<X>, never, any> {
  yield { _tag: "Refuse", refusal }
  throw new Error("a refused decision was resumed")
}

/** The states of models, by the names that a caller gives them. @category models */
export type StatesOf<M> = { readonly [Name in keyof M]: M[Name] extends Model<infer S, any> ? S : never }

/** @category models */
export interface DecideOptions {
  /** Decides under the writer lock from the start: for what many callers decide at once. Default: only after a conflict. */
  readonly exclusive?: boolean
}

/** What a decision came to: its events and where they lie, `undefined` where there are none. @category models */
export interface Decided<E extends AnyEvent> {
  readonly events: ReadonlyArray<NewEvent<E>>
  readonly appended: Appended | undefined
}

/**
 * Reads models at one head, decides, and appends under the condition that nothing was added to what was read. If something was, the
 * decision is taken again under the writer lock, where nothing comes between.
 *
 * A refusal fails the effect with what was refused, and was right at a head that the log had during the call. With `unknown` it is not
 * known whether the events were appended: decide again, over a model of a tag that only this request has.
 *
 * @example
 * ```ts
 * Deciding.decide(log, { seats: Seats(course) }, function* ({ seats }) {
 *   if (seats.free === 0) return yield* Deciding.refuse("course_full")
 *   return [subscribed(course, student)]
 * })
 * ```
 *
 * @category running
 */
export const decide = <E extends AnyEvent, const M extends { readonly [name: string]: Model<unknown, E> }, X = never>(
  log: Log<E>,
  models: M,
  rule: (states: StatesOf<M>) => Decision<NoInfer<E>, X>,
  options: DecideOptions = {}
): Effect.Effect<Decided<E>, X | InvalidEvent | EventStoreError> => {
  const decision = function* (): Decision<E, X> {
    const states: { [name: string]: unknown } = {}
    for (const name of Object.keys(models)) states[name] = yield* read(models[name]!)
    return yield* rule(states as StatesOf<M>)
  }
  return Effect.gen(function* () {
    let states = yield* statesAt(log, Object.values<Model<unknown, E>>(models))
    let outcome = options.exclusive === true ? "conflict" : yield* optimistic(log, states, decision)
    for (let attempt = 1; attempt < maximumAttempts; attempt++) {
      if (typeof outcome === "object") return outcome
      // The log was put back: what was read of it is dropped.
      if (outcome === "other_history") states = yield* statesAt(log, states.models())
      outcome = yield* underLock(log, states, decision)
    }
    return yield* Effect.die(new Error(`a decision came to no end in ${maximumAttempts} attempts`))
  })
}

/** Events and the head at which they were read, with the condition of an append that depends on them. @category models */
export interface Reading<E extends AnyEvent> {
  readonly events: ReadonlyArray<RecordedEvent<E>>
  readonly head: Bookmark
  readonly condition: AppendCondition<E>
}

/** Reads what a decision needs, all at one head. @category running */
export const reading = Effect.fnUntraced(function* <E extends AnyEvent>(
  log: Pick<EventStoreShape<E>, "bookmark" | "readAll">,
  query: Query<E>
) {
  const head = yield* log.bookmark()
  const events = yield* log.readAll(query, { to: head.position })
  const found: Reading<E> = { events, head, condition: { failIfEventsMatch: query, after: head } }
  return found
})

const keyOf = ({ name, tags }: Model<unknown, any>): string => JSON.stringify([name, ...tags])

const itemOf = <E extends AnyEvent>({ tags, types }: Model<unknown, E>): QueryItem<E> => ({ types, tags })

const queryOf = <E extends AnyEvent>(models: ReadonlyArray<Model<unknown, E>>) => {
  const items = models.map(itemOf)
  return isReadonlyArrayNonEmpty(items) ? items : undefined
}

const fold = <S>(model: Model<S, any>, state: S, events: ReadonlyArray<RecordedEvent<AnyEvent>>): S =>
  events.reduce((state, event) => (matchesItem(itemOf(model), event) ? model.evolve(state, event) : state), state)

/** The states of models at one head. */
interface States<E extends AnyEvent> {
  readonly head: Bookmark
  readonly models: () => ReadonlyArray<Model<unknown, E>>
  /** What was read; `undefined` where nothing was. */
  readonly query: () => NonEmptyReadonlyArray<QueryItem<E>> | undefined
  readonly load: (models: ReadonlyArray<Model<unknown, E>>) => Effect.Effect<void, EventStoreError>
  /** The state of a model as it was at the head, or after some events more; `undefined` where it was not read. */
  readonly of: (
    model: Model<unknown, E>,
    news?: ReadonlyArray<RecordedEvent<E>>
  ) => { readonly state: unknown } | undefined
}

const statesAt = Effect.fnUntraced(function* <E extends AnyEvent>(
  log: Log<E>,
  models: ReadonlyArray<Model<unknown, E>>
) {
  const head = yield* log.bookmark()
  const known = new Map<string, { readonly model: Model<unknown, E>; readonly state: unknown }>()
  const states: States<E> = {
    head,
    models: () => Array.from(known.values(), ({ model }) => model),
    query: () => queryOf(states.models()),
    load: Effect.fnUntraced(function* (models) {
      const query = queryOf(models)
      const events = query === undefined ? [] : yield* log.readAll(query, { to: head.position })
      for (const model of models) known.set(keyOf(model), { model, state: fold(model, model.initial, events) })
    }),
    of: (model, news = []) => {
      const found = known.get(keyOf(model))
      return found && { state: fold(model, found.state, news) }
    }
  }
  yield* states.load(models)
  return states
})

/** What an attempt came to: a conflict with what came meanwhile, or the log was put back meanwhile. */
type Outcome<E extends AnyEvent> = Decided<E> | "conflict" | "other_history"

/** Appends if nothing came meanwhile. */
const optimistic = Effect.fnUntraced(function* <E extends AnyEvent, X>(
  log: Log<E>,
  states: States<E>,
  decision: () => Decision<E, X>
) {
  const running = decision()
  let step = running.next()
  while (step.done !== true) {
    if (step.value._tag === "Refuse") return yield* Effect.fail(step.value.refusal)
    const { model } = step.value
    if (states.of(model) === undefined) yield* states.load([model])
    step = running.next(states.of(model)!.state)
  }
  const events = step.value
  if (!isReadonlyArrayNonEmpty(events)) return { events, appended: undefined }
  const query = states.query()
  return yield* log.append(events, query && { failIfEventsMatch: query, after: states.head }).pipe(
    Effect.map((appended): Outcome<E> => ({ events, appended })),
    Effect.catchTag("AppendConditionFailed", () => Effect.succeed<Outcome<E>>("conflict")),
    Effect.catchIf(isOtherHistory, () => Effect.succeed<Outcome<E>>("other_history"))
  )
})

/** Decides on what was read and what came since. Nothing can be read there: what is missing is read for the next attempt. */
const underLock = Effect.fnUntraced(function* <E extends AnyEvent, X>(
  log: Log<E>,
  states: States<E>,
  decision: () => Decision<E, X>
) {
  const query = states.query()
  if (query === undefined) return yield* optimistic(log, states, decision)
  const decideAfter = (
    news: ReadonlyArray<RecordedEvent<E>>
  ): Result.Result<ReadonlyArray<NewEvent<E>>, Read<E> | Refuse<X>> => {
    const running = decision()
    let step = running.next()
    while (step.done !== true) {
      const found = step.value._tag === "Read" ? states.of(step.value.model, news) : undefined
      if (found === undefined) return Result.fail(step.value)
      step = running.next(found.state)
    }
    return Result.succeed(step.value)
  }
  const outcome = yield* Effect.result(
    log.appendExclusive(states.head, query, (news) =>
      Result.map(decideAfter(news), (events) => ({ events, answer: events }))
    )
  )
  if (Result.isSuccess(outcome)) {
    const { answer, appended } = outcome.success
    return { events: answer, appended }
  }
  const { failure } = outcome
  if (isOtherHistory(failure)) return "other_history"
  if (failure._tag === "Refuse") return yield* Effect.fail(failure.refusal)
  if (failure._tag !== "Read") return yield* Effect.fail(failure)
  yield* states.load([failure.model])
  return "conflict"
})
