/**
 * Decides instructions one after the other and commits them in groups. For everything that changes the register: there is no other way.
 *
 * Instructions wait in a bounded queue, which takes from the platforms in turn. One fiber takes those that have gathered and decides them
 * against memory, each after the one before. It commits all their events in one append under one condition. No answer leaves before that
 * commit.
 */
import type { Id } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import { type CommandFailure, Deadline, Unavailable } from "@effekten/services"
import { Cause, Clock, Context, Effect, Exit, Fiber, Layer, Struct } from "effect"
import type { SecureRandom } from "effect/crypto"
import { instantOf } from "../base/Now.ts"
import { Log } from "../log/Log.ts"
import * as Answering from "./Answering.ts"
import * as Committing from "./Committing.ts"
import * as Deciding from "./Deciding.ts"
import * as FairQueue from "./FairQueue.ts"
import type { Answered, Instruction } from "./Instruction.ts"

/**
 * At most so many instructions of a platform wait, many groups' worth. The next are refused: they had no effect, and may be sent again.
 *
 * @category values
 */
export const maximumWaiting = 8_192
/** At most so many wait in all, so that one busy platform leaves room for others. */
const maximumWaitingInAll = 4 * maximumWaiting
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
  const queue = FairQueue.make<Answering.Waiting, Id.PlatformId | undefined>({
    partyOf: ({ instruction }) => instruction.platform,
    maximumOfOne: maximumWaiting,
    maximumInAll: maximumWaitingInAll
  })
  let isClosing = false
  const closing = () => new Unavailable({ executed: "no", message: "The register is closing." })
  const turnedAway = () =>
    isClosing
      ? closing()
      : new Unavailable({ executed: "no", message: "Too many instructions wait; come again.", retryAfter: 1 })

  /** One group, from its first instruction to its last answer. Only the wait for the first can be interrupted. */
  const work = Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      // Only a look: what is taken may not be interrupted any more.
      yield* restore(queue.awaitSome)
      // Let those that are ready to come in do so: they share one disk sync.
      yield* Effect.yieldNow
      const members = queue.take(options.maximumGroup ?? maximumGroup)
      if (members.length === 0) return
      for (const member of members) member.isTaken = true
      const exit: Exit.Exit<ReadonlyArray<Answering.Waiting>, EventStoreError> = yield* Effect.exit(commit(members))
      if (Exit.isFailure(exit)) {
        yield* Effect.logError("A group could not be decided", exit.cause)
        // A failed read comes before the append. After a defect it is unknown whether the append was done.
        const executed = Cause.hasDies(exit.cause) ? "unknown" : "no"
        const message = "The register could not decide this; repeat it with the same key."
        return Answering.failAll(members, new Unavailable({ executed, message, cause: exit.cause }))
      }
      // What did not fit into the append waits again: other platforms have their turn before it.
      if (!queue.putBack(exit.value)) Answering.failAll(exit.value, closing())
    })
  )
  yield* Effect.forkScoped(Effect.forever(work))
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isClosing = true
      Answering.failAll(queue.close(), closing())
    })
  )

  return Executor.of({
    ...Struct.pick(answering, ["find", "isRecorded"]),
    execute: (instruction) =>
      Effect.withFiber((fiber) => {
        const receivedAt = instantOf(fiber.getRef(Clock.Clock))
        const deadline = fiber.getRef(Deadline.Deadline)
        return answeredBy(deadline, (answer) => {
          const waiting: Answering.Waiting = { instruction, receivedAt, deadline, answer, isTaken: false }
          if (!queue.offer(waiting)) answer(Exit.fail(turnedAway()))
          return () => leave(queue, waiting)
        })
      })
  })
})

/** A caller that leaves before its turn takes its instruction along. */
const leave = (queue: FairQueue.FairQueue<Answering.Waiting>, waiting: Answering.Waiting): void => {
  if (waiting.isTaken) return
  queue.leave(waiting)
  waiting.answer(Exit.fail(Deadline.exceeded()))
}

/** Waits for an answer, and leaves where the caller is interrupted or its time is over. */
const answeredBy = (
  deadline: bigint | undefined,
  ask: (answer: Answering.Waiting["answer"]) => () => void
): Effect.Effect<Answered, CommandFailure> => {
  let leaves = () => {}
  const leaving = Effect.sync(() => leaves())
  const untilAnswered = Effect.callback<Answered, CommandFailure>((answer) => {
    leaves = ask(answer)
    return leaving
  })
  if (deadline === undefined) return untilAnswered
  const untilDeadline = Effect.interruptible(Effect.andThen(Deadline.reached(deadline), leaving))
  return Effect.flatMap(Effect.forkChild(untilDeadline), (timer) =>
    Effect.ensuring(untilAnswered, Fiber.interrupt(timer))
  )
}
