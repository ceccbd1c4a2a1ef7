/**
 * Simulations on the command line: what a run came to, a plan that was kept, and how it ends where there is none. For `effekten simulate`.
 */
import { Plan } from "@effekten/simulation"
import { Cause, Console, Effect, Exit, Option } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { CommandFailed, ExitCode } from "../src/ExitCode.ts"
import { runSimulate } from "../src/Simulate.ts"

const root = mkdtempSync(join(tmpdir(), "effekten-simulate-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const nothing = {
  seed: Option.none(),
  minutes: Option.none(),
  plan: Option.none(),
  http: false,
  domain: false,
  sqlite: false,
  checkDeterminism: false
}

/** What it prints, and how it ends. */
const simulated = async (flags: Partial<Parameters<typeof runSimulate>[0]>) => {
  const printed: Array<string> = []
  const console: Console.Console = { ...globalThis.console, log: (line: string) => void printed.push(line) }
  const exit = await Effect.runPromiseExit(
    Effect.provideService(runSimulate({ ...nothing, ...flags }), Console.Console, console)
  )
  const failure = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
  return { printed: printed.join("\n"), failure: failure instanceof CommandFailed ? failure.exitCode : failure }
}

describe("effekten simulate", () => {
  it("runs a seed twice, and prints what it came to", async () => {
    const { failure, printed } = await simulated({ seed: Option.some(18), checkDeterminism: true })
    expect(failure).toBeUndefined()
    expect(printed).toMatch(/seeds from 18\n1 runs, \d+ calls in \d+ attempts/)
    expect(printed).toMatch(/\d+ {2}event InvestmentSigned/)
  })

  it("runs a seed over HTTP", async () => {
    const { failure, printed } = await simulated({ seed: Option.some(18), http: true })
    expect(failure).toBeUndefined()
    expect(printed).toMatch(/\d+ {2}event InvestmentSigned/)
  })

  it("runs decisions alone, twice", async () => {
    const { failure, printed } = await simulated({ seed: Option.some(18), domain: true, checkDeterminism: true })
    expect(failure).toBeUndefined()
    expect(printed).toMatch(/1 runs, \d+ commands, \d+ events/)
    expect(printed).toMatch(/\d+ commands a second/)
  })

  it("runs a seed over SQLite, twice to the same bytes", async () => {
    const { failure, printed } = await simulated({ seed: Option.some(18), sqlite: true, checkDeterminism: true })
    expect(failure).toBeUndefined()
    expect(printed).toMatch(/\d+ {2}event InvestmentSigned/)
  })

  it("runs a plan that was kept", async () => {
    const file = join(root, "plan.json")
    writeFileSync(file, JSON.stringify(Plan.draw(4, { steps: 20 })))
    const { failure, printed } = await simulated({ plan: Option.some(file) })
    expect(failure).toBeUndefined()
    expect(printed).toContain("every law holds")
  })

  it("says that a file is no plan", async () => {
    expect((await simulated({ plan: Option.some(join(root, "none.json")) })).failure).toBe(ExitCode.usage)
  })
})
