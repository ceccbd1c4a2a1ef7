/**
 * Decides instructions one after the other and commits them in groups. For everything that changes the register: there is no other way.
 *
 * Instructions wait in a bounded queue. One fiber takes what has gathered, decides each member against memory, each seeing the one before,
 * and commits all their events in one append under one condition. No answer leaves before that commit. When the append is refused, because
 * someone else appended what the group had read, the group is decided again under the store's writer lock.
 */
import type { Policy } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import { type CommandFailure, Unavailable } from "@effekten/services"
import { Cause, Context, Deferred, Effect, Exit, Layer, Queue, Result } from "effect"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import type { SecureRandom } from "effect/crypto"
import * as Answering from "./Answering.ts"
import * as Deciding from "./Deciding.ts"
import { unavailable } from "../base/Failures.ts"
import type { Answered, Instruction } from "./Instruction.ts"
import { Log } from "../log/Log.ts"
import { now } from "../base/Now.ts"

/** Instructions that wait at the most; who comes then waits to be let in. @category limits */
export const maximumWaiting = 4_096
/** Members of a group at the most. @category limits */
export const maximumGroup = 256
/**
 * Groups that are decided under the writer lock at once after one has lost: two after the first, twice as many after each that loses
 * again. Then it is tried whether the others are still in the way.
 */
const maximumLockedGroups = 64
/** Members of such a group at the most: while they are decided everybody else waits. */
const maximumLockedMembers = 64
/** Times a group is decided under the writer lock before its members are told to come again. */
const maximumLockedAttempts = 8

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
  const deciding = yield* Deciding.make(options)
  const answering = Answering.make(log)
  const queue = yield* Queue.bounded<Answering.Waiting>(maximumWaiting)
  let locked = 0
  let backoff = 1

  /** One append. Gives back the members that did not fit into it. */
  const attempt = Effect.fnUntraced(function* (members: ReadonlyArray<Answering.Waiting>) {
    // Who keeps losing saves the attempt: it would be read, decided and encrypted for nothing.
    if (locked > 0) {
      locked -= 1
      yield* decideLocked(members.slice(0, maximumLockedMembers))
      return members.slice(maximumLockedMembers)
    }
    const group = yield* deciding.decide(members)
    const { prepared, verdicts } = group
    if (!isReadonlyArrayNonEmpty(prepared)) {
      yield* answering.answer(group.members, verdicts, undefined)
      return group.rest
    }
    const appended = yield* Effect.result(log.append(prepared, group.condition()))
    if (Result.isSuccess(appended)) {
      backoff = 1
      group.settle(appended.success)
      yield* answering.answer(group.members, verdicts, appended.success)
    } else {
      const error = appended.failure
      // Refused together although each could be encoded: a subject was forgotten in between. It is found when they are decided again.
      if (error._tag !== "EventStoreError") {
        if (error._tag === "AppendConditionFailed") {
          backoff = Math.min(2 * backoff, maximumLockedGroups)
          locked = backoff
        }
        yield* decideLocked(group.members)
      } else if (error.reason === "unknown") yield* answering.resolve(group.members, verdicts, error)
      else yield* answering.fail(group.members, verdicts, unavailable(error))
    }
    return group.rest
  })

  /** Decides under the writer lock: nobody can come in between, so a contended group makes progress. */
  const decideLocked = Effect.fnUntraced(function* (
    members: ReadonlyArray<Answering.Waiting>
  ): Effect.fn.Return<void, EventStoreError> {
    for (let attempts = 0; attempts < maximumLockedAttempts; attempts++) {
      const result = yield* deciding.decideLocked(members)
      if (result._tag === "Missing") continue
      const { verdicts } = result
      if (result._tag === "Done") return yield* answering.answer(members, verdicts, result.appended)
      const { error } = result
      if (error._tag === "EventStoreError" && error.reason === "unknown")
        return yield* answering.resolve(members, verdicts, error)
      if (error._tag === "InvalidEvent" && members.length > 1) {
        // One of them cannot be recorded: alone it fails alone.
        for (const member of members) yield* decideLocked([member])
        return
      }
      return yield* answering.fail(members, verdicts, unavailable(error))
    }
    yield* Answering.failAll(
      members,
      new Unavailable({ executed: "no", message: "Too many writers want the same; come again.", retryAfter: 1 })
    )
  })

  /** What waits already. */
  const takeUpTo = (limit: number): ReadonlyArray<Answering.Waiting> => {
    const taken: Array<Answering.Waiting> = []
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
      let members: ReadonlyArray<Answering.Waiting> = takeUpTo(options.maximumGroup ?? maximumGroup).filter(
        (member) => {
          if (member.state === "left") return false
          member.state = "taken"
          return true
        }
      )
      while (members.length > 0) {
        const exit: Exit.Exit<ReadonlyArray<Answering.Waiting>, EventStoreError> = yield* Effect.exit(attempt(members))
        if (Exit.isFailure(exit)) {
          yield* Effect.logError("A group could not be decided", exit.cause)
          // A failed read comes before the append. Of a defect nobody knows.
          const executed = Cause.hasDies(exit.cause) ? "unknown" : "no"
          const message = "The register could not decide this; repeat it with the same key."
          return yield* Answering.failAll(members, new Unavailable({ executed, message, cause: exit.cause }))
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
      return Answering.failAll(waiting, closing())
    })
  )

  return Executor.of({
    find: answering.find,
    execute: (instruction) =>
      Effect.flatMap(now, (receivedAt) => {
        const waiting: Answering.Waiting = { instruction, receivedAt, answer: Deferred.makeUnsafe(), state: "waiting" }
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
