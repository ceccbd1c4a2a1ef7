/**
 * Runs simulations for `effekten simulate`, and prints what they came to. For people who look for an error for longer than a test does.
 */
import { Failing, Seeds, Simulation, Sometimes } from "@effekten/simulation"
import { Clock, Console, Effect, Option } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"

interface SimulateFlags {
  readonly seed: Option.Option<number>
  readonly minutes: Option.Option<number>
  readonly plan: Option.Option<string>
  readonly http: boolean
  readonly checkDeterminism: boolean
}

/** Seeds after which the process looks at the clock, and a person can interrupt it. */
const portion = 5

const hour = 3_600

const told = ({ attempts, calls, events, runs, seconds, steps }: Seeds.Totals, cpu: number): string =>
  [
    `${runs} runs, ${calls} calls in ${attempts} attempts, ${events} events, ${(seconds / hour).toFixed(1)} virtual hours, ${steps} steps`,
    `${cpu.toFixed(1)} CPU seconds, ${Math.round(calls / cpu)} calls a second`
  ].join("\n")

/** What came about how often, the seldom first. */
const tableOf = (counts: Sometimes.Counts): string =>
  Object.entries(counts)
    .toSorted(([, a], [, b]) => a - b)
    .map(([what, count]) => `${String(count).padStart(9)}  ${what}`)
    .join("\n")

const found = (failing: Simulation.Report): Effect.Effect<never, CommandFailed> =>
  Effect.andThen(
    Effect.suspend(() => Console.log(Failing.explain(failing))),
    new CommandFailed({ exitCode: ExitCode.violated, message: `seed ${failing.plan.seed} breaks a law` })
  )

const ofPlan = (file: string, checksDeterminism: boolean) =>
  Effect.gen(function* () {
    const plan = yield* Effect.try({
      try: () => Failing.readPlan(file),
      catch: () => new CommandFailed({ exitCode: ExitCode.usage, message: `${file} is no plan that can be read` })
    })
    const once = Simulation.run(plan)
    const report = checksDeterminism ? Seeds.compared(once) : once
    if (report.violations.length > 0) return yield* found(report)
    yield* Console.log(`${report.calls} calls, ${report.events} events: every law holds`)
  })

/** @category commands */
export const runSimulate = ({
  checkDeterminism,
  http,
  minutes,
  plan,
  seed
}: SimulateFlags): Effect.Effect<void, CommandFailed> =>
  Effect.gen(function* () {
    if (Option.isSome(plan)) return yield* ofPlan(plan.value, checkDeterminism)
    const began = yield* Clock.currentTimeMillis
    const first = Option.getOrElse(seed, () => began % 1_000_000)
    const until = began + Option.getOrElse(minutes, () => 0) * 60_000
    yield* Console.log(`seeds from ${first}`)
    const cpu = process.cpuUsage()
    let totals: Seeds.Totals | undefined
    for (let now = began; totals === undefined || now < until; now = yield* Clock.currentTimeMillis) {
      const next = first + (totals?.runs ?? 0)
      const count = until > began ? portion : 1
      const goesOn = (runs: number) => runs < count
      const outcome = Seeds.run({ first: next, goesOn, http, checksDeterminism: checkDeterminism })
      totals = totals === undefined ? outcome.totals : Seeds.together(totals, outcome.totals)
      if (outcome.failing !== undefined) return yield* found(outcome.failing)
      yield* Effect.yieldNow
    }
    const { system, user } = process.cpuUsage(cpu)
    yield* Console.log(told(totals, (system + user) / 1_000_000))
    yield* Console.log(tableOf(totals.counts))
    const missing = Sometimes.missing(totals.counts, Sometimes.standard)
    if (until > began && missing.length > 0) yield* Console.log(`seldom: ${missing.join(", ")}`)
  })
