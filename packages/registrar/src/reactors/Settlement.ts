/**
 * Settles ledger tasks: claims each, submits it once, records what the ledger says. A reactor: it follows the log and decides nothing.
 *
 * The claim is an event, `…Submitted`, and comes before the submission. Who finds a claim that is not its own (after a crash) asks the
 * ledger what became of the task; what nobody knows is recorded as unknown and waits for a person. Nothing is ever submitted twice.
 */
import type { Command, Outcome } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import type { LoggedEvent } from "@effekten/projections"
import type { CommandFailure } from "@effekten/services"
import { Context, Deferred, Duration, Effect, Layer, Schedule, Stream } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { Executor } from "../deciding/Executor.ts"
import { Lease } from "../base/Lease.ts"
import { Ledger, type LedgerOutcome, type LedgerTask, LedgerUnavailable } from "./Ledger.ts"
import { Log } from "../log/Log.ts"
import { Progress } from "./Progress.ts"
import { Secrets } from "../base/Secrets.ts"

/** Tasks under way at the ledger at the most. @category limits */
export const maximumInFlight = 1_024
/** Tasks whose end somebody may wait for. */
const maximumAwaited = 16_384
/** How long the answer to a ledger task waits for its settlement. @category limits */
export const settlementWait = Duration.seconds(2)

/** How a ledger is asked again while a task is processing there. */
const polling = Schedule.jittered(Schedule.min([Schedule.exponential("50 millis"), Schedule.spaced("5 seconds")]))
/** How a step is taken again when the register or the ledger was not available. */
const again = {
  while: (error: CommandFailure) => error._tag === "Unavailable",
  schedule: Schedule.jittered(Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("10 seconds")]))
}

type Requested = Extract<LoggedEvent, { readonly type: "CreditRequested" | "RedemptionRequested" }>

const requested: ReadonlyArray<Requested["type"]> = ["CreditRequested", "RedemptionRequested"]
const isRequested = (event: LoggedEvent): event is Requested => requested.some((type) => type === event.type)

/** What ends a task, whoever recorded it. */
const settled = [
  {
    types: [
      "UnitsCredited",
      "CreditFailed",
      "CreditOutcomeUnknown",
      "UnitsRedeemed",
      "RedemptionFailed",
      "RedemptionOutcomeUnknown"
    ] satisfies ReadonlyArray<LoggedEvent["type"]>
  }
]
const taskOf = ({ data }: LoggedEvent): string =>
  "creditId" in data ? data.creditId : "redemptionId" in data ? data.redemptionId : ""

const reactor = "settlement"

/** @category services */
export class Settlement extends Context.Service<
  Settlement,
  {
    /** Waits until a task has an outcome, for a bounded time; says nothing about what it is. */
    readonly wait: (taskId: string) => Effect.Effect<void>
  }
