/**
 * Group commit: appends that wait together share one commit and one sync of the disk. For programs with many callers.
 *
 * Each append keeps its condition, and sees those before it in the group. It exists for speed: 64 callers append nearly ten times as often,
 * in a third of the CPU (docs/reference/performance.md, "Appends").
 */
import { Deferred, Effect, Exit, Option, Result, Semaphore, Stream } from "effect"
import { isReadonlyArrayNonEmpty, type NonEmptyReadonlyArray } from "effect/Array"
import { leafText, otherHistory, positionOf } from "../building/History.ts"
import type { Bookmark } from "../port/Bookmark.ts"
import type { AnyEvent, Position, RecordedEvent } from "../port/Event.ts"
import {
  AppendConditionFailed,
  type Appended,
  EventStoreError,
  type EventStoreShape,
  type InvalidEvent,
  type PreparedEvent
} from "../port/EventStore.ts"
import { matches, type Queried } from "../port/Matching.ts"
import type { AppendCondition, Query } from "../port/Query.ts"
import * as StoreLimits from "../port/StoreLimits.ts"

/** Appends of a group at most. @category values */
export const maximumGroup = 256

/** Bytes of the bodies of a group at most, unless one append alone is longer. @category values */
export const maximumGroupBytes = 4 * 1024 * 1024

/** Appends that wait at most. The next wait to be let in. @category values */
export const maximumWaiting = 8_192

type Failure = AppendConditionFailed | InvalidEvent | EventStoreError

/** One append that waits. */
interface Member<E extends AnyEvent> {
  readonly events: NonEmptyReadonlyArray<PreparedEvent<E>>
  readonly condition: AppendCondition<E> | undefined
  readonly done: Deferred.Deferred<Appended, Failure>
}

/**
 * The same store, whose appends are committed in groups. All that appends to the log through it is grouped; other processes and
 * `appendExclusive` go on beside it.
 *
 * @category constructors
 */
export const make = <E extends AnyEvent, S extends EventStoreShape<E>>(
  store: S & EventStoreShape<E>
): Effect.Effect<S> =>
  Effect.gen(function* () {
    const room = yield* Semaphore.make(maximumWaiting)
    const turn = yield* Semaphore.make(1)
    const waiting: Array<Member<E>> = []

    /** Commits what waits, in the turn of one of its members. */
    const commitNext = Effect.gen(function* () {
      // All fibers that can run come first, so that they are in the group.
      yield* Effect.yieldNow
      const members = takeGroup(waiting)
      if (isReadonlyArrayNonEmpty(members)) yield* commit(store, members)
    })

    const append: EventStoreShape<E>["append"] = (events, condition) =>
      Effect.gen(function* () {
        if (!isReadonlyArrayNonEmpty(events)) return yield* store.append(events, condition)
        const prepared = yield* Effect.forEach(events, (event) =>
          "bytes" in event && "event" in event ? Effect.succeed(event) : store.prepare(event)
        )
        const member: Member<E> = { events: prepared, condition, done: yield* Deferred.make<Appended, Failure>() }
        waiting.push(member)
        const inTurn = turn.withPermit(
          // Others may stand before it, and fill a group.
          Effect.whileLoop({
            while: () => waiting.includes(member),
            body: () => Effect.uninterruptible(commitNext),
            step: () => {}
          })
        )
        // A caller that leaves before its turn takes its append along.
        yield* Effect.onInterrupt(inTurn, () => Effect.sync(() => remove(waiting, member)))
        return yield* Deferred.await(member.done)
      }).pipe(room.withPermit)

    return { ...store, append }
  })

const remove = <A>(all: Array<A>, one: A): void => {
  const at = all.indexOf(one)
  if (at >= 0) all.splice(at, 1)
}

/** The first that wait, as many as a group takes. */
const takeGroup = <E extends AnyEvent>(waiting: Array<Member<E>>): ReadonlyArray<Member<E>> => {
  let [events, bytes, count] = [0, 0, 0]
  for (const member of waiting) {
    events += member.events.length
    bytes += member.events.reduce((sum, event) => sum + event.bytes, 0)
    if (count > 0 && (count === maximumGroup || events > StoreLimits.eventsPerAppend || bytes > maximumGroupBytes))
      break
    count += 1
  }
  return waiting.splice(0, count)
}

/** Each member gets its own answer, and none before the commit. */
const commit = Effect.fnUntraced(function* <E extends AnyEvent>(
  store: EventStoreShape<E>,
  members: NonEmptyReadonlyArray<Member<E>>
) {
  const together = members.length === 1 ? undefined : yield* Effect.exit(commitTogether(store, members))
  for (const member of members) {
    const answer =
      together === undefined || (Exit.isFailure(together) && !concernsAll(together))
        ? yield* Effect.exit(store.append(member.events, member.condition))
        : Exit.isFailure(together)
          ? Exit.failCause(together.cause)
          : together.value(member)
    yield* Deferred.done(member.done, answer)
  }
})

/** Whether no member is the cause of it. What one of them may have caused is found by appending each alone. */
const concernsAll = (failed: Exit.Failure<unknown, EventStoreError | InvalidEvent>): boolean => {
  const error = Option.getOrUndefined(Exit.findErrorOption(failed))
  return error?._tag === "EventStoreError" && ["unavailable", "unknown", "read_only"].includes(error.reason)
}

