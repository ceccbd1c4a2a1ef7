/**
 * Commits groups of instructions: ahead of the writer lock where nobody is in the way, under it where others are. For the executor.
 *
 * No answer leaves before the commit. When the append is refused, because another writer appended what the group had read, the group is
 * decided again under the store's writer lock.
 */
import type { EventStoreError } from "@effekten/event-store"
import { Unavailable } from "@effekten/services"
import { Effect, Result } from "effect"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import { unavailable } from "../base/Failures.ts"
import type { Log } from "../log/Log.ts"
import * as Answering from "./Answering.ts"
import type { Waiting } from "./Answering.ts"
import type { Deciding } from "./Deciding.ts"

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
export interface Committing {
  /** Commits a group and answers its members. Gives back those that did not fit into one append. */
  readonly commit: (members: ReadonlyArray<Waiting>) => Effect.Effect<ReadonlyArray<Waiting>, EventStoreError>
}

/** @category constructors */
export const make = (log: Log["Service"], deciding: Deciding, answering: Answering.Answering): Committing => {
  let lockedGroups = 0
  let backoff = 1

  /** One append. Gives back the members that did not fit into it. */
  const commit = Effect.fnUntraced(function* (members: ReadonlyArray<Waiting>) {
    // A writer that keeps losing saves the attempt: it would be read, decided and encrypted for nothing.
    if (lockedGroups > 0) {
      lockedGroups -= 1
      yield* decideLocked(members.slice(0, maximumLockedMembers))
      return members.slice(maximumLockedMembers)
    }
    const group = yield* deciding.decide(members)
    const { prepared, results } = group
    if (!isReadonlyArrayNonEmpty(prepared)) {
      yield* answering.answer(group.members, results, undefined)
      return group.rest
    }
    const appended = yield* Effect.result(log.append(prepared, group.condition()))
    if (Result.isSuccess(appended)) {
      backoff = 1
      group.settle(appended.success)
      yield* answering.answer(group.members, results, appended.success)
    } else {
      const error = appended.failure
      // Refused together although each could be encoded: a subject was forgotten in between. It is found when they are decided again.
      if (error._tag !== "EventStoreError") {
        if (error._tag === "AppendConditionFailed") {
          backoff = Math.min(2 * backoff, maximumLockedGroups)
          lockedGroups = backoff
        }
        yield* decideLocked(group.members)
      } else if (error.reason === "unknown") yield* answering.resolve(group.members, results, error)
      else yield* answering.fail(group.members, results, unavailable(error))
    }
    return group.rest
  })

  /** Decides under the writer lock: nobody can come in between, so a contended group makes progress. */
  const decideLocked = Effect.fnUntraced(function* (
    members: ReadonlyArray<Waiting>
  ): Effect.fn.Return<void, EventStoreError> {
    for (let attempts = 0; attempts < maximumLockedAttempts; attempts++) {
      const locked = yield* deciding.decideLocked(members)
      if (locked._tag === "Missing") continue
      const { results } = locked
      if (locked._tag === "Done") return yield* answering.answer(members, results, locked.appended)
      const { error } = locked
      if (error._tag === "EventStoreError" && error.reason === "unknown")
        return yield* answering.resolve(members, results, error)
      if (error._tag === "InvalidEvent" && members.length > 1) {
        // One of them cannot be recorded: alone it fails alone.
        for (const member of members) yield* decideLocked([member])
        return
      }
      return yield* answering.fail(members, results, unavailable(error))
    }
    yield* Answering.failAll(
      members,
      new Unavailable({ executed: "no", message: "Too many writers want the same; come again.", retryAfter: 1 })
    )
  })

  return { commit }
}
