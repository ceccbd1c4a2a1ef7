/**
 * Decides the members of a group, ahead of its append or under the store's writer lock. For {@link Committing}.
 *
 * All reads of a group are cut at one head, and each member sees what those before it have decided.
 */
import type { Decision, Events } from "@effekten/domain"
import type { AppendCondition, Appended, EventStoreError, InvalidEvent, PreparedEvent } from "@effekten/event-store"
import { type CommandFailure, Deadline } from "@effekten/services"
import { Cause, Clock, Effect, Exit, Result, type Scope } from "effect"
import type { SecureRandom } from "effect/crypto"
import { unavailable } from "../base/Failures.ts"
import * as Ids from "../base/Ids.ts"
import { Log } from "../log/Log.ts"
import type { Waiting } from "./Answering.ts"
import * as CommitGroup from "./CommitGroup.ts"
import * as DecisionModels from "./DecisionModels.ts"
import { type Pending, recorded } from "./Instruction.ts"

/**
 * Events after which a group is closed. An identification with all its waiting investments is the largest instruction, and still fits.
 *
 * @category values
 */
export const maximumGroupEvents = 1_024
/** Bytes of bodies after which a group is closed. */
const maximumGroupBytes = 4 * 1024 * 1024

type MemberResult = CommitGroup.MemberResult

/** A group that is decided and not yet appended. */
interface DecidedGroup {
  readonly members: ReadonlyArray<Waiting>
  /** Those that did not fit in. */
  readonly rest: ReadonlyArray<Waiting>
  readonly results: ReadonlyArray<MemberResult>
  readonly prepared: ReadonlyArray<PreparedEvent<Events.RegisterEvent>>
  readonly condition: () => AppendCondition<Events.RegisterEvent>
  /** The deadline of a member that would be recorded has passed since it was decided. */
  readonly isLate: () => boolean
  /** It was appended: the cache takes over what it decided. If other writers were faster, the next group reads their events and this group's. */
  readonly settle: (appended: Appended) => void
}

/** What became of an attempt under the writer lock. @category models */
export type Locked =
  | { readonly _tag: "Done"; readonly results: ReadonlyArray<MemberResult>; readonly appended: Appended | undefined }
  /** Decision models are not at hand yet; they are now. Try again. */
  | { readonly _tag: "Missing" }
  | {
      readonly _tag: "Failed"
      readonly results: ReadonlyArray<MemberResult>
      readonly error: EventStoreError | InvalidEvent
    }

/** @category models */
export interface Deciding {
  /** Decides ahead of the append, as many as a group may have. */
  readonly decide: (members: ReadonlyArray<Waiting>) => Effect.Effect<DecidedGroup, EventStoreError>
  /** Decides and appends under the writer lock: no other writer can come in between. */
  readonly decideLocked: (members: ReadonlyArray<Waiting>) => Effect.Effect<Locked, EventStoreError>
}

/** @category constructors */
export const make: Effect.Effect<Deciding, EventStoreError, Log | SecureRandom.SecureRandom | Scope.Scope> = Effect.gen(
  function* () {
    const parts: Parts = { log: yield* Log, models: yield* DecisionModels.make, ids: yield* Ids.make }
    return { decide: decidingAhead(parts), decideLocked: decidingLocked(parts) }
  }
)

interface Parts {
  readonly log: Log["Service"]
  readonly models: DecisionModels.DecisionModels
  readonly ids: Ids.Ids
}

const groupAt = (
  { ids, models }: Parts,
  clock: Clock.Clock,
  at: Pick<Parameters<typeof CommitGroup.make>[0], "head" | "known">
): CommitGroup.CommitGroup =>
  CommitGroup.make({ ...at, cache: models.cache, newId: () => ids.next(clock), isOver: isOverBy(clock) })

const isOverBy =
  (clock: Clock.Clock) =>
  ({ deadline }: Pending): boolean =>
    Deadline.isOver(deadline, clock)

const identitiesOf = (members: ReadonlyArray<Waiting>): ReadonlyArray<string> =>
  members.map(({ instruction }) => instruction.identity)

/** The result of one member; loads what its decision misses. */
const resultOf = Effect.fnUntraced(function* (
  { models }: Parts,
  group: CommitGroup.CommitGroup,
  member: Waiting
): Effect.fn.Return<MemberResult, EventStoreError> {
  let result = group.decide(member)
  while (result._tag === "Missing") {
    const loaded: Exit.Exit<void, EventStoreError> = yield* Effect.exit(models.load(result.model))
    // A store that cannot be read fails the whole group; a fold that throws fails only the member that asked for it.
    if (Exit.isSuccess(loaded)) result = group.decide(member)
    else if (Cause.hasFails(loaded.cause)) return yield* Effect.failCause(loaded.cause)
    else result = { _tag: "Failed", exit: loaded as Exit.Exit<never, never> }
  }
  return result
})

