/**
 * Decides the members of a group, ahead of its append or under the store's writer lock. For the executor.
 *
 * All reads of a group are cut at one head, and each member sees what those before it have decided.
 */
import { defaultPolicy, type Model, type Policy, type RegisterEvent } from "@effekten/domain"
import type {
  AppendCondition,
  Appended,
  EventStoreError,
  InvalidEvent,
  Position,
  PreparedEvent
} from "@effekten/event-store"
import type { CommandFailure } from "@effekten/services"
import { Cause, Effect, Exit, Result, type Scope, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Waiting } from "./Answering.ts"
import * as DecisionCache from "./DecisionCache.ts"
import { unavailable } from "../base/Failures.ts"
import * as Group from "./Group.ts"
import { recorded } from "./Instruction.ts"
import { Log } from "../log/Log.ts"
import { keeping, load as loadModel, Snapshots } from "./Snapshots.ts"

/** Events after which a group is closed. The largest instruction, an identification with all its waiting investments, still fits. @category limits */
export const maximumGroupEvents = 1_024
/** Bytes of bodies after which a group is closed. @category limits */
export const maximumGroupBytes = 4 * 1024 * 1024
/** New events of others that are folded into the cache; beyond that it starts afresh. */
const maximumCatchUp = 50_000
/** Ids drawn for each member of a group: most instructions have so many events or fewer. */
const idsPerMember = 3

/** A group that is decided and not yet appended. @category models */
export interface DecidedGroup {
  readonly members: ReadonlyArray<Waiting>
  /** Those that did not fit in. */
  readonly rest: ReadonlyArray<Waiting>
  readonly verdicts: ReadonlyArray<Group.Verdict>
  readonly prepared: ReadonlyArray<PreparedEvent<RegisterEvent>>
  readonly condition: () => AppendCondition
  /** It was appended: the cache takes over what it decided. If others were faster in between, the next group reads their events and ours. */
  readonly settle: (appended: Appended) => void
}

/** What became of an attempt under the writer lock. @category models */
export type Locked =
  | { readonly _tag: "Done"; readonly verdicts: ReadonlyArray<Group.Verdict>; readonly appended: Appended | undefined }
  /** Decision models are not at hand yet; they are now. Try again. */
  | { readonly _tag: "Missing" }
  | {
      readonly _tag: "Failed"
      readonly verdicts: ReadonlyArray<Group.Verdict>
      readonly error: EventStoreError | InvalidEvent
    }

/** @category models */
export interface Deciding {
  /** Decides ahead of the append, as many as a group may have. */
  readonly decide: (members: ReadonlyArray<Waiting>) => Effect.Effect<DecidedGroup, EventStoreError>
  /** Decides and appends under the writer lock: nobody can come in between. */
  readonly decideLocked: (members: ReadonlyArray<Waiting>) => Effect.Effect<Locked, EventStoreError>
}

/** @category constructors */
export const make = Effect.fnUntraced(function* (options: {
  readonly policy?: Policy
}): Effect.fn.Return<Deciding, EventStoreError, Log | SecureRandom.SecureRandom | Scope.Scope> {
  const log = yield* Log
  const random = yield* SecureRandom.SecureRandom
  const runSync = Effect.runSyncWith(yield* Effect.context<never>())
  const policy = options.policy ?? defaultPolicy
  // Drawn before a group is decided, for a decision is synchronous; the few that are missing are drawn one by one, which costs more.
  let ids: Array<string> = []
  const newId = () => ids.pop() ?? runSync(random.uuidV7())
  const drawIds = Effect.fnUntraced(function* (count: number) {
    ids = []
    for (let drawn = 0; drawn < count; drawn++) ids.push(yield* random.uuidV7())
    // Given out in the order they were made.
    ids.reverse()
  })
  const cache = DecisionCache.make()
  cache.clear(yield* log.head)
  const snapshots = yield* Snapshots
  yield* keeping(cache, snapshots)

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

  const load = (model: Model<unknown>) =>
    Effect.map(loadModel(log, snapshots, model, cache.position), ({ state, events }) => cache.put(model, state, events))

  const decide: Deciding["decide"] = Effect.fnUntraced(function* (members) {
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

    /** Loads what a decision misses, until it comes to a verdict. */
    const loading = Effect.fnUntraced(function* (
      member: Waiting,
      missing: Group.Missing
    ): Effect.fn.Return<Group.Verdict, EventStoreError> {
      let verdict: Group.Verdict | Group.Missing = missing
      while (verdict._tag === "Missing") {
        const loaded: Exit.Exit<void, EventStoreError> = yield* Effect.exit(load(verdict.model))
        // A store that cannot be read concerns the whole group; a fold that does not hold, whoever asked for it.
        if (Exit.isSuccess(loaded)) verdict = group.decide(member)
        else if (Cause.hasFails(loaded.cause)) return yield* Effect.failCause(loaded.cause)
        else verdict = { _tag: "Failed", exit: loaded as Exit.Exit<never, never> }
      }
      return verdict
    })

    let taken = 0
    for (const member of members) {
      if (group.size >= maximumGroupEvents || bytes >= maximumGroupBytes) break
      const decided = group.decide(member)
      let verdict = decided._tag === "Missing" ? yield* loading(member, decided) : decided
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
    return {
      members: members.slice(0, taken),
      rest: members.slice(taken),
      verdicts: group.verdicts,
      prepared,
      condition: () => ({ failIfEventsMatch: group.query(), after: head }),
      settle: ({ first }) => {
        if (first === head + 1) group.adopt()
      }
    }
  })

  const decideLocked: Deciding["decideLocked"] = Effect.fnUntraced(function* (members) {
    yield* bringTo(yield* log.head)
    cache.trim()
    const identities = new Set(members.map((member) => member.instruction.identity))
    const known = new Map(yield* recorded(log, [...identities]))
    let decided: Group.Group | undefined
    const result = yield* Effect.result(
      log.appendExclusive(cache.position, "all", (news, head) => {
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
        const events = group.verdicts.flatMap((verdict) => (verdict._tag === "Decided" ? verdict.events : []))
        return Result.succeed({ events, answer: undefined })
      })
    )
    const verdicts = decided?.verdicts ?? []
    if (Result.isSuccess(result)) {
      const { appended } = result.success
      if (appended !== undefined) decided?.adopt()
      return { _tag: "Done", verdicts, appended } as const
    }
    const error = result.failure
    if (error._tag !== "Missing") return { _tag: "Failed", verdicts, error } as const
    for (const model of error.models) if (!cache.has(model)) yield* load(model)
    return { _tag: "Missing" } as const
  })

  return { decide, decideLocked }
})
