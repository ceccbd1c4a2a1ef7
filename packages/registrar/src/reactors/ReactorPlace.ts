/**
 * How far a reactor of the log has come, and whether the log still has what it did. For {@link LogReactor}.
 *
 * What a reactor does outside the register, such as a submission to the ledger, can't be done again. So a reactor that had come further than
 * the log now reaches, or along another history, stops. A person compares, and starts it again with `--resume-reactor`.
 */
import { type Bookmark, EventStoreError, History, type Position } from "@effekten/event-store"
import { Context, Effect, Layer, Option, Result, Semaphore, Stream } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { Log } from "../log/Log.ts"
import { Progress } from "./Progress.ts"

/** The reactors that keep their place in the log. @category values */
export const reactorNames = ["settlement"] as const

/** @category models */
export type ReactorName = (typeof reactorNames)[number]

/**
 * The reactors that do not go on because the log was put back behind them, in words without a cause: any client may read them. On every node
 * the same, for it is what is stored of them.
 *
 * @category running
 */
export const stoppedReactors: Effect.Effect<
  ReadonlyArray<string>,
  EventStoreError | SqlError,
  Log | Progress
> = Effect.gen(function* () {
  const log = yield* Log
  const progress = yield* Progress
  const stopped = yield* Effect.forEach(reactorNames, (name) =>
    Effect.gen(function* () {
      const { done, found } = yield* storedOf(progress, name)
      const head = yield* Effect.result(headAfterBoth(log, done, found))
      if (Result.isSuccess(head)) return []
      if (!History.isOtherHistory(head.failure)) return yield* head.failure
      return [`${name} stopped at position ${History.positionOf(found)}: the log was put back behind it`]
    })
  )
  return stopped.flat()
})

/** @category models */
export interface ResumeOptions {
  /** Reactors that go on from the first event though the log was put back behind them. A person says so, for one start. Default: none. */
  readonly resumeReactors?: ReadonlyArray<ReactorName>
}

const ResumedReactors = Context.Reference<ReadonlyArray<ReactorName>>("effekten/registrar/ResumedReactors", {
  defaultValue: () => []
})

/** @category layers */
export const resuming = ({ resumeReactors = [] }: ResumeOptions): Layer.Layer<never> =>
  Layer.succeed(ResumedReactors, resumeReactors)

/**
 * Events after which progress is stored, if there is no quiet moment before. A simulation, which has fewer events under way, makes it small.
 *
 * @category services
 */
export const ProgressStep = Context.Reference<number>("effekten/registrar/ProgressStep", { defaultValue: () => 256 })

/** An event that the reactor has taken and that its stored progress does not cover. */
interface Taken {
  readonly task: string
  /** Where what came of it is recorded, once it is. */
  outcome: Position | Bookmark | undefined
}

/** @category models */
export interface ReactorPlace {
  /** Finds where to go on, in the log as it is now. False where the reactor must not. */
  readonly begin: Effect.Effect<boolean, EventStoreError | SqlError>
  /** Whether what this process did is still in the log. False once it was said that it is not. */
  readonly allThere: Effect.Effect<boolean, EventStoreError>
  /** Where to go on, if the log still has what was read; fails with `other_history` where it has not, until that is judged. */
  readonly reached: Effect.Effect<Position, EventStoreError>
  /** The log was put back: whether what the reactor took is all left, so that it goes on. */
  readonly putBack: (error: EventStoreError) => Effect.Effect<boolean, EventStoreError>
  readonly taken: (position: Position, task: string) => void
  /** An event is dealt with, and what came of it is recorded at a place. */
  readonly done: (position: Position, outcome: Position | Bookmark) => Effect.Effect<void>
  /** Whether an event may have been dealt with in a history that is lost. */
  readonly isRepeated: (position: Position) => boolean
}

/** @category constructors */
export const make = Effect.fnUntraced(function* (
  name: ReactorName
): Effect.fn.Return<ReactorPlace, never, Log | Progress> {
  const log = yield* Log
  const progress = yield* Progress
  const start = { position: 0, leaf: log.logId }
  const state: State = {
    done: start,
    resumes: (yield* ResumedReactors).includes(name),
    step: yield* ProgressStep,
    known: start,
    stored: start,
    reached: 0,
    taken: new Map(),
    repeatedUpTo: 0,
    putBack: undefined,
    hasStopped: false
  }
  const parts: Parts = { name, log, progress, state }
  const allThere = (yield* Semaphore.make(1)).withPermit(isAllThere(parts))
  return {
    begin: beginning(parts, allThere),
    allThere,
    reached: Effect.suspend(() =>
      state.putBack === undefined ? Effect.map(look(parts), () => state.reached) : Effect.fail(state.putBack)
    ),
    putBack: puttingBack(parts),
    taken: (position, task) => {
      state.reached = position
      state.taken.set(position, { task, outcome: undefined })
    },
    done: finishing(parts),
    isRepeated: (position) => position <= state.repeatedUpTo
  }
})

