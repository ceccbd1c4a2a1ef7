/**
 * The domain alone, without faults: random commands, decided in memory, held against the second model and the laws. For tests of decisions that
 * want very many of them, and for `effekten simulate --domain`. What becomes of an instruction under way belongs into a {@link Simulation}.
 *
 * It decides some twenty times as many commands in a CPU second as a simulation answers calls: docs/reference/simulation.md has the figures.
 */
import type { Commands } from "@effekten/domain"
import type { Projection } from "@effekten/projections"
import type { Step } from "./domain/Steps.ts"
import * as Steps from "./domain/Steps.ts"
import { start } from "./domain/Opening.ts"
import { play } from "./domain/Play.ts"
import * as Reached from "./domain/Reached.ts"
import * as Counting from "./history/Counting.ts"
import type { Facts } from "./history/History.ts"
import * as Recorder from "./history/Recorder.ts"
import * as Webhooks from "./history/Webhooks.ts"
import { conservation } from "./invariants/Conservation.ts"
import { decidedAgain } from "./invariants/DecidedAgain.ts"
import { decisions } from "./invariants/Decisions.ts"
import { effectOnce } from "./invariants/EffectOnce.ts"
import type { Invariant } from "./invariants/Invariant.ts"
import { stamps } from "./invariants/Stamps.ts"
import * as Watching from "./invariants/Watching.ts"
import * as Guard from "./kernel/Guard.ts"
import * as Randomness from "./kernel/Randomness.ts"
import { Objects } from "./model/Objects.ts"
import { leaveOut } from "./Shrink.ts"
import * as Sometimes from "./Sometimes.ts"

/** @category models */
export interface Options {
  readonly seed: number
  /** How many are drawn, or the steps themselves. Default: 200. */
  readonly steps?: number | ReadonlyArray<Step>
  /** Laws beside those of {@link laws}. */
  readonly invariants?: ReadonlyArray<Invariant>
  /** Decisions of one's own: to see that broken ones are found. Default: those of the register. */
  readonly table?: Commands.Table
}

/** What a run came to, as plain JSON. The same options give the same bytes. @category models */
export interface Report {
  readonly seed: number
  readonly steps: ReadonlyArray<Step>
  readonly violations: ReadonlyArray<Watching.Violation>
  readonly commands: number
  /** Of virtual time. */
  readonly seconds: number
  readonly log: ReadonlyArray<Projection.LoggedEvent>
  /** How often each event, each operation and each refusal came about. */
  readonly counts: Sometimes.Counts
}

/** Those that ask for no caller and no ledger. The second model is compared command by command, refusals that no log has included. @category values */
export const laws: ReadonlyArray<Invariant> = [conservation, effectOnce, decidedAgain, stamps]

/** For some hundred runs. @category values */
export const sometimes: Sometimes.Targets = Object.fromEntries(
  [
    ...Reached.events.map((type) => `event ${type}`),
    ...Reached.operations.map((operation) => `done ${operation}`),
    ...Reached.everyRefusal.map((code) => `refused ${code}`)
  ].map((what) => [what, 1])
)

const usualSteps = 200

const drawn = (seed: number, count: number): ReadonlyArray<Step> => {
  const stream = Randomness.stream(seed, "domain steps")
  return Steps.drawMany(stream, count)
}

/** Runs one seed. @category running */
export const run = (options: Options): Report => {
  const { seed, steps = usualSteps } = options
  const breaches: Array<Guard.Breach> = []
  return Guard.during(
    (breach) => void breaches.push(breach),
    () => running(options, typeof steps === "number" ? drawn(seed, steps) : steps, breaches)
  )
}

