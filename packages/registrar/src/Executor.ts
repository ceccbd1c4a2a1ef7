/**
 * Decides instructions one after the other and commits them in groups. For everything that changes the register: there is no other way.
 *
 * Instructions wait in a bounded queue. One fiber takes what has gathered, decides each member against memory, each seeing the one before,
 * and commits all their events in one append under one condition. No answer leaves before that commit. When the append is refused, because
 * someone else appended what the group had read, the group is decided again under the store's writer lock.
 */
import {
  defaultPolicy,
  type Instant,
  instantOfMicros,
  type Model,
  type Policy,
  type RegisterEvent
} from "@effekten/domain"
import {
  type Appended,
  type EventStoreError,
  Json,
  type NewEvent,
  type Position,
  type PreparedEvent,
  type Revealed
} from "@effekten/event-store"
import { type CommandFailure, Unavailable } from "@effekten/services"
import { Cause, Clock, Context, Deferred, Effect, Exit, Layer, Queue, Result, Stream } from "effect"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import { SecureRandom } from "effect/crypto"
import * as DecisionCache from "./DecisionCache.ts"
import { keyReused, unanswered, unavailable } from "./Failures.ts"
import * as Group from "./Group.ts"
import {
  type Answered,
  type AnsweredEvent,
  eventsUpTo,
  type Instruction,
  type Pending,
  recorded
} from "./Instruction.ts"
import { Log } from "./Log.ts"
import { keeping, load as loadModel, Snapshots } from "./Snapshots.ts"

/** Instructions that wait at the most; who comes then waits to be let in. @category limits */
export const maximumWaiting = 4_096
/** Members of a group at the most. @category limits */
export const maximumGroup = 256
/** Events after which a group is closed. The largest instruction, an identification with all its waiting investments, still fits. @category limits */
export const maximumGroupEvents = 1_024
/** Bytes of bodies after which a group is closed. @category limits */
export const maximumGroupBytes = 4 * 1024 * 1024
/** New events of others that are folded into the cache; beyond that it starts afresh. */
const maximumCatchUp = 50_000
/** Ids drawn for each member of a group: most instructions have so many events or fewer. */
const idsPerMember = 3
/**
 * Groups that are decided under the writer lock at once after one has lost: two after the first, twice as many after each that loses
 * again. Then it is tried whether the others are still in the way.
 */
const maximumLockedGroups = 64
/** Members of such a group at the most: while they are decided everybody else waits. */
const maximumLockedMembers = 64
/** Times a group is decided under the writer lock before its members are told to come again. */
const maximumExclusiveAttempts = 8

interface Waiting extends Pending {
  readonly answer: Deferred.Deferred<Answered, CommandFailure>
  state: "waiting" | "taken" | "left"
}

/** @category models */
export interface ExecutorOptions {
  readonly policy?: Policy
  readonly maximumGroup?: number
}

/** @category services */
export class Executor extends Context.Service<
  Executor,
  {
    /**
     * Decides and records one instruction. Once its turn has come nothing interrupts it: a caller that leaves before takes the
     * instruction along, one that leaves after leaves it done.
     */
    readonly execute: (instruction: Instruction) => Effect.Effect<Answered, CommandFailure>
    /** What is recorded of an instruction, if anything is. */
    readonly find: (instruction: Omit<Instruction, "command">) => Effect.Effect<Answered | undefined, CommandFailure>
  }
>()("effekten/registrar/Executor") {
  static readonly layer = (
    options: ExecutorOptions = {}
  ): Layer.Layer<Executor, EventStoreError, Log | SecureRandom.SecureRandom> => Layer.effect(Executor, make(options))
}

