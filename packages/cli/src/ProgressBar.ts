/**
 * A bar on standard error that shows a person how far a long command is: the rate, the time left. For verify and export.
 */
import { Clock, Effect } from "effect"

/** @category models */
export interface Progress {
  /** What is being done, for a command that does several things. */
  readonly phase?: string
  readonly done: number
  readonly total: number
  readonly unit?: string
}

const width = 30
/** Milliseconds between two pictures. */
const frame = 100

const number = (value: number): string => Math.round(value).toLocaleString("en-US")

const duration = (seconds: number): string =>
  seconds < 60
    ? `${Math.ceil(seconds)} s`
    : seconds < 3_600
      ? `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`
      : `${Math.floor(seconds / 3_600)} h ${Math.round((seconds % 3_600) / 60)} min`

/** One line: bar, amount, rate, time left. @category conversions */
export const formatProgress = ({ phase, done, total, unit = "" }: Progress, seconds: number): string => {
  const part = total === 0 ? 1 : Math.min(1, done / total)
  const filled = Math.floor(width * part)
  const rate = seconds > 0 ? done / seconds : 0
  const what =
    unit === "bytes" ? `${number(done / 1e6)} of ${number(total / 1e6)} MB` : `${number(done)} of ${number(total)}`
  const speed = unit === "bytes" ? `${number(rate / 1e6)} MB/s` : `${number(rate)}/s`
  const left = rate > 0 && done < total ? `, ${duration((total - done) / rate)} left` : ""
  return `${phase === undefined ? "" : `${phase} `}[${"=".repeat(filled)}${" ".repeat(width - filled)}] ${what}${unit === "" || unit === "bytes" ? "" : ` ${unit}`}, ${speed}${left}`
}

/** Draws each progress it is called with; nothing if standard error is no terminal. The line is gone afterwards. @category running */
export const makeProgressBar = Effect.gen(function* () {
  if (process.stderr.isTTY !== true) return { show: undefined, clear: Effect.void }
  let phase: string | undefined
  // The first picture already knows how fast it goes.
  let begun = yield* Clock.currentTimeMillis
  let drawn = 0
  return {
    show: (progress: Progress) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (phase !== undefined && progress.phase !== phase) begun = now
        phase = progress.phase
        if (now - drawn < frame) return
        drawn = now
        process.stderr.write(`\r\u001b[K${formatProgress(progress, (now - begun) / 1_000)}`)
      }),
    clear: Effect.sync(() => void process.stderr.write("\r\u001b[K"))
  }
})