/** Under the guard. */
const running = (
  { invariants = [], seed, table }: Options,
  steps: ReadonlyArray<Step>,
  breaches: ReadonlyArray<Guard.Breach>
): Report => {
  const watching = Watching.make([...laws, ...invariants])
  const counts = Counting.make()
  const world = new Objects()
  const found: Array<Watching.Violation> = []
  let [now, commands] = [start, 0]
  const micros = () => (now - start) * 1_000
  const recorder = Recorder.make({ now: micros, onCommitted: watching.committed, onAnswered: () => undefined })
  const facts: Facts = {
    ...recorder,
    world,
    ledger: new Map(),
    program: { platform: undefined, kept: new Map() },
    stored: new Map(),
    contents: new Map(),
    erasesWhenDue: false,
    forgeries: [],
    overstepped: [],
    verified: [],
    webhooks: Webhooks.none()
  }
  watching.begun(facts, micros)
  const broken = (invariant: string, message: string): void => void found.push({ invariant, message, time: micros() })
  const playing = () =>
    play(steps, {
      world,
      table,
      onDiffering: (message) => broken(decisions.name, message),
      onExecuted: ({ answer, command, events }, run) => {
        now = run.now
        commands += 1
        if (answer._tag === "Failure") counts.add(`refused ${answer.failure.code}`)
        else if (answer.success.length > 0) counts.add(`done ${command.operation}`)
        for (const event of events) {
          counts.add(`event ${event.type}`)
          recorder.event(event)
        }
      }
    })
  try {
    playing()
    watching.healed()
  } catch (cause) {
    broken("the run ends", cause instanceof Error ? (cause.stack ?? cause.message) : String(cause))
  }
  for (const { asked, place } of breaches) broken("all is under the seed", `${asked} was asked by ${place}`)
  return {
    seed,
    steps,
    violations: [...found, ...watching.violations],
    commands,
    seconds: micros() / 1_000_000,
    log: recorder.log,
    counts: counts.all()
  }
}

/** What many seeds came to together; the first that broke a law ends them. @category models */
export interface Outcome {
  readonly runs: number
  readonly commands: number
  readonly events: number
  /** Of virtual time. */
  readonly seconds: number
  readonly counts: Sometimes.Counts
  readonly failing: Report | undefined
}

/** A report with the violation that a second run came to something else, if it did. */
const compared = (report: Report, options: Options): Report => {
  const again = run({ ...options, steps: report.steps })
  if (JSON.stringify(again) === JSON.stringify(report)) return report
  const message = "the same steps twice came to different reports"
  return {
    ...report,
    violations: [{ invariant: "the same steps give the same bytes", message, time: 0 }, ...report.violations]
  }
}

/** Runs one seed after the other. @category running */
export const seeds = (
  options: Omit<Options, "seed"> & {
    readonly first: number
    /** Whether another seed is to be run, after so many. */
    readonly goesOn: (runs: number) => boolean
    /** Each twice: a difference is a violation. */
    readonly checksDeterminism?: boolean
  }
): Outcome => {
  let [runs, commands, events, seconds] = [0, 0, 0, 0]
  let counts: Sometimes.Counts = {}
  let failing: Report | undefined
  while (failing === undefined && options.goesOn(runs)) {
    const given: Options = { ...options, seed: options.first + runs }
    const once = run(given)
    const report = options.checksDeterminism === true ? compared(once, given) : once
    runs += 1
    commands += report.commands
    events += report.log.length
    seconds += report.seconds
    counts = Sometimes.added(counts, report.counts)
    if (report.violations.length > 0) failing = report
  }
  return { runs, commands, events, seconds, counts, failing }
}

/** Makes a failing run small, and tells its last commands and what is broken. @category running */
export const explain = ({ seed, steps: all, violations }: Report, options: Omit<Options, "seed"> = {}): string => {
  const law = violations[0]?.invariant
  let steps = all
  const breaks = (left: ReadonlyArray<Step>): boolean => {
    const still = run({ ...options, seed, steps: left }).violations.some(({ invariant }) => invariant === law)
    if (still) steps = left
    return still
  }
  for (let before = 0; before !== steps.length;) {
    before = steps.length
    leaveOut(steps, breaks)
  }
  const { violations: found } = run({ ...options, seed, steps })
  return [
    `seed ${seed} · ${all.length} steps → ${steps.length}`,
    ...found.map(({ invariant, message }) => `✗ ${invariant}: ${message}`),
    ...steps.map((step) => JSON.stringify(step)),
    `again: effekten simulate --domain --seed ${seed}, or DomainRun.run({ seed: ${seed}, steps: [the lines above] })`
  ].join("\n")
}
