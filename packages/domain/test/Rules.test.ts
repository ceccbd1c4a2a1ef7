/**
 * The rules of the decisions, held by logs that they made. What was decided once is decided again in the same way forever. For a developer that changes a decision.
 *
 * `GOLDEN=write` writes the log of a version that has none. An existing file is never changed. If one of them is judged wrong, a recorded
 * instruction would be decided otherwise now: put the decision of before into `formerly` of its command.
 */
import fc from "fast-check"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { Command, Commands, type Events, Judgement } from "../src/index.ts"
import { play, stateOf } from "@effekten/simulation/domain"
import { step } from "./Steps.ts"

/** The highest version that a command has. Each version of the whole has a log. */
const versions = Math.max(...Object.values(Commands.all).map(Command.rulesOf))
const fileOf = (version: number) => new URL(`./golden/decisions.v${version}.jsonl`, import.meta.url)

/** One long run of a register, in which nearly every event and every refusal occurs. */
const made = (seed: number): ReadonlyArray<Events.RecordedDomainEvent> => {
  const [sequence] = fc.sample(fc.noBias(fc.array(step, { minLength: 500, maxLength: 500, size: "max" })), {
    numRuns: 1,
    seed
  })
  return play(sequence!).register.log
}

if (process.env["GOLDEN"] === "write" && !existsSync(fileOf(versions)))
  writeFileSync(
    fileOf(versions),
    made(versions)
      .map((event) => `${JSON.stringify(event)}\n`)
      .join("")
  )

const kept = (version: number): ReadonlyArray<Events.RecordedDomainEvent> =>
  readFileSync(fileOf(version), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

/** The instructions that are judged wrong, by the position of their first event. */
const wrongIn = (log: ReadonlyArray<Events.RecordedDomainEvent>): ReadonlyArray<unknown> => {
  const wrong: Array<unknown> = []
  let first = 0
  log.forEach((event, index) => {
    if (event.meta.fingerprint === undefined) return
    const [head, ...rest] = log.slice(first, index + 1)
    const before = log.slice(0, first)
    const { same, ...judged } = Judgement.judge([head!, ...rest], (model) => stateOf(model, before))
    if (!same) wrong.push({ position: head!.position, ...judged })
    first = index + 1
  })
  return wrong
}

describe("promise 8: the rules of a decision", () => {
  it.each(Array.from({ length: versions }, (_, index) => index + 1))(
    "of version %i still judge the log they made",
    (version) => {
      expect(existsSync(fileOf(version)), "run the tests with GOLDEN=write, and look at what was written").toBe(true)
      const log = kept(version)
      expect(wrongIn(log)).toEqual([])
      // It is a log in which decisions could go wrong.
      expect(new Set(log.map(({ type }) => type)).size).toBeGreaterThan(24)
      expect(new Set(log.map(({ meta }) => meta.operation)).size).toBeGreaterThan(20)
    }
  )
})