/** @category constructors */
export const make = Effect.fnUntraced(function* (options: ExecutorOptions) {
  const log = yield* Log
  const random = yield* SecureRandom.SecureRandom
  const runSync = Effect.runSyncWith(yield* Effect.context<never>())
  // Drawn before a group is decided, for a decision is synchronous; the few that are missing are drawn one by one, which costs more.
  let ids: Array<string> = []
  const newId = () => ids.pop() ?? runSync(random.uuidV7())
  const drawIds = Effect.fnUntraced(function* (count: number) {
    ids = []
    for (let drawn = 0; drawn < count; drawn++) ids.push(yield* random.uuidV7())
    // Given out in the order they were made.
    ids.reverse()
  })
  const policy = options.policy ?? defaultPolicy
  const cache = DecisionCache.make()
  cache.clear(yield* log.head)
  const snapshots = yield* Snapshots
  yield* keeping(cache, snapshots)
  const queue = yield* Queue.bounded<Waiting>(maximumWaiting)

  /** Folds into the cache what others have appended since. */
  const bringTo = Effect.fnUntraced(function* (head: Position) {
    if (head === cache.position) return
    if (head - cache.position > maximumCatchUp) return cache.clear(head)
    yield* log
      .read("all", { from: cache.position + 1, to: head })
      .pipe(
        Stream.runForEachArray((events) => Effect.sync(() => cache.apply(events, events[events.length - 1]!.position)))
      )
  })

  const load = (model: Model<unknown>, head: Position) =>
    Effect.map(loadModel(log, snapshots, model, head), ({ state, events }) => cache.put(model, state, events))

  const answerOf = (
    { events, logged }: Extract<Group.Verdict, { readonly _tag: "Decided" }>,
    first: Position,
    recordedAt: string
  ): Answered => ({
    events: logged.map((event, index): AnsweredEvent => {
      const decided = events[index]!
      const personal = "personal" in decided ? decided.personal : undefined
      const revealed: Revealed =
        personal === undefined
          ? { _tag: "None" }
          : // In the form in which every later answer will find it.
            { _tag: "Present", value: JSON.parse(Json.canonical(personal as Json.JsonObject)) }
      return { ...event, position: first + index, meta: { ...event.meta, recordedAt }, revealed } as AnsweredEvent
    }),
    position: first + logged.length - 1,
    replayed: false
  })

  /** Answers a member that was recorded before, from the log. */
  const answerRecorded = Effect.fnUntraced(function* (member: Waiting, position: Position) {
    const events = yield* Effect.exit(
      Effect.mapError(eventsUpTo(log, member.instruction.identity, position), unanswered)
    )
    yield* Deferred.completeWith(
      member.answer,
      Exit.map(events, (events): Answered => ({ events, position, replayed: true }))
    )
  })

  /** Answers every member of a group that is committed, or that has nothing to commit. */
  const answer = Effect.fnUntraced(function* (
    members: ReadonlyArray<Waiting>,
    verdicts: ReadonlyArray<Group.Verdict>,
    appended: Appended | undefined
  ) {
    let next = appended?.first ?? 0
    const answers: Array<Answered | undefined> = []
    for (const [index, member] of members.entries()) {
      const verdict = verdicts[index]!
      switch (verdict._tag) {
        case "Decided": {
          const answered = answerOf(verdict, next, appended!.recordedAt)
          next += verdict.events.length
          answers[index] = answered
          yield* Deferred.succeed(member.answer, answered)
          break
        }
        case "Same":
          yield* Deferred.succeed(member.answer, { ...answers[verdict.member]!, replayed: true })
          break
        case "Recorded":
          yield* answerRecorded(member, verdict.position)
          break
        case "Failed":
          yield* Deferred.completeWith(member.answer, verdict.exit)
      }
    }
  })

  const failAll = (members: ReadonlyArray<Waiting>, failure: CommandFailure) =>
    Effect.forEach(members, (member) => Deferred.fail(member.answer, failure), { discard: true })

  /** The append did not happen. What was recorded before has its answer all the same. */
  const failGroup = Effect.fnUntraced(function* (
    members: ReadonlyArray<Waiting>,
    verdicts: ReadonlyArray<Group.Verdict>,
    failure: CommandFailure
  ) {
    for (const [index, member] of members.entries()) {
      const verdict = verdicts[index]
      yield* verdict?._tag === "Recorded"
        ? answerRecorded(member, verdict.position)
        : Deferred.fail(member.answer, failure)
    }
  })

  /** The append may or may not have happened: the log knows which instructions are there, and the ids of the events whose doing it was. */
  const resolve = Effect.fnUntraced(function* (
    members: ReadonlyArray<Waiting>,
    verdicts: ReadonlyArray<Group.Verdict>,
    error: EventStoreError
  ) {
    for (const [index, member] of members.entries()) {
      const found = yield* Effect.result(find(member.instruction))
      if (Result.isSuccess(found) && found.success !== undefined) {
        const verdict = verdicts[index]
        const isOwn = verdict?._tag === "Decided" && verdict.events[0]?.id === found.success.events[0]?.id
        yield* Deferred.succeed(member.answer, { ...found.success, replayed: !isOwn })
      } else {
        const reused = Result.isFailure(found) && found.failure._tag === "Rejection"
        yield* Deferred.fail(member.answer, reused ? found.failure : unavailable(error))
      }
    }
  })

  const find = Effect.fnUntraced(
    function* (instruction: Omit<Instruction, "command">) {
      const last = (yield* recorded(log, [instruction.identity])).get(instruction.identity)
      if (last === undefined) return undefined
      if (last.meta.fingerprint !== instruction.fingerprint) return yield* keyReused()
      const events = yield* Effect.mapError(eventsUpTo(log, instruction.identity, last.position), unanswered)
      return { events, position: last.position, replayed: true } satisfies Answered
    },
    Effect.catchTag("EventStoreError", (error) => Effect.fail(unavailable(error)))
  )

  const own = (verdicts: ReadonlyArray<Group.Verdict>): ReadonlyArray<NewEvent<RegisterEvent>> =>
    verdicts.flatMap((verdict) => (verdict._tag === "Decided" ? verdict.events : []))

  /** If others were faster in between, the next group reads their events and ours. */
  const committed = (group: Group.Group, appended: Appended) => {
    if (appended.first === cache.position + 1) group.adopt()
  }

  let locked = 0
  let backoff = 1

  /** Decides ahead of the append. Returns the members that did not fit. */
  const attempt = Effect.fnUntraced(function* (members: ReadonlyArray<Waiting>) {
    // Who keeps losing saves the attempt: it would be read, decided and encrypted for nothing.
    if (locked > 0) {
      locked -= 1
      cache.trim()
      yield* exclusive(members.slice(0, maximumLockedMembers))
      return members.slice(maximumLockedMembers)
    }
    const head = yield* log.head
    yield* bringTo(head)
    cache.trim()
    const known = yield* recorded(
      log,
      members.map((member) => member.instruction.identity)
    )
    yield* drawIds(members.length * idsPerMember)
    const group = Group.make({ cache, head, known, policy, newId })
    const prepared: Array<PreparedEvent<RegisterEvent>> = []
    let bytes = 0
    let taken = 0
    for (const member of members) {
      if (group.size >= maximumGroupEvents || bytes >= maximumGroupBytes) break
      let verdict = group.decide(member)
      while (verdict._tag === "Missing") {
        const loaded = yield* Effect.exit(load(verdict.model, head))
        // A store that cannot be read concerns the whole group; a fold that does not hold, whoever asked for it.
        if (Exit.isSuccess(loaded)) verdict = group.decide(member)
        else if (Cause.hasFails(loaded.cause)) return yield* Effect.failCause(loaded.cause)
        else verdict = { _tag: "Failed", exit: loaded as Exit.Exit<never, never> }
      }
      if (verdict._tag === "Decided") {
        // Whatever is wrong with its events concerns this member alone; only then do the others see them.
        const before = { events: prepared.length, bytes }
        for (const event of verdict.events) {
          const encoded = yield* Effect.exit(log.prepare(event))
          if (Exit.isSuccess(encoded)) {
            prepared.push(encoded.value)
            bytes += encoded.value.bytes
            continue
          }
          prepared.length = before.events
          bytes = before.bytes
          verdict = { _tag: "Failed", exit: Exit.mapError(encoded, unavailable) as Exit.Exit<never, CommandFailure> }
          break
        }
      }
      group.add(member, verdict)
      taken++
    }
    const now = members.slice(0, taken)
    if (!isReadonlyArrayNonEmpty(prepared)) {
      yield* answer(now, group.verdicts, undefined)
      return members.slice(taken)
    }
    const appended = yield* Effect.result(log.append(prepared, { failIfEventsMatch: group.query(), after: head }))
    if (Result.isSuccess(appended)) {
      backoff = 1
      committed(group, appended.success)
      yield* answer(now, group.verdicts, appended.success)
    } else {
      const error = appended.failure
      // Refused together although each could be encoded: a subject was forgotten in between. It is found when they are decided again.
      if (error._tag !== "EventStoreError") {
        if (error._tag === "AppendConditionFailed") {
          backoff = Math.min(2 * backoff, maximumLockedGroups)
          locked = backoff
        }
        yield* exclusive(now)
      } else if (error.reason === "unknown") yield* resolve(now, group.verdicts, error)
      else yield* failGroup(now, group.verdicts, unavailable(error))
    }
    return members.slice(taken)
  })

  /** Decides under the writer lock: nobody can come in between, so a contended group makes progress. */
  const exclusive = Effect.fnUntraced(function* (
    members: ReadonlyArray<Waiting>
  ): Effect.fn.Return<void, EventStoreError> {
    const identities = new Set(members.map((member) => member.instruction.identity))
    for (let attempts = 0; attempts < maximumExclusiveAttempts; attempts++) {
      yield* bringTo(yield* log.head)
      const from = cache.position
      const known = new Map(yield* recorded(log, [...identities]))
      let decided: Group.Group | undefined
      const result = yield* Effect.result(
        log.appendExclusive(from, "all", (news, head) => {
          for (const event of news) {
            if (event.meta.fingerprint !== undefined && identities.has(event.meta.instruction)) {
              known.set(event.meta.instruction, event)
            }
          }
          cache.apply(news, head)
          const group = Group.make({ cache, head, known, policy, newId })
          const missing: Array<Model<unknown>> = []
          for (const member of members) {
            const verdict = group.decide(member)
            if (verdict._tag === "Missing") missing.push(verdict.model)
            else if (missing.length === 0) group.add(member, verdict)
          }
          if (missing.length > 0) return Result.fail({ _tag: "Missing" as const, models: missing })
          decided = group
          return Result.succeed({ events: own(group.verdicts), answer: undefined })
        })
      )
      const verdicts = decided?.verdicts ?? []
      if (Result.isSuccess(result)) {
        const { appended } = result.success
        if (appended !== undefined && decided !== undefined) committed(decided, appended)
        return yield* answer(members, verdicts, appended)
      }
      const error = result.failure
      if (error._tag === "Missing") {
        for (const model of error.models) if (!cache.has(model)) yield* load(model, cache.position)
      } else if (error._tag === "EventStoreError" && error.reason === "unknown") {
        return yield* resolve(members, verdicts, error)
      } else if (error._tag === "InvalidEvent" && members.length > 1) {
        // One of them cannot be recorded: alone it fails alone.
        for (const member of members) yield* exclusive([member])
        return
      } else return yield* failGroup(members, verdicts, unavailable(error))
    }
    yield* failAll(
      members,
      new Unavailable({ executed: "no", message: "Too many writers want the same; come again.", retryAfter: 1 })
    )
  })

  /** What waits already. */
  const takeUpTo = (limit: number): ReadonlyArray<Waiting> => {
    const taken: Array<Waiting> = []
    while (taken.length < limit) {
      const next = Queue.takeUnsafe(queue)
      if (next === undefined || Exit.isFailure(next)) break
      taken.push(next.value)
    }
    return taken
  }

  /** One group, from its first instruction to its last answer. Only the wait for the first can be interrupted. */
  const work = Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      // Looked at only: what is taken is in hands that nothing interrupts.
      yield* restore(Queue.peek(queue))
      // Let those that are ready to come in do so: they share one disk sync.
      yield* Effect.yieldNow
      let members: ReadonlyArray<Waiting> = takeUpTo(options.maximumGroup ?? maximumGroup).filter((member) => {
        if (member.state === "left") return false
        member.state = "taken"
        return true
      })
      while (members.length > 0) {
        const exit: Exit.Exit<ReadonlyArray<Waiting>, EventStoreError> = yield* Effect.exit(attempt(members))
        if (Exit.isFailure(exit)) {
          yield* Effect.logError("A group could not be decided", exit.cause)
          // A failed read comes before the append. Of a defect nobody knows.
          const executed = Cause.hasDies(exit.cause) ? "unknown" : "no"
          const message = "The register could not decide this; repeat it with the same key."
          return yield* failAll(members, new Unavailable({ executed, message, cause: exit.cause }))
        }
        members = exit.value
      }
    })
  )
  yield* Effect.forkScoped(Effect.forever(work))
  const closing = () => new Unavailable({ executed: "no", message: "The register is closing." })
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      // In one step: nobody comes in between the last look and the end.
      const waiting = takeUpTo(Number.POSITIVE_INFINITY)
      Queue.shutdownUnsafe(queue)
      return failAll(waiting, closing())
    })
  )

  const receivedNow: Effect.Effect<Instant> = Effect.map(Clock.currentTimeNanos, (nanos) =>
    instantOfMicros(Number(nanos / 1000n))
  )

  return Executor.of({
    find,
    execute: (instruction) =>
      Effect.flatMap(receivedNow, (receivedAt) => {
        const waiting: Waiting = { instruction, receivedAt, answer: Deferred.makeUnsafe(), state: "waiting" }
        const answered = Effect.flatMap(Queue.offer(queue, waiting), (entered) =>
          entered ? Deferred.await(waiting.answer) : Effect.fail(closing())
        )
        return Effect.onInterrupt(answered, () =>
          Effect.sync(() => {
            if (waiting.state === "waiting") waiting.state = "left"
          })
        )
      })
  })
})