>()("effekten/registrar/Settlement") {
  static readonly layer: Layer.Layer<
    Settlement,
    EventStoreError | SqlError,
    Executor | Ledger | Log | Progress | Secrets
  > = Layer.effect(
    Settlement,
    Effect.gen(function* () {
      const executor = yield* Executor
      const ledger = yield* Ledger
      const log = yield* Log
      const progress = yield* Progress
      const secrets = yield* Secrets
      const lease = yield* Lease
      const startOf = Effect.gen(function* () {
        const known = yield* progress.get(reactor)
        // Progress from beyond the log is that of a log that was put back to an earlier state: what was settled after it is not any more.
        return known > (yield* log.head) ? 0 : known
      })

      // Whoever comes first, the reactor or the one who waits, makes the place where they meet.
      const ends = new Map<string, Deferred.Deferred<void>>()
      const endOf = (taskId: string): Deferred.Deferred<void> => {
        const known = ends.get(taskId)
        if (known !== undefined) return known
        const made = Deferred.makeUnsafe<void>()
        ends.set(taskId, made)
        if (ends.size > maximumAwaited) ends.delete(ends.keys().next().value!)
        return made
      }

      /** The reactor's own instructions: their key is the task and the step, so a step taken twice is recorded once. */
      const instruct = (command: Command, taskId: string, step: string) =>
        executor.execute({
          identity: secrets.identity({ platform: undefined, operation: command.operation, ids: [taskId], key: step }),
          fingerprint: secrets.fingerprint(step),
          platform: undefined,
          actor: "ledger",
          correlation: undefined,
          answer: 1,
          command
        })

      const settle = Effect.fnUntraced(function* (event: Requested) {
        const steps = event.type === "CreditRequested" ? creditSteps(event) : redemptionSteps(event)
        const { task } = steps
        const claim = yield* Effect.retry(instruct(steps.submit, task.taskId, "submit"), again)
        const mine = !claim.replayed && claim.events.some(({ type }) => type.endsWith("Submitted"))
        // A ledger that throws instead of failing has said as little: what became of the task is asked, not guessed.
        let outcome: LedgerOutcome = yield* mine
          ? Effect.catch(
              withoutDefects(() => ledger.submit(task)),
              () => find(task)
            )
          : find(task)
        if (outcome._tag === "Processing") {
          outcome = yield* Effect.repeat(find(task), {
            schedule: polling,
            until: ({ _tag }) => _tag !== "Processing"
          })
        }
        const said = outcomes[outcome._tag]
        yield* Effect.retry(instruct(steps.settle(said), task.taskId, said), again)
      })

      /** A ledger that is out of reach is asked until it answers; one that has never heard of the task leaves it unknown. */
      const find = (task: LedgerTask): Effect.Effect<LedgerOutcome> =>
        Effect.retry(
          withoutDefects(() => ledger.find(task)),
          again.schedule
        ).pipe(
          Effect.map((found) => found ?? ({ _tag: "Unknown" } as const)),
          Effect.orElseSucceed(() => ({ _tag: "Unknown" }) as const)
        )

      const underway = new Set<number>()
      let reached = yield* startOf
      let stored = reached
      const done = Effect.fnUntraced(function* (position: number) {
        underway.delete(position)
        const before = Math.min(...underway, reached + 1) - 1
        // Written now and then only: what lies between is found settled when it is looked at again.
        if (before - stored >= progressStep || underway.size === 0) {
          stored = before
          // Not stored is no harm but work done again: the next one is.
          yield* Effect.ignore(
            Effect.tapError(progress.set(reactor, before), (error) =>
              Effect.logError("The progress of settlement could not be stored", error)
            )
          )
        }
      })

      // Read again from where it broke off, so that a fault of reading disturbs no task that is under way.
      const tasks = Stream.suspend(() => log.subscribe([{ types: requested }], reached)).pipe(
        Stream.tapError((error) => Effect.logError("Settlement stands still", error)),
        Stream.retry(again.schedule)
      )
      const follow = tasks.pipe(
        Stream.map((event): LoggedEvent => event),
        Stream.filter(isRequested),
        Stream.tap((event) =>
          Effect.sync(() => {
            reached = event.position
            underway.add(event.position)
          })
        ),
        Stream.mapEffect(
          (event) =>
            settle(event).pipe(
              Effect.andThen(done(event.position)),
              // Progress stays before it: the next start looks at it again.
              Effect.catchCause((cause) => Effect.logError("A ledger task could not be settled", cause)),
              Effect.andThen(
                Deferred.succeed(
                  endOf(event.type === "CreditRequested" ? event.data.creditId : event.data.redemptionId),
                  undefined
                )
              )
            ),
          { concurrency: maximumInFlight, unordered: true }
        ),
        Stream.runDrain
      )
      // Another process may have come further than this one has seen, since the lease was here last.
      const turn = Effect.gen(function* () {
        underway.clear()
        stored = reached = yield* Effect.retry(startOf, again.schedule)
        yield* follow
      })
      yield* Effect.forkScoped(lease.shared ? lease.whileHeld(reactor, turn) : follow)

      // Who settles may be another process: who waits here learns of it from the log.
      if (lease.shared) {
        yield* Stream.suspend(() => Stream.unwrap(Effect.map(log.head, (head) => log.subscribe(settled, head)))).pipe(
          Stream.retry(again.schedule),
          Stream.runForEach((event) => Deferred.succeed(endOf(taskOf(event)), undefined)),
          Effect.forkScoped
        )
      }

      return Settlement.of({
        wait: (taskId) => Effect.asVoid(Effect.timeoutOption(Deferred.await(endOf(taskId)), settlementWait))
      })
    })
  )
}

const withoutDefects = <A>(ask: () => Effect.Effect<A, LedgerUnavailable>): Effect.Effect<A, LedgerUnavailable> =>
  Effect.catchDefect(Effect.suspend(ask), (defect) => Effect.fail(new LedgerUnavailable({ message: String(defect) })))

/** Tasks after which progress is stored, if there is no quiet moment before. */
const progressStep = 256

const outcomes = {
  Succeeded: "succeeded",
  Failed: "failed",
  Unknown: "unknown",
  Processing: "unknown"
} as const satisfies { readonly [T in LedgerOutcome["_tag"]]: Outcome }

interface Steps {
  readonly task: LedgerTask
  readonly submit: Command
  readonly settle: (outcome: Outcome) => Command
}

const creditSteps = ({ data }: Extract<Requested, { type: "CreditRequested" }>): Steps => {
  const ids = { creditId: data.creditId, investmentId: data.investmentId }
  return {
    task: {
      kind: "credit",
      taskId: data.creditId,
      productId: data.productId,
      walletId: data.walletId,
      units: data.units
    },
    submit: { operation: "SubmitCredit", input: ids },
    settle: (outcome) => ({ operation: "SettleCredit", input: { ...ids, outcome } })
  }
}

const redemptionSteps = ({ data }: Extract<Requested, { type: "RedemptionRequested" }>): Steps => {
  const ids = { redemptionId: data.redemptionId }
  return {
    task: {
      kind: "redemption",
      taskId: data.redemptionId,
      productId: data.productId,
      walletId: data.walletId,
      units: data.units
    },
    submit: { operation: "SubmitRedemption", input: ids },
    settle: (outcome) => ({ operation: "SettleRedemption", input: { ...ids, outcome } })
  }
}
