/**
 * Settles ledger tasks: claims each, submits it once, records what the ledger says. A {@link Reactor}: it follows the log and decides nothing.
 *
 * The claim is an event, `…Submitted`, and comes before the submission. A reactor that finds a claim of an earlier process (after a crash)
 * asks the ledger what became of the task. If the ledger cannot say, the task is recorded as unknown and waits for a person. Nothing may
 * ever be submitted twice. After a log was put back the claim may be lost, so a reactor that is resumed asks the ledger first.
 */
import { type Commands, Credit, Redemption, Reversal, type TaskStatus, Transfer } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import { type CommandFailure, Deadline } from "@effekten/services"
import { Array as Arr, Context, Deferred, Duration, Effect, Layer, Stream } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { Lease } from "../base/Lease.ts"
import type { Secrets } from "../base/Secrets.ts"
import type { Executor } from "../deciding/Executor.ts"
import { Log } from "../log/Log.ts"
import * as LogReactor from "./LogReactor.ts"
import { Ledger, type LedgerOutcome, type LedgerTask, LedgerUnavailable } from "./Ledger.ts"
import type { Progress } from "./Progress.ts"
import * as Reactor from "./Reactor.ts"

/** At most so many tasks are under way at the ledger. @category values */
export const maximumInFlight = 1_024
/** At most so many tasks have a place where callers wait for their end. */
const maximumAwaited = 16_384

/** @category models */
export interface SettlementOptions {
  /**
   * How long the answer to a ledger task waits for its outcome, at most; nothing of it shows in the answer. The wait ends as soon as the ledger
   * says that it takes its time. Default: 2 seconds. Zero: not at all.
   */
  readonly settlementWait?: Duration.Input
}

const defaultWait = Duration.seconds(2)

/** How a ledger is asked again while a task is processing there. */
const polling = Reactor.backingOff("50 millis", "5 seconds")
/** How a step is taken again when the register was not available. */
const again = { while: (error: CommandFailure) => error._tag === "Unavailable", schedule: Reactor.again }

/** The event types of every kind of ledger task. A kind that is not in this list is not settled. */
const kinds = Arr.make(Credit.types, Redemption.types, Transfer.types, Reversal.types)
type Kind = (typeof kinds)[number]

type Of<T extends string> = Extract<Projection.LoggedEvent, { readonly type: T }>
type Requested = Of<Kind["requested"]>
type Ended = Of<Kind["succeeded" | "failed" | "unknown"]>

const requested = Arr.map(kinds, (types) => types.requested)
const submitted: ReadonlyArray<string> = kinds.map((types) => types.submitted)
/** What ends a task, recorded by this process or another. */
const ended = Arr.flatMap(kinds, ({ failed, succeeded, unknown }) => Arr.make(succeeded, failed, unknown))
const isEnded = (event: Projection.LoggedEvent): event is Ended => ended.some((type) => type === event.type)

const taskIdOf = ({ data }: Requested | Ended): string =>
  "creditId" in data
    ? data.creditId
    : "redemptionId" in data
      ? data.redemptionId
      : "transferId" in data
        ? data.transferId
        : data.reversalId

/** @category services */
export class Settlement extends Context.Service<
  Settlement,
  {
    /** Waits until a task has an outcome or is processing at the ledger, for a bounded time. Does not say which. */
    readonly wait: (taskId: string) => Effect.Effect<void>
  }
>()("effekten/registrar/Settlement") {
  static readonly layer = ({
    settlementWait = defaultWait
  }: SettlementOptions): Layer.Layer<
    Settlement,
    EventStoreError | SqlError,
    Executor | Ledger | Log | Progress | Secrets
  > =>
    Layer.effect(
      Settlement,
      Effect.gen(function* () {
        const log = yield* Log
        const lease = yield* Lease
        const ends = makeEnds(Duration.fromInputUnsafe(settlementWait))
        yield* LogReactor.followLog<Requested, CommandFailure, never>({
          name: "settlement",
          types: requested,
          react: yield* settling(ends.reach),
          through: (event) => ends.reach(taskIdOf(event)),
          task: (event) => `${stepsOf(event).task.kind} ${taskIdOf(event)}`,
          maximumInFlight,
          standing: "Settlement stands still",
          failing: "A ledger task could not be settled"
        })
        // Another process may settle: a caller that waits here learns of it from the log.
        if (lease.shared) {
          yield* Stream.suspend(() =>
            Stream.unwrap(Effect.map(log.bookmark(), (head) => log.subscribe([{ types: ended }], head)))
          ).pipe(
            Stream.retry(Reactor.again),
            Stream.runForEach((event) => (isEnded(event) ? ends.reach(taskIdOf(event)) : Effect.void)),
            Effect.forkScoped
          )
        }
        return Settlement.of({ wait: ends.wait })
      })
    )
}

