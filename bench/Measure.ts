/**
 * Times, CPU times, rates and ratios. For the measurements: they must compare within one run, on one machine, in turns.
 */
import { Effect } from "effect"

/** What some work took. CPU time is that of the whole process, all its threads, and hardly depends on what else the machine does. */
export interface Took {
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Something measured, beside what it is compared with. A ratio of 1 is as fast as the peer, 0.5 half as fast. */
export interface Result {
  readonly name: string
  /** What was done, and to what. */
  readonly shape: string
  readonly figures: { readonly [name: string]: number }
  readonly ratios: { readonly [peer: string]: number }
}

export const median = (numbers: ReadonlyArray<number>): number => quantile(numbers, 0.5)

/** @param part 0.5 for the median, 0.99 for what one in a hundred exceeds */
export const quantile = (numbers: ReadonlyArray<number>, part: number): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
}

/** @param count how often the work was done in this time */
export const each = ({ seconds, cpuSeconds }: Took, count: number): Took => ({
  seconds: seconds / count,
  cpuSeconds: cpuSeconds / count
})

export const medians = (all: ReadonlyArray<Took>): Took => ({
  seconds: median(all.map(({ seconds }) => seconds)),
  cpuSeconds: median(all.map(({ cpuSeconds }) => cpuSeconds))
})

const begin = (): (() => Took) => {
  const start = performance.now()
  const cpu = process.cpuUsage()
  return () => {
    const { user, system } = process.cpuUsage(cpu)
    return { seconds: (performance.now() - start) / 1_000, cpuSeconds: (user + system) / 1e6 }
  }
}

/** The time of something synchronous. */
export const time = (work: () => void): Took => {
  const end = begin()
  work()
  return end()
}

/** The time of an effect. */
export const timed = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<Took, E, R> =>
  Effect.suspend(() => {
    const end = begin()
    return Effect.map(work, end)
  })

export const plural = (count: number, what: string): string =>
  `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`

/** Three digits that matter. */
const figure = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)))

export const print = ({ name, shape, figures, ratios }: Result): void => {
  console.log(name)
  if (shape !== "") console.log(`  ${shape}`)
  for (const [what, value] of Object.entries(figures)) console.log(`  ${what}: ${figure(value)}`)
  for (const [peer, value] of Object.entries(ratios)) console.log(`  ${figure(value)} × ${peer}`)
}