interface State {
  /** Whether it is to go on although the log was put back. */
  resumes: boolean
  readonly step: number
  /** The history that the reactor reads. */
  known: Bookmark
  /** Up to where everything is done, and the last event taken. */
  stored: Bookmark
  /** A place behind all that was recorded of it: where the log lacks that, it lacks something that was done. */
  done: Position | Bookmark
  reached: Position
  readonly taken: Map<Position, Taken>
  repeatedUpTo: Position
  /** The log was put back, and whether the reactor goes on is not judged yet. */
  putBack: EventStoreError | undefined
  hasStopped: boolean
}

interface Parts {
  readonly name: ReactorName
  readonly log: Log["Service"]
  readonly progress: Progress["Service"]
  readonly state: State
}

/** The leaf of no event. */
const noLeaf = "put back"

const goOn = ({ state }: Parts, at: Bookmark, head: Bookmark): true => {
  state.known = head
  state.stored = at
  state.reached = at.position
  state.taken.clear()
  state.putBack = undefined
  return true
}

const look = ({ log, state }: Parts) =>
  Effect.suspend(() => Effect.map(log.bookmark(state.known), (head) => (state.known = head)))

/**
 * Reads, and then returns the head of a history that has everything: what was known before, what was read, and what came of events. Looked at
 * first and last, for the log may be put back in between.
 */
const lookAtAll = <A>(parts: Parts, of: Iterable<Taken>, read: Effect.Effect<A, EventStoreError>) =>
  Effect.gen(function* () {
    yield* look(parts)
    const found = yield* read
    const outcomes = new Map<string, Position | Bookmark>()
    for (const { outcome } of of) if (outcome !== undefined) outcomes.set(JSON.stringify(outcome), outcome)
    // Those of one group are one place.
    for (const outcome of outcomes.values()) yield* headAfter(parts.log, outcome)
    return [found, yield* look(parts)] as const
  })

/**
 * What is stored of a reactor. Both are places of one history; the second lies at the event that is done, the first behind what came of it.
 *
 * @category running
 */
export const storedOf = (progress: Progress["Service"], name: string) =>
  Effect.all({ done: progress.get(doneBy(name)), found: progress.get(name) })

/** Where the second place of a reactor is stored. The name must stay: registers have it. @category values */
export const doneBy = (name: string) => `${name} done`

/** Progress that is not stored only costs work: the next one is stored. */
const keep = ({ name, progress }: Parts, at: Bookmark, done?: Bookmark) =>
  Effect.ignore(
    Effect.tapError(
      Effect.andThen(done === undefined ? Effect.void : progress.set(doneBy(name), done), progress.set(name, at)),
      (error) => Effect.logError(`The progress of ${name} could not be stored`, error)
    )
  )

/**
 * Whether what this process did before, in an earlier turn, is still in the log. A database that was put back brought its own progress along,
 * which knows nothing of it.
 */
const isAllThere = Effect.fnUntraced(function* (parts: Parts) {
  const { state } = parts
  if (state.hasStopped) return false
  if (state.putBack !== undefined) return yield* puttingBack(parts)(state.putBack)
  const seen = yield* Effect.result(lookAtAll(parts, state.taken.values(), Effect.void))
  if (Result.isSuccess(seen)) return true
  return History.isOtherHistory(seen.failure) ? yield* puttingBack(parts)(seen.failure) : yield* seen.failure
})

const beginning = (parts: Parts, allThere: ReactorPlace["allThere"]): ReactorPlace["begin"] => {
  const { log, name, progress, state } = parts
  return Effect.gen(function* () {
    if (!(yield* allThere)) return false
    const { done, found } = yield* storedOf(progress, name)
    const head = yield* Effect.result(headAfterBoth(log, done, found))
    if (Result.isFailure(head) && !History.isOtherHistory(head.failure)) return yield* head.failure
    // For this start alone: should the log be put back once more, a person looks once more.
    const { resumes } = state
    state.resumes = false
    if (Result.isSuccess(head)) {
      if (resumes) yield* Effect.logInfo(`${name} has nothing to resume: leave --resume-reactor ${name} out`)
      state.done = done
      // A restored log may lack a claim that was made after it: what lies here is asked for before it is done again.
      state.repeatedUpTo = head.success.position
      return goOn(parts, typeof found === "number" ? yield* bookmarkAt(log, found) : found, head.success)
    }
    if (resumes) return yield* resume(parts, found)
    yield* Effect.logError(
      `${name} does not start: its progress is position ${History.positionOf(found)}, and ${head.failure.message}. This process cannot know which tasks were under way then. ${wayOut(name)}`
    )
    return false
  })
}