/** Where the reactor and a caller that waits meet: the first of them makes the place. */
const makeEnds = (settlementWait: Duration.Duration) => {
  const ends = new Map<string, Deferred.Deferred<void>>()
  const endOf = (taskId: string): Deferred.Deferred<void> => {
    const known = ends.get(taskId)
    if (known !== undefined) return known
    const made = Deferred.makeUnsafe<void>()
    ends.set(taskId, made)
    if (ends.size > maximumAwaited) ends.delete(ends.keys().next().value!)
    return made
  }
  return {
    reach: (taskId: string) => Effect.suspend(() => Deferred.succeed(endOf(taskId), undefined)),
    wait: (taskId: string) =>
      Duration.isZero(settlementWait)
        ? Effect.void
        : Effect.flatMap(Deadline.shortened(settlementWait), (wait) =>
            Effect.asVoid(Effect.timeoutOption(Deferred.await(endOf(taskId)), wait))
          )
  }
}

/** Settles a task: claim, submission, outcome. A ledger that takes its time is not waited for by a caller. */
const settling = Effect.fnUntraced(function* (release: (taskId: string) => Effect.Effect<unknown>) {
  const ledger = yield* Ledger
  const instruct = yield* Reactor.instructing("ledger")

  /** A ledger that is out of reach is asked until it answers. */
  const ask = (task: LedgerTask): Effect.Effect<LedgerOutcome | undefined> =>
    Effect.retry(
      withoutDefects(() => ledger.find(task)),
      Reactor.again
    ).pipe(Effect.orElseSucceed(() => unknownOutcome))
  /** A ledger that has never heard of the task leaves it unknown. */
  const find = (task: LedgerTask) => Effect.map(ask(task), (found) => found ?? unknownOutcome)
  const submit = (task: LedgerTask) =>
    // A ledger that throws has said as little as one that fails: it is asked what became of the task.
    Effect.catch(
      withoutDefects(() => ledger.submit(task)),
      () => find(task)
    )

  return Effect.fnUntraced(function* (event: Requested, isRepeated: boolean) {
    const steps = stepsOf(event)
    const { settle, task } = steps
    const claim = yield* Effect.retry(instruct(steps.submit, task.taskId, "submit"), again)
    const mine = !claim.replayed && claim.events.some(({ type }) => submitted.includes(type))
    let outcome: LedgerOutcome = !mine
      ? yield* find(task)
      : ((isRepeated ? yield* ask(task) : undefined) ?? (yield* submit(task)))
    if (outcome._tag === "Processing") {
      yield* release(task.taskId)
      outcome = yield* Effect.repeat(find(task), {
        schedule: polling,
        until: ({ _tag }) => _tag !== "Processing"
      })
    }
    const said = outcomes[outcome._tag]
    const { at, position } = yield* Effect.retry(instruct(settle(said), task.taskId, said), again)
    return at ?? position
  })
})

const unknownOutcome: LedgerOutcome = { _tag: "Unknown" }

const withoutDefects = <A>(ask: () => Effect.Effect<A, LedgerUnavailable>): Effect.Effect<A, LedgerUnavailable> =>
  Effect.catchDefect(Effect.suspend(ask), (defect) => Effect.fail(new LedgerUnavailable({ message: String(defect) })))

const outcomes = {
  Succeeded: "succeeded",
  Failed: "failed",
  Unknown: "unknown",
  Processing: "unknown"
} as const satisfies { readonly [T in LedgerOutcome["_tag"]]: TaskStatus.Outcome }

interface Steps {
  readonly task: LedgerTask
  readonly submit: Commands.Command
  readonly settle: (outcome: TaskStatus.Outcome) => Commands.Command
}

/** What the ledger is told of a task, and the commands that record how far it has come. */
const stepsOf = (event: Requested): Steps => {
  const { productId, units } = event.data
  const task = { taskId: taskIdOf(event), productId, units }
  switch (event.type) {
    case "CreditRequested": {
      const { creditId, investmentId, walletId } = event.data
      return {
        task: { kind: "credit", ...task, walletId },
        submit: { operation: "SubmitCredit", input: { creditId, investmentId } },
        settle: (outcome) => ({ operation: "SettleCredit", input: { creditId, investmentId, outcome } })
      }
    }
    case "RedemptionRequested": {
      const { redemptionId, walletId } = event.data
      return {
        task: { kind: "redemption", ...task, walletId },
        submit: { operation: "SubmitRedemption", input: { redemptionId } },
        settle: (outcome) => ({ operation: "SettleRedemption", input: { redemptionId, outcome } })
      }
    }
    case "TransferRequested": {
      const { sourceWalletId, targetAddress, targetWalletId, transferId } = event.data
      return {
        task: { kind: "transfer", ...task, walletId: sourceWalletId, targetWalletId, targetAddress },
        submit: { operation: "SubmitTransfer", input: { transferId } },
        settle: (outcome) => ({ operation: "SettleTransfer", input: { transferId, outcome } })
      }
    }
    case "ReversalRequested": {
      const { change, fromWalletId, reversalId, toWalletId } = event.data
      return {
        task: { kind: "reversal", ...task, fromWalletId, toWalletId, undoes: change },
        submit: { operation: "SubmitReversal", input: { reversalId, change } },
        settle: (outcome) => ({ operation: "SettleReversal", input: { reversalId, change, outcome } })
      }
    }
  }
}
