/**
 * The ledger of a sandbox: it settles as a developer says. For `serve --sandbox`. Keep it out of any other register: it moves nothing.
 *
 * A task is the ledger's from its submission on. What it has been told of a task is lost with the process. Asked
 * for such a task it says that it has succeeded.
 */
import { Ledger, type LedgerOutcome, LedgerUnavailable } from "@effekten/registrar"
import { NotFound, Rejection } from "@effekten/services"
import { Duration, Effect, Layer, Schema } from "effect"
import type { SandboxClock } from "./SandboxClock.ts"

/** @category schemas */
export const ToldOutcome = Schema.Literals(["succeeded", "failed", "unknown", "delayed"])
export type ToldOutcome = typeof ToldOutcome.Type

/** What becomes of a task of exactly so many units, if nothing else is said: of a credit, for example. @category values */
export const magicUnits: ReadonlyArray<{
  readonly units: number
  readonly outcome: ToldOutcome | "unreachable"
  readonly meaning: string
}> = [
  { units: 9001, outcome: "failed", meaning: "The ledger refuses it: the task is `failed`." },
  { units: 9002, outcome: "unknown", meaning: "The ledger cannot say what became of it: the task is `unknown`." },
  {
    units: 9003,
    outcome: "delayed",
    meaning: "The ledger takes a day of the sandbox's clock, or until it is told: the task is `processing`."
  },
  {
    units: 9004,
    outcome: "unreachable",
    meaning: "The ledger breaks off and knows nothing of it afterwards: the task is `unknown`."
  }
]

/** How long a delayed task takes. */
const delay = Duration.toMillis(Duration.days(1))
/** Outcomes that wait for a task, at most. */
const maximumNext = 100
/** Tasks that are under way, at most: the oldest is forgotten, and has succeeded. */
const maximumDelayed = 10_000

const outcomes: { readonly [O in Exclude<ToldOutcome, "delayed">]: LedgerOutcome } = {
  succeeded: { _tag: "Succeeded" },
  failed: { _tag: "Failed" },
  unknown: { _tag: "Unknown" }
}

const processing: LedgerOutcome = { _tag: "Processing" }

/** @category models */
export interface SandboxLedger {
  readonly layer: Layer.Layer<Ledger>
  /** Says what becomes of a task that is under way, or of the next one if none is named. */
  readonly tell: (outcome: ToldOutcome, task: string | undefined) => Effect.Effect<void, NotFound | Rejection>
  /** Says what becomes of the task that the work asks for. Where the work fails, nothing is said. */
  readonly saying: <A, E, R>(
    outcome: ToldOutcome,
    work: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | NotFound | Rejection, R>
}

interface UnderWay {
  readonly outcome: LedgerOutcome
  /** Milliseconds of the sandbox's clock. */
  readonly at: number
}

/** @category constructors */
export const make = ({ clock }: SandboxClock, settleAfter = 0): SandboxLedger => {
  const next: Array<ToldOutcome> = []
  const underWay = new Map<string, UnderWay>()
  const begin = (taskId: string, outcome: LedgerOutcome, after: number): void => {
    underWay.set(taskId, { outcome, at: clock.currentTimeMillisUnsafe() + after })
    if (underWay.size > maximumDelayed) underWay.delete(underWay.keys().next().value!)
  }
  const outcomeOf = (taskId: string): LedgerOutcome => {
    const task = underWay.get(taskId)
    if (task === undefined) return outcomes.succeeded
    if (task.at > clock.currentTimeMillisUnsafe()) return processing
    underWay.delete(taskId)
    return task.outcome
  }
  const ledger = Ledger.of({
    submit: ({ taskId, units }) =>
      Effect.suspend(() => {
        const said = next.shift() ?? magicUnits.find((magic) => magic.units === units)?.outcome ?? "succeeded"
        if (said === "unreachable") return Effect.fail(new LedgerUnavailable({ message: "The ledger broke off" }))
        if (said === "delayed") begin(taskId, outcomes.succeeded, delay)
        else begin(taskId, outcomes[said], settleAfter)
        return Effect.succeed(outcomeOf(taskId))
      }),
    find: ({ taskId, units }) =>
      Effect.sync(() =>
        !underWay.has(taskId) && magicUnits.some((magic) => magic.units === units && magic.outcome === "unreachable")
          ? undefined
          : outcomeOf(taskId)
      )
  })
  const tell = (outcome: ToldOutcome, task: string | undefined): Effect.Effect<void, NotFound | Rejection> => {
    if (task === undefined)
      return next.length === maximumNext ? Effect.fail(tooMany) : Effect.sync(() => void next.push(outcome))
    if (!underWay.has(task)) return Effect.fail(noTask)
    return Effect.sync(() =>
      outcome === "delayed" ? begin(task, outcomes.succeeded, delay) : begin(task, outcomes[outcome], 0)
    )
  }
  const unsay = (outcome: ToldOutcome): void => {
    const at = next.lastIndexOf(outcome)
    if (at >= 0) next.splice(at, 1)
  }
  return {
    layer: Layer.succeed(Ledger, ledger),
    tell: (outcome, task) => Effect.suspend(() => tell(outcome, task)),
    saying: (outcome, work) =>
      Effect.andThen(
        Effect.suspend(() => tell(outcome, undefined)),
        Effect.onError(work, () => Effect.sync(() => unsay(outcome)))
      )
  }
}

const tooMany = new Rejection({
  code: "invalid_request",
  status: 400,
  message: `At most ${maximumNext} outcomes wait for a task: let some tasks settle first.`
})

const noTask = new NotFound({ code: "task_not_found", message: "The ledger has no such task under way." })
