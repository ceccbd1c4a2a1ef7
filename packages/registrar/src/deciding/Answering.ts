/**
 * Answers each member of a group, once the log has it or will not have it. For the executor. No answer may leave before the commit.
 */
import { type Appended, type EventStoreError, Json, type Position, type Revealed } from "@effekten/event-store"
import type { CommandFailure } from "@effekten/services"
import { Deferred, Effect, Exit, Result } from "effect"
import { keyReused, unanswered, unavailable } from "../base/Failures.ts"
import type { Log } from "../log/Log.ts"
import type { Decided, MemberResult } from "./CommitGroup.ts"
import {
  type Answered,
  type AnsweredEvent,
  eventsUpTo,
  type Instruction,
  type Pending,
  recorded
} from "./Instruction.ts"

/** An instruction in the queue or in a group, and where its caller waits. @category models */
export interface Waiting extends Pending {
  readonly answer: Deferred.Deferred<Answered, CommandFailure>
  /** Its turn has come: nothing interrupts it any more. */
  isTaken: boolean
}

/** @category models */
export interface Answering {
  /** What is recorded of an instruction, if anything is. */
  readonly find: (instruction: Omit<Instruction, "command">) => Effect.Effect<Answered | undefined, CommandFailure>
  /** Whether anything is recorded under an identity, whatever the fingerprint. */
  readonly isRecorded: (identity: string) => Effect.Effect<boolean, CommandFailure>
  /** The group is committed, or has nothing to commit. */
  readonly answer: (
    members: ReadonlyArray<Waiting>,
    results: ReadonlyArray<MemberResult>,
    appended: Appended | undefined
  ) => Effect.Effect<void>
  /** The append did not happen. What was recorded before has its answer all the same. */
  readonly fail: (
    members: ReadonlyArray<Waiting>,
    results: ReadonlyArray<MemberResult>,
    failure: CommandFailure
  ) => Effect.Effect<void>
  /**
   * The append may or may not have happened. The log tells which instructions are recorded, and by their events' ids, whether this group
   * recorded them.
   */
  readonly resolve: (
    members: ReadonlyArray<Waiting>,
    results: ReadonlyArray<MemberResult>,
    error: EventStoreError
  ) => Effect.Effect<void>
}

/** @category constructors */
export const make = (log: Log["Service"]): Answering => {
  const answerAgain = (member: Waiting, position: Position) =>
    Effect.flatMap(Effect.exit(answeredAt(log, member.instruction.identity, position)), (exit) =>
      Deferred.completeWith(member.answer, exit)
    )

  const find: Answering["find"] = Effect.fnUntraced(
    function* ({ fingerprint, identity }) {
      const last = (yield* recorded(log, [identity])).get(identity)
      if (last === undefined) return undefined
      if (last.meta.fingerprint !== fingerprint) return yield* keyReused()
      return yield* answeredAt(log, identity, last.position)
    },
    Effect.catchTag("EventStoreError", (error) => Effect.fail(unavailable(error)))
  )

  return {
    find,
    isRecorded: (identity) =>
      Effect.mapBoth(recorded(log, [identity]), { onFailure: unavailable, onSuccess: (found) => found.has(identity) }),
    answer: Effect.fnUntraced(function* (members, results, appended) {
      let next = appended?.first ?? 0
      const answers: Array<Answered | undefined> = []
      for (const [index, member] of members.entries()) {
        const result = results[index]!
        switch (result._tag) {
          case "Decided": {
            const answered = answerOf(result, next, appended!.recordedAt)
            next += result.events.length
            answers[index] = answered
            Deferred.doneUnsafe(member.answer, Exit.succeed(answered))
            break
          }
          case "Same":
            yield* Deferred.succeed(member.answer, { ...answers[result.member]!, replayed: true })
            break
          case "Recorded":
            yield* answerAgain(member, result.position)
            break
          case "Failed":
            yield* Deferred.completeWith(member.answer, result.exit)
        }
      }
    }),
    fail: Effect.fnUntraced(function* (members, results, failure) {
      for (const [index, member] of members.entries()) {
        const result = results[index]
        yield* result?._tag === "Recorded"
          ? answerAgain(member, result.position)
          : Deferred.fail(member.answer, failure)
      }
    }),
    resolve: Effect.fnUntraced(function* (members, results, error) {
      for (const [index, member] of members.entries()) {
        const found = yield* Effect.result(find(member.instruction))
        if (Result.isSuccess(found) && found.success !== undefined) {
          const result = results[index]
          const isOwn = result?._tag === "Decided" && result.events[0]?.id === found.success.events[0]?.id
          yield* Deferred.succeed(member.answer, { ...found.success, replayed: !isOwn })
        } else {
          const reused = Result.isFailure(found) && found.failure._tag === "Rejection"
          yield* Deferred.fail(member.answer, reused ? found.failure : unavailable(error))
        }
      }
    })
  }
}

/** The same failure for all. @category computing */
export const failAll = (members: Iterable<Waiting>, failure: CommandFailure): Effect.Effect<void> =>
  Effect.forEach(members, (member) => Deferred.fail(member.answer, failure), { discard: true })

/** What was answered to an instruction whose last event is at a position, read from the log. */
const answeredAt = (log: Log["Service"], identity: string, position: Position) =>
  Effect.mapBoth(eventsUpTo(log, identity, position), {
    onFailure: unanswered,
    onSuccess: (events): Answered => ({ events, position, replayed: true })
  })

const answerOf = ({ events, logged }: Decided, first: Position, recordedAt: string): Answered => ({
  events: logged.map((event, index): AnsweredEvent => {
    const decided = events[index]!
    const personal = "personal" in decided ? decided.personal : undefined
    const revealed: Revealed =
      personal === undefined
        ? { _tag: "None" }
        : // In the form that every later answer reads from the log.
          { _tag: "Present", value: JSON.parse(Json.canonical(personal as Json.JsonObject)) }
    return { ...event, position: first + index, meta: { ...event.meta, recordedAt }, revealed } as AnsweredEvent
  }),
  position: first + logged.length - 1,
  replayed: false
})
