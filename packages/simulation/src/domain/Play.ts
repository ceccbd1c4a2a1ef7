/**
 * Plays random steps on the register and on the second model, and compares what both say. For runs of the domain alone, and for tests of its
 * decisions.
 */
import type { Commands, Decision, Events } from "@effekten/domain"
import { Policy } from "@effekten/domain"
import { Result } from "effect"
import { apply } from "../model/Apply.ts"
import type { Verdict } from "../model/Asked.ts"
import { keeping, Objects } from "../model/Objects.ts"
import { actOf } from "./Acts.ts"
import { type Answer, type Executed, MemoryRegister } from "./MemoryRegister.ts"
import { opening, start } from "./Opening.ts"
import { type Instructing, Reading, textOf } from "./Reading.ts"
import type { Step } from "./Steps.ts"

/** Both models of a run, and what was asked of them. @category models */
export interface Run {
  readonly register: MemoryRegister
  readonly world: Objects
  readonly issued: ReadonlyArray<{ readonly command: Commands.Command; readonly context: Decision.DecisionContext }>
  /** Of the last step. Milliseconds. */
  readonly now: number
}

/** @category models */
export interface PlayOptions {
  /** An empty one, in the hand of its maker from the beginning. */
  readonly world?: Objects
  /** Decisions of one's own: to see that broken ones are found. */
  readonly table?: Commands.Table | undefined
  /** Is told what became of each command. */
  readonly onExecuted?: (executed: Executed, run: Run) => void
  /** The models say different things of a command. Default: throws. */
  readonly onDiffering?: (message: string) => void
  /** After each step, that of a command or of the ledger. */
  readonly onStep?: (run: Run) => void
}

/** Data are kept for little more than a day, so that erasure takes part. @category values */
export const policy: Policy.Policy = { ...Policy.defaults, retention: { seconds: keeping / 1_000 } }

const verdictOf = (answer: Answer): Verdict => {
  if (Result.isSuccess(answer)) return answer.success.length === 0 ? { noop: true } : { ok: true }
  const { code, details } = answer.failure
  const free = details?.free ?? details?.left ?? details?.remaining
  return free === undefined ? { code } : { code, free }
}

/** What a request takes of lots, or gives back to them; `undefined` for any other event. @category computing */
export const lotsOf = ({ data, type }: Events.RecordedDomainEvent): ReadonlyArray<Events.Part> | undefined => {
  switch (type) {
    case "RedemptionRequested":
    case "TransferRequested":
      return data.lots
    case "ReversalRequested":
      return data.returned
    default:
      return undefined
  }
}

/** What both models say of a command, if it is not the same. */
const differing = ({ answer, command, events }: Executed, expected: Verdict): string | undefined => {
  const { lots, ...verdict } = { lots: undefined, ...expected }
  const decided = JSON.stringify(verdictOf(answer))
  if (decided !== JSON.stringify(verdict))
    return `${JSON.stringify(command)} is ${decided}, the second model says ${JSON.stringify(verdict)}`
  const [request] = events
  const parts = request === undefined ? undefined : lotsOf(request)
  if (parts === undefined) return undefined
  const taken = JSON.stringify(parts.map((part) => [part.investmentId, part.units]))
  return taken === JSON.stringify(lots)
    ? undefined
    : `${JSON.stringify(command)} takes ${taken}, the second model ${JSON.stringify(lots)}`
}

const fail = (message: string): never => {
  throw new Error(message)
}

/** Plays the opening and the steps. @category running */
export const play = (steps: ReadonlyArray<Step>, options: PlayOptions = {}): Run => {
  const { onDiffering = fail, onExecuted, onStep, table, world = new Objects() } = options
  const register = new MemoryRegister(table)
  const reading = new Reading(world, start)
  const issued: Array<Run["issued"][number]> = []
  const run: Run = {
    register,
    world,
    issued,
    get now() {
      return reading.now
    }
  }
  const instruct = ({ command, platform }: Instructing): void => {
    const { now } = reading
    const context = register.context(platform, textOf(now))
    issued.push({ command, context })
    const expected = apply(world, command, { platform, now })
    const executed = register.execute(command, context)
    const difference = differing(executed, expected)
    if (difference !== undefined) onDiffering(difference)
    onExecuted?.(executed, run)
  }
  // The second model has it from the beginning.
  const seeded = register.seed(policy)
  onExecuted?.(seeded, run)
  for (const act of opening(reading)) {
    instruct(act)
    onStep?.(run)
  }
  for (const step of steps) {
    const act = actOf(reading, step)
    if ("task" in act) world.ledgerActs(act.task, act.refuses)
    else instruct(act)
    onStep?.(run)
  }
  return run
}