const resume = Effect.fnUntraced(function* (parts: Parts, found: Position | Bookmark) {
  const { log, name, progress, state } = parts
  const start = { position: 0, leaf: log.logId }
  yield* progress.set(doneBy(name), start)
  yield* progress.set(name, start)
  state.done = start
  const head = yield* log.bookmark()
  state.repeatedUpTo = head.position
  yield* Effect.logWarning(
    `${name} goes on as it was told, from the first event: it had come to position ${History.positionOf(found)} of another history, and the log ends at position ${head.position}`
  )
  return goOn(parts, start, head)
})

const puttingBack = (parts: Parts): ReactorPlace["putBack"] => {
  const { log, name, state } = parts
  return Effect.fnUntraced(function* (error) {
    if (state.hasStopped) return false
    // Remembered until it is judged: another history may look like this one from where this process has looked last.
    state.putBack = error
    const head = yield* Effect.result(headAfterBoth(log, state.done, state.stored))
    if (Result.isSuccess(head) && state.taken.size === 0) return goOn(parts, state.stored, head.success)
    if (Result.isFailure(head) && !History.isOtherHistory(head.failure)) return yield* head.failure
    state.hasStopped = true
    const { position } = yield* log.bookmark()
    const held = Array.from(
      state.taken,
      ([at, { outcome, task }]) => `${task} (position ${at}${outcome === undefined ? "" : ", done"})`
    )
    yield* Effect.logError(
      `${name} stops: it had come to position ${Math.max(state.reached, state.stored.position)}, and the log, which was put back, ends at position ${position}. Tasks that this process still holds: ${held.length === 0 ? "none" : held.join(", ")}. ${wayOut(name)}`,
      error
    )
    // A place that no log has, whatever is left of this one: the next start stops too.
    yield* keep(parts, { position: Math.max(state.reached, state.stored.position), leaf: noLeaf })
    return false
  })
}

const finishing = (parts: Parts): ReactorPlace["done"] => {
  const { log, name, state } = parts
  const { taken } = state
  return Effect.fnUntraced(
    function* (position, outcome) {
      const own = taken.get(position)
      // Else it could be another event by the time that it is looked at.
      const place =
        typeof outcome === "number" ? yield* Effect.orElseSucceed(bookmarkAt(log, outcome), () => outcome) : outcome
      if (own !== undefined) own.outcome = place
      const through = doneUpTo(taken)
      // Written only now and then: events in between are found done when they are looked at again.
      if (through.count === 0 || through.count < Math.min(state.step, taken.size)) return
      if (state.hasStopped || state.putBack !== undefined) return
      const [at, done] = yield* lookAtAll(parts, through.of, bookmarkAt(log, through.last))
      if (state.hasStopped || state.putBack !== undefined || at.position <= state.stored.position) return
      state.stored = at
      state.done = done
      for (const covered of taken.keys()) if (covered <= at.position) taken.delete(covered)
      yield* keep(parts, at, done)
    },
    Effect.catchIf(History.isOtherHistory, puttingBack(parts)),
    Effect.catchTag("EventStoreError", (error) => Effect.logDebug(`The progress of ${name} is not stored now`, error)),
    Effect.asVoid
  )
}

/** How many events from the first on are done, and where the last of them is. */
const doneUpTo = (taken: ReadonlyMap<Position, Taken>) => {
  const of: Array<Taken> = []
  let last: Position = 0
  for (const [position, event] of taken) {
    if (event.outcome === undefined) break
    of.push(event)
    last = position
  }
  return { count: of.length, last, of }
}

const wayOut = (name: ReactorName) =>
  `Compare what it did outside the register with the log (docs/operations/postgres.md, "When history was lost"), then start once with --resume-reactor ${name}.`

/** The head, if the log has a place. @category running */
export const headAfter = (log: Pick<Log["Service"], "bookmark">, known: Position | Bookmark) =>
  typeof known !== "number"
    ? log.bookmark(known)
    : Effect.flatMap(log.bookmark(), (head) => {
        const look = { head, leaf: undefined }
        return History.contains(look, known) ? Effect.succeed(head) : Effect.fail(History.otherHistory(look, known))
      })

/** The head, if the log has both places. @category running */
export const headAfterBoth = (
  log: Pick<Log["Service"], "bookmark">,
  done: Position | Bookmark,
  at: Position | Bookmark
): Effect.Effect<Bookmark, EventStoreError> => Effect.andThen(headAfter(log, done), headAfter(log, at))

/** Where the log has an event, with its leaf. @category computing */
export const bookmarkAt = Effect.fnUntraced(function* (
  log: Pick<Log["Service"], "bookmark" | "logId" | "readLeaves">,
  position: Position
): Effect.fn.Return<Bookmark, EventStoreError> {
  if (position === 0) return { position, leaf: log.logId }
  const found = yield* Stream.runHead(log.readLeaves({ from: position, to: position }))
  if (Option.isSome(found)) return { position, leaf: History.leafText(found.value.hashes) }
  return yield* History.otherHistory({ head: yield* log.bookmark(), leaf: undefined }, position)
})
