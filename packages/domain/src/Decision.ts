/**
 * The way of a decision: models read, checks made, events returned. For the commands, and for the registrar that runs them.
 *
 * A decision is a generator that asks for the models it needs and returns events, or refuses. It has no state and does no I/O. Its runner
 * answers each question and knows afterwards what was read: exactly on that the append must be conditional.
 */
import { Result } from "effect"
import type { NonEmptyReadonlyArray } from "effect/Array"
import type { DomainEvent, EventType, Recorded, RecordedDomainEvent } from "./Catalogue.ts"
import type { PlatformId } from "./Id.ts"
import type { RaisedCode, Refusal } from "./Refusal.ts"
import type { Instant } from "./Timestamp.ts"

/**
 * A decision model: a fold over the events that bear all of `tags` and have one of `types`. Two models with the same name and tags are
 * the same model.
 *
 * @category models
 */
export interface Model<out S> {
  readonly name: string
  readonly types: NonEmptyReadonlyArray<EventType>
  readonly tags: ReadonlyArray<string>
  readonly initial: S
  /**
   * Given by models that grow with the log: snapshots of them are kept. Their state is plain JSON, in which an `undefined` member means the
   * same as an absent member. Raised whenever the same events come to mean another state.
   */
  readonly version?: number
  /** A method, so that a model may take only the events it names. */
  evolve(state: any, event: RecordedDomainEvent): S
}

/** Makes a model whose `evolve` is checked to cover the types it names, and no others. @category constructors */
export const decisionModel = <const T extends NonEmptyReadonlyArray<EventType>, S>(definition: {
  readonly name: string
  readonly types: T
  readonly tags: ReadonlyArray<string>
  /** Means "there is none". */
  readonly initial: S
  readonly version?: number
  readonly evolve: (state: S, event: Recorded<T[number]>) => S
}): Model<S> => definition

/** Asks for the state of a model. @category models */
export interface Read {
  readonly _tag: "Read"
  readonly model: Model<unknown>
}

/** Ends the decision with a refusal. @category models */
export interface Refuse {
  readonly _tag: "Refuse"
  readonly refusal: Refusal
}

/** What a decision may see besides the models it reads. @category models */
export interface DecisionContext {
  /** The platform that instructs; absent for the issuer, the registrar, the clock and the ledger. */
  readonly platform: PlatformId | undefined
  readonly receivedAt: Instant
}

/** No event means: there was nothing to change. @category models */
export type Decision = Generator<Read | Refuse, ReadonlyArray<DomainEvent>, any>

/** The state of a model, inside a decision: `const investor = yield* read(Investor(id))`. @category computing */
export function* read<S>(model: Model<S>): Generator<Read, S, any> {
  return yield { _tag: "Read", model }
}

/** Refuses, inside a decision: `return yield* refuse({ code: "wallet_missing" })`. @category computing */
export function* refuse(refusal: Refusal<RaisedCode>): Generator<Refuse, never, any> {
  yield { _tag: "Refuse", refusal }
  throw new Error("a refused decision was resumed")
}

/**
 * Runs a decision against states that are at hand.
 *
 * @category running
 */
export const decide = (
  decision: Decision,
  stateOf: <S>(model: Model<S>) => S
): Result.Result<ReadonlyArray<DomainEvent>, Refusal> => {
  let step = decision.next()
  while (!step.done) {
    if ("refusal" in step.value) return Result.fail(step.value.refusal)
    step = decision.next(stateOf(step.value.model))
  }
  return Result.succeed(step.value)
}