/** All in one commit: first what speaks against each up to the head, then, under the lock, what came since and in the group. */
const commitTogether = Effect.fnUntraced(function* <E extends AnyEvent>(
  store: EventStoreShape<E>,
  members: ReadonlyArray<Member<E>>
) {
  const head = yield* store.bookmark()
  const looks = yield* Effect.forEach(
    members,
    (member) => Effect.map(Effect.exit(lookUpTo(store, head, member.condition)), (exit) => [member, exit] as const),
    { concurrency: lookingAtOnce }
  )
  const answers = new Map<Member<E>, Exit.Exit<Appended, Failure>>()
  for (const [member, exit] of looks) if (Exit.isFailure(exit)) answers.set(member, Exit.failCause(exit.cause))
  const open = members.filter((member) => !answers.has(member))
  const query = queryOf(open)
  const { answer: group, appended } = yield* store.appendExclusive(
    head,
    query ?? "all",
    (news, { position }) => {
      const group = judge(open, position, news)
      return Result.succeed({ events: group.events, answer: group })
    },
    query === undefined ? { limit: 0 } : {}
  )
  for (const [member, position] of group.conflicts) answers.set(member, Exit.fail(conflict(position)))
  const leafAt = yield* leavesOf(store, appended)
  return (member: Member<E>): Exit.Exit<Appended, Failure> => {
    const answer = answers.get(member)
    const first = group.firsts.get(member)
    if (answer !== undefined || first === undefined || appended === undefined)
      return answer ?? Exit.die(new Error("a group lost an append"))
    const last = first + member.events.length - 1
    return Exit.succeed({ first, last, recordedAt: appended.recordedAt, leaf: leafAt(last) })
  }
})

/** Members looked up at the same time. */
const lookingAtOnce = 16

/** Fails with what an append under the condition would fail with if the head were the last event. */
const lookUpTo = Effect.fnUntraced(function* <E extends AnyEvent>(
  store: EventStoreShape<E>,
  head: Bookmark,
  condition: AppendCondition<E> | undefined
) {
  if (condition === undefined) return
  const { after = 0, failIfEventsMatch } = condition
  const known = positionOf(after)
  if (known > head.position) return yield* otherHistory({ head, leaf: undefined }, after)
  if (typeof after === "object" && (known < head.position || after.leaf !== head.leaf)) yield* store.bookmark(after)
  if (known === head.position) return
  const [found] = yield* store.readAll(failIfEventsMatch, { from: known + 1, to: head.position, limit: 1 })
  if (found !== undefined) return yield* conflict(found.position)
})

/** What a group comes to under the lock. */
interface Group<E extends AnyEvent> {
  readonly events: ReadonlyArray<PreparedEvent<E>>
  /** Where the events of a member begin. */
  readonly firsts: ReadonlyMap<Member<E>, Position>
  /** The first event in the way of a member. */
  readonly conflicts: ReadonlyMap<Member<E>, Position>
}

/** Each member sees what came since it was looked up, and what those before it append. */
const judge = <E extends AnyEvent>(
  members: ReadonlyArray<Member<E>>,
  head: Position,
  news: ReadonlyArray<RecordedEvent<E>>
): Group<E> => {
  const events: Array<PreparedEvent<E>> = []
  const seen: Array<Queried & { readonly position: Position }> = [...news]
  const firsts = new Map<Member<E>, Position>()
  const conflicts = new Map<Member<E>, Position>()
  for (const member of members) {
    const query = member.condition?.failIfEventsMatch
    const found = query === undefined ? undefined : seen.find((event) => matches(query, event))
    if (found !== undefined) {
      conflicts.set(member, found.position)
      continue
    }
    firsts.set(member, head + events.length + 1)
    for (const prepared of member.events) {
      events.push(prepared)
      seen.push({ type: prepared.event.type, tags: prepared.tags, position: head + events.length })
    }
  }
  return { events, firsts, conflicts }
}

/** What any of the conditions asks for. */
const queryOf = <E extends AnyEvent>(members: ReadonlyArray<Member<E>>): Query<E> | undefined => {
  const queries = members.flatMap(({ condition }) => (condition === undefined ? [] : [condition.failIfEventsMatch]))
  if (queries.includes("all")) return "all"
  const items = queries.flatMap((query) => (query === "all" ? [] : query))
  return isReadonlyArrayNonEmpty(items) ? items : undefined
}

const conflict = (position: Position): AppendConditionFailed =>
  new AppendConditionFailed({
    position,
    message: `the event at position ${position} matches the condition of the append`
  })

/** The leaves of a commit, from which each member gets its own bookmark. They are there: what cannot be read now is not told. */
const leavesOf = Effect.fnUntraced(function* <E extends AnyEvent>(
  store: EventStoreShape<E>,
  appended: Appended | undefined
) {
  if (appended === undefined) return () => ""
  const { first, last } = appended
  const parts = yield* Stream.runCollect(store.readLeaves({ from: first, to: last })).pipe(
    Effect.mapError(({ message }) => new EventStoreError({ reason: "unknown", message }))
  )
  const hashes = Buffer.concat(parts.map(({ hashes }) => hashes))
  return (position: Position) => leafText(hashes.subarray((position - first) * 32, (position - first + 1) * 32))
})
