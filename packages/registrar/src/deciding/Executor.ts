/**
 * Decides instructions one after the other and commits them in groups. For everything that changes the register: there is no other way.
 *
 * Instructions wait in a bounded queue. One fiber takes those that have gathered and decides them against memory, each after the one before.
 * It commits all their events in one append under one condition. No answer leaves before that commit.
 */
import type { EventStoreError } from "@effekten/event-store"
import { type CommandFailure, Unavailable } from "@effekten/services"
import { Cause, Context, Deferred, Effect, Exit, Layer, Queue, Struct } from "effect"
import type { SecureRandom } from "effect/crypto"
import { now } from "../base/Now.ts"
import { Log } from "../log/Log.ts"
import * as Answering from "./Answering.ts"
import * as Committing from "./Committing.ts"
import * as Deciding from "./Deciding.ts"
import type { Answered, Instruction } from "./Instruction.ts"

/** At most so many instructions wait; the next ones wait to be let in. @category values */
export const maximumWaiting = 4_096
/** At most so many members in a group. @category values */
export const maximumGroup = 256
/** @category models */
export interface ExecutorOptions {
  readonly maximumGroup?: number
}

/** @category services */
export class Executor extends Context.Service<
  Executor,
  {
    /**
     * Decides and records one instruction. Once its turn has come nothing interrupts it. A caller that is interrupted earlier takes its
     * instruction along; later, the instruction is done all the same.
     */
    readonly execute: (instruction: Instruction) => Effect.Effect<Answered, CommandFailure>
    /** What is recorded of an instruction, if anything is. */
    readonly find: (instruction: Omit<Instruction, "command">) => Effect.Effect<Answered | undefined, CommandFailure>
    /** Whether anything is recorded under an identity, whatever its fingerprint. */
    readonly isRecorded: (identity: string) => Effect.Effect<boolean, CommandFailure>
  }
>()("effekten/registrar/Executor") {
  static readonly layer = (
    options: ExecutorOptions = {}
  ): Layer.Layer<Executor, EventStoreError, Log | SecureRandom.SecureRandom> => Layer.effect(Executor, make(options))
}

/** @category constructors */
export const make = Effect.fnUntraced(function* (options: ExecutorOptions) {
  const log = yield* Log
  const answering = Answering.make(log)
  const { commit } = Committing.make(log, yield* Deciding.make, answering)
  const queue = yield* Queue.bounded<Answering.Waiting>(maximumWaiting)
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
      // Only a look: what is taken may not be interrupted any more.
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
        const exit: Exit.Exit<ReadonlyArray<Answering.Waiting>, EventStoreError> = yield* Effect.exit(commit(members))
        if (Exit.isFailure(exit)) {
          yield* Effect.logError("A group could not be decided", exit.cause)
          // A failed read comes before the append. After a defect it is unknown whether the append was done.
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
      // In one step: no caller comes in between the last look and the end.
      const waiting = takeUpTo(Number.POSITIVE_INFINITY)
      Queue.shutdownUnsafe(queue)
      return Answering.failAll(waiting, closing())
    })
  )

  return Executor.of({
    ...Struct.pick(answering, ["find", "isRecorded"]),
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
