/**
 * Answers each member of a group, once the log has it or will not have it. For the executor. No answer may leave before the commit.
 */
import { type Appended, type EventStoreError, Json, type Position } from "@effekten/event-store"
import type { CommandFailure } from "@effekten/services"
import { Effect, Exit, Result } from "effect"
import { keyReused, unanswered, unavailable } from "../base/Failures.ts"
import type { Log } from "../log/Log.ts"
import type { Decided, MemberResult } from "./CommitGroup.ts"
import { type Answered, eventsUpTo, type Instruction, type Pending, recorded } from "./Instruction.ts"

/** An instruction in the queue or in a group, and its caller. @category models */
export interface Waiting extends Pending {
  /** Resumes the caller, once. A caller that has left hears nothing. */
  readonly answer: (exit: Exit.Exit<Answered, CommandFailure>) => void
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
    Effect.map(Effect.exit(answeredAt(log, member.instruction.identity, position)), member.answer)

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
      Effect.mapBoth(
        Effect.suspend(() => recorded(log, [identity])),
        { onFailure: unavailable, onSuccess: (found) => found.has(identity) }
      ),
    answer: Effect.fnUntraced(function* (members, results, appended) {
      let next = appended?.first ?? 0
      const answers: Array<Answered | undefined> = []
      for (const [index, member] of members.entries()) {
        const result = results[index]!
        switch (result._tag) {
          case "Decided": {
            const answered = answerOf(result, next, appended!)
            next += result.events.length
            answers[index] = answered
            member.answer(Exit.succeed(answered))
            break
          }
          case "Same":
            member.answer(Exit.succeed({ ...answers[result.member]!, replayed: true }))
            break
          case "Recorded":
            yield* answerAgain(member, result.position)
            break
          case "Failed":
            member.answer(result.exit)
        }
      }
    }),
    fail: Effect.fnUntraced(function* (members, results, failure) {
      for (const [index, member] of members.entries()) {
        const result = results[index]
        if (result?._tag === "Recorded") yield* answerAgain(member, result.position)
        else member.answer(Exit.fail(failure))
      }
    }),
    resolve: Effect.fnUntraced(function* (members, results, error) {
      for (const [index, member] of members.entries()) {
        const found = yield* Effect.result(find(member.instruction))
        if (Result.isSuccess(found) && found.success !== undefined) {
          const result = results[index]
          const isOwn = result?._tag === "Decided" && result.events[0]?.id === found.success.events[0]?.id
          member.answer(Exit.succeed({ ...found.success, replayed: !isOwn }))
        } else {
          const reused = Result.isFailure(found) && found.failure._tag === "Rejection"
          member.answer(Exit.fail(reused ? found.failure : unavailable(error)))
        }
      }
    })
  }
}

/** The same failure for all. @category computing */
export const failAll = (members: Iterable<Waiting>, failure: CommandFailure): void => {
  for (const member of members) member.answer(Exit.fail(failure))
}

/** What was answered to an instruction whose last event is at a position, read from the log. */
const answeredAt = (log: Log["Service"], identity: string, position: Position) =>
  Effect.mapBoth(eventsUpTo(log, identity, position), {
    onFailure: unanswered,
    onSuccess: (events): Answered => ({ events, position, replayed: true })
  })

/** The events of a decided instruction, as they are now that they are committed. */
const answerOf = ({ events, logged }: Decided, first: Position, { last, leaf, recordedAt }: Appended): Answered => {
  for (const [index, event] of logged.entries()) {
    const decided = events[index]!
    event.position = first + index
    event.meta.recordedAt = recordedAt
    event.revealed =
      "personal" in decided && decided.personal !== undefined
        ? // In the form that every later answer reads from the log.
          { _tag: "Present", value: JSON.parse(Json.canonical(decided.personal as Json.JsonObject)) }
        : { _tag: "None" }
  }
  return { events: logged, position: first + logged.length - 1, replayed: false, at: { position: last, leaf } }
}
