/**
 * Commits groups of instructions: ahead of the writer lock, or under it when other writers are in the way. For the executor.
 *
 * No answer leaves before the commit. When the append is refused, because another writer appended what the group had read, the group is
 * decided again under the store's writer lock. So it is when the log was put back since, and what the group had read is no more.
 */
import { type EventStoreError, History } from "@effekten/event-store"
import { Unavailable } from "@effekten/services"
import { Effect, Result } from "effect"
import { isReadonlyArrayNonEmpty } from "effect/Array"
import { unavailable } from "../base/Failures.ts"
import type { Log } from "../log/Log.ts"
import * as Answering from "./Answering.ts"
import type { Waiting } from "./Answering.ts"
import type { Deciding } from "./Deciding.ts"

/**
 * Groups that are decided under the writer lock after one has lost: two after the first loss, twice as many after each further one. Then a
 * group tries again whether other writers are still in the way.
 */
const maximumLockedGroups = 64
/** At most so many members in such a group: while they are decided, all other writers wait. */
const maximumLockedMembers = 64
/** Times a group is decided under the writer lock before its callers are asked to try again. */
const maximumLockedAttempts = 8

/** @category models */
export interface Committing {
  /** Commits a group and answers its members. Returns those that did not fit into one append. */
  readonly commit: (members: ReadonlyArray<Waiting>) => Effect.Effect<ReadonlyArray<Waiting>, EventStoreError>
}

/** @category constructors */
export const make = (log: Log["Service"], deciding: Deciding, answering: Answering.Answering): Committing => {
  let lockedGroups = 0
  let backoff = 1

  /** One append. Returns the members that did not fit into it. */
  const commit = Effect.fnUntraced(function* (members: ReadonlyArray<Waiting>) {
    // A writer that keeps losing skips the first attempt: it would read, decide and encrypt for nothing.
    if (lockedGroups > 0) {
      lockedGroups -= 1
      yield* decideLocked(members.slice(0, maximumLockedMembers))
      return members.slice(maximumLockedMembers)
    }
    let group = yield* deciding.decide(members)
    // From here on the group is committed, whatever time is left. Each time at least one member less is late.
    while (group.isLate()) group = yield* deciding.decide(members)
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
      // The log was put back since: it did not happen, and is decided again on what the log has.
      if (History.isOtherHistory(error)) yield* decideLocked(group.members)
      // The group is refused although each member could be encoded: a subject was forgotten in between. Deciding again finds out which.
      else if (error._tag !== "EventStoreError") {
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

  /** Decides under the writer lock: no other writer can come in between, so a contended group makes progress. */
  const decideLocked = Effect.fnUntraced(function* (
    members: ReadonlyArray<Waiting>
  ): Effect.fn.Return<void, EventStoreError> {
    for (let attempts = 0; attempts < maximumLockedAttempts; attempts++) {
      const locked = yield* deciding.decideLocked(members)
      if (locked._tag === "Missing") continue
      const { results } = locked
      if (locked._tag === "Done") return yield* answering.answer(members, results, locked.appended)
      const { error } = locked
      if (History.isOtherHistory(error)) continue
      if (error._tag === "EventStoreError" && error.reason === "unknown")
        return yield* answering.resolve(members, results, error)
      if (error._tag === "InvalidEvent" && members.length > 1) {
        // One of them cannot be recorded. Decided alone, it alone fails.
        for (const member of members) yield* decideLocked([member])
        return
      }
      return yield* answering.fail(members, results, unavailable(error))
    }
    Answering.failAll(
      members,
      new Unavailable({ executed: "no", message: "Too many writers want the same; come again.", retryAfter: 1 })
    )
  })

  return { commit }
}
