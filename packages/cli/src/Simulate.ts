/**
 * Runs simulations for `effekten simulate`, and prints what they came to. For people who look for an error for longer than a test does.
 */
import { DomainRun, Failing, Seeds, Simulation, Sometimes } from "@effekten/simulation"
import { Clock, Console, Effect, Option } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"

interface SimulateFlags {
  readonly seed: Option.Option<number>
  readonly minutes: Option.Option<number>
  readonly plan: Option.Option<string>
  readonly http: boolean
  readonly domain: boolean
  readonly sqlite: boolean
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

/** Seeds of decisions alone, which take milliseconds each. */
const portionOfDomain = 100

/** How long a run of seeds goes on, and where it begins. */
const series = (seed: Option.Option<number>, minutes: Option.Option<number>) =>
  Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    const first = Option.getOrElse(seed, () => began % 1_000_000)
    yield* Console.log(`seeds from ${first}`)
    return { first, began, until: began + Option.getOrElse(minutes, () => 0) * 60_000 }
  })

const ofDomain = ({ checkDeterminism, minutes, seed }: SimulateFlags) =>
  Effect.gen(function* () {
    const { began, first, until } = yield* series(seed, minutes)
    const cpu = process.cpuUsage()
    let [runs, commands, events, seconds] = [0, 0, 0, 0]
    let counts: Sometimes.Counts = {}
    for (let now = began; runs === 0 || now < until; now = yield* Clock.currentTimeMillis) {
      const count = until > began ? portionOfDomain : 1
      const goesOn = (done: number) => done < count
      const outcome = DomainRun.seeds({ first: first + runs, goesOn, checksDeterminism: checkDeterminism })
      const { failing } = outcome
      if (failing !== undefined) {
        yield* Console.log(DomainRun.explain(failing))
        return yield* new CommandFailed({ exitCode: ExitCode.violated, message: `seed ${failing.seed} breaks a law` })
      }
      runs += outcome.runs
      commands += outcome.commands
      events += outcome.events
      seconds += outcome.seconds
      counts = Sometimes.added(counts, outcome.counts)
      yield* Effect.yieldNow
    }
    const { system, user } = process.cpuUsage(cpu)
    const spent = (system + user) / 1_000_000
    yield* Console.log(
      `${runs} runs, ${commands} commands, ${events} events, ${(seconds / hour).toFixed(1)} virtual hours`
    )
    yield* Console.log(`${spent.toFixed(1)} CPU seconds, ${Math.round(commands / spent)} commands a second`)
    yield* Console.log(tableOf(counts))
    const missing = Sometimes.missing(counts, DomainRun.sometimes)
    if (until > began && missing.length > 0) yield* Console.log(`seldom: ${missing.join(", ")}`)
  })

/** @category commands */
export const runSimulate = (flags: SimulateFlags): Effect.Effect<void, CommandFailed> =>
  Effect.gen(function* () {
    const { checkDeterminism, domain, http, minutes, plan, seed, sqlite } = flags
    if (Option.isSome(plan)) return yield* ofPlan(plan.value, checkDeterminism)
    if (domain) return yield* ofDomain(flags)
    const { began, first, until } = yield* series(seed, minutes)
    const cpu = process.cpuUsage()
    let totals: Seeds.Totals | undefined
    for (let now = began; totals === undefined || now < until; now = yield* Clock.currentTimeMillis) {
      const next = first + (totals?.runs ?? 0)
      const count = until > began ? portion : 1
      const goesOn = (runs: number) => runs < count
      const outcome = Seeds.run({ first: next, goesOn, http, sqlite, checksDeterminism: checkDeterminism })
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