/** What has no personal part is prepared at once, and waits for nothing. */
const exitOf = <A, E>(effect: Effect.Effect<A, E>): Exit.Exit<A, E> | undefined =>
  Exit.isExit(effect) ? (effect as Exit.Exit<A, E>) : undefined

/** The events of a group, encoded and encrypted as they are decided. */
const preparing = (log: Log["Service"]) => {
  const prepared: Array<PreparedEvent<Events.RegisterEvent>> = []
  let bytes = 0
  return {
    prepared,
    get bytes() {
      return bytes
    },
    /** All events of a member or none: a fault of one of them fails this member alone. */
    add: function* (result: CommitGroup.Decided): Effect.fn.Return<MemberResult> {
      const own: Array<PreparedEvent<Events.RegisterEvent>> = []
      for (const event of result.events) {
        const preparing = log.prepare(event)
        const exit = exitOf(preparing) ?? (yield* Effect.exit(preparing))
        if (Exit.isFailure(exit))
          return { _tag: "Failed", exit: Exit.mapError(exit, unavailable) as Exit.Exit<never, CommandFailure> }
        own.push(exit.value)
      }
      for (const event of own) {
        prepared.push(event)
        bytes += event.bytes
      }
      return result
    }
  }
}

const decidingAhead = (parts: Parts): Deciding["decide"] =>
  Effect.fnUntraced(function* (members) {
    const { log, models } = parts
    const head = yield* models.bringToHead
    const known = yield* recorded(log, identitiesOf(members))
    const clock = yield* Clock.Clock
    const isOver = isOverBy(clock)
    const group = groupAt(parts, clock, { head: head.position, known })
    const events = preparing(log)
    let taken = 0
    for (const member of members) {
      if (group.size >= maximumGroupEvents || events.bytes >= maximumGroupBytes) break
      const result = group.decide(member)
      const decided = result._tag === "Missing" ? yield* resultOf(parts, group, member) : result
      // Later members see only what can be recorded.
      group.add(member, decided._tag === "Decided" ? yield* events.add(decided) : decided)
      taken++
    }
    return {
      members: members.slice(0, taken),
      rest: members.slice(taken),
      results: group.results,
      prepared: events.prepared,
      condition: () => ({ failIfEventsMatch: group.query(), after: head }),
      isLate: () => group.results.some(({ _tag }, index) => _tag === "Decided" && isOver(members[index]!)),
      settle: ({ first, last, leaf }) => {
        if (first === head.position + 1) group.adopt({ position: last, leaf })
      }
    }
  })

const decidingLocked = (parts: Parts): Deciding["decideLocked"] =>
  Effect.fnUntraced(function* (members) {
    const { log, models } = parts
    const { cache } = models
    yield* models.bringToHead
    const clock = yield* Clock.Clock
    const identities = new Set(identitiesOf(members))
    const known = new Map(yield* recorded(log, [...identities]))
    let decided: CommitGroup.CommitGroup | undefined
    const exclusive = yield* Effect.result(
      log.appendExclusive(cache.at, "all", (news, head) => {
        for (const event of news) {
          if (event.meta.fingerprint !== undefined && identities.has(event.meta.instruction)) {
            known.set(event.meta.instruction, event)
          }
        }
        cache.apply(news, head)
        const group = groupAt(parts, clock, { head: head.position, known })
        const missing: Array<Decision.Model<unknown>> = []
        for (const member of members) {
          const result = group.decide(member)
          if (result._tag === "Missing") missing.push(result.model)
          else if (missing.length === 0) group.add(member, result)
        }
        if (missing.length > 0) return Result.fail({ _tag: "Missing" as const, models: missing })
        decided = group
        const events = group.results.flatMap((result) => (result._tag === "Decided" ? result.events : []))
        return Result.succeed({ events, answer: undefined })
      })
    )
    const results = decided?.results ?? []
    if (Result.isSuccess(exclusive)) {
      const { appended } = exclusive.success
      if (appended !== undefined) decided?.adopt({ position: appended.last, leaf: appended.leaf })
      return { _tag: "Done", results, appended } as const
    }
    const error = exclusive.failure
    if (error._tag !== "Missing") return { _tag: "Failed", results, error } as const
    for (const model of error.models) if (!cache.has(model)) yield* models.load(model)
    return { _tag: "Missing" } as const
  })
