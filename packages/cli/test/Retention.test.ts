/**
 * D-15 as the registrar's staff see it: holds, the list of due investors, and a server that erases by the clock.
 */
import { type Id, Timestamp } from "@effekten/domain"
import { Log, Registrar } from "@effekten/registrar"
import { Investors, Platforms } from "@effekten/services"
import { Cause, Clock, Console, Effect, Exit, Logger, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { CommandFailed, ExitCode } from "../src/ExitCode.ts"
import { folderPlace } from "../src/FolderPlace.ts"
import { runForget } from "../src/Forget.ts"
import { runHold, runRelease } from "../src/Holds.ts"
import { type RetentionResult, runRetention } from "../src/RetentionList.ts"
import { keepingFor } from "../src/Place.ts"
import { runPolicySet } from "../src/PolicyInForce.ts"
import { behind, somebody } from "./Past.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "effekten-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const registered = (daysAgo: number, many = 1): Promise<ReadonlyArray<Id.InvestorId>> =>
  Effect.gen(function* () {
    const platform = yield* (yield* Platforms).register({ name: "Erste Plattform" })
    const create = Effect.map(
      Effect.flatMap(Investors, (investors) => investors.create(somebody)),
      ({ id }) => id
    )
    return yield* Effect.provide(Effect.replicateEffect(create, many), Registrar.layer({ platform: platform.id }))
  }).pipe(Effect.provide(Registrar.layerFolder({ folder })), behind(daysAgo), Effect.runPromise)

/** What a command prints. As in the command itself, what it logs goes elsewhere. */
const printed = (command: Effect.Effect<unknown, CommandFailed>): Promise<string> => {
  const lines: Array<string> = []
  return Effect.runPromise(
    Effect.provideService(command, Console.Console, {
      ...globalThis.console,
      log: (...args: ReadonlyArray<unknown>) => void lines.push(args.join(" "))
    } as Console.Console).pipe(Effect.provide(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])))
  ).then(() => lines.join("\n"))
}

const failureOf = async (command: Effect.Effect<unknown, CommandFailed>): Promise<CommandFailed> => {
  const exit = await Effect.runPromiseExit(command)
  expect(Exit.isFailure(exit)).toBe(true)
  return Exit.isFailure(exit) ? (Cause.squash(exit.cause) as CommandFailed) : (undefined as never)
}

const hold = (investor: string, until?: string) =>
  runHold(folderPlace(folder), { investor, basis: "authority_order", until })
const forget = (investor: string) =>
  runForget(folderPlace(folder), {
    investor,
    ground: "retention_over",
    believeClock: new Date().toISOString(),
    retention: undefined
  })
const list = async (
  options: { readonly limit?: number; readonly after?: string; readonly retention?: number } = {}
): Promise<RetentionResult> =>
  JSON.parse(
    await printed(
      runRetention(folderPlace(folder), {
        retention: options.retention,
        limit: options.limit ?? 50,
        after: options.after,
        json: true
      })
    )
  )

describe("D-15 hold and release", () => {
  it("put off an erasure, with the date where there is one", async () => {
    const [investor] = await registered(8 * 366)
    const placed = await printed(hold(investor!))
    expect(placed).toMatch(/^held: [0-9a-f-]{36}$/)
    const refused = await failureOf(forget(investor!))
    expect(refused).toMatchObject({ exitCode: ExitCode.refused })
    expect(refused.message).toBe("legal_hold: A legal hold wants the data kept.")
    const timed = "2200-01-01T00:00:00+01:00"
    const second = (await printed(hold(investor!, timed))).replace("held: ", "")
    const first = placed.replace("held: ", "")
    expect(await printed(runRelease(folderPlace(folder), { investor: investor!, hold: first }))).toBe(
      `released: ${first}`
    )
    expect((await failureOf(forget(investor!))).message).toBe(
      `legal_hold: A legal hold wants the data kept. Until ${timed}.`
    )
    await printed(runRelease(folderPlace(folder), { investor: investor!, hold: second }))
    await printed(forget(investor!))
  })

  it("of somebody nobody knows, with an end that is none, of a hold nobody placed: say so", async () => {
    expect(await failureOf(hold("nobody"))).toMatchObject({ exitCode: ExitCode.folder })
    const [investor] = await registered(0)
    expect(await failureOf(hold("nobody"))).toMatchObject({ exitCode: ExitCode.refused })
    expect(await failureOf(hold(investor!, "tomorrow"))).toMatchObject({ exitCode: ExitCode.usage })
    expect(await failureOf(hold(investor!, "2020-01-01T00:00:00Z"))).toMatchObject({ exitCode: ExitCode.refused })
    const release = (id: string) => failureOf(runRelease(folderPlace(folder), { investor: investor!, hold: id }))
    expect(await release("no id")).toMatchObject({ exitCode: ExitCode.usage })
    expect(await release("none")).toMatchObject({ exitCode: ExitCode.refused })
  })
})

describe("D-15 retention", () => {
  it("prints when investors are due, the soonest first, page by page, also after an investor erased since, beside a register that is open", async () => {
    const old = await registered(8 * 366, 2)
    const recent = await registered(0, 3)
    await printed(hold(recent[1]!))
    await printed(hold(old[1]!, "2200-01-01T00:00:00Z"))
    const whole = await Effect.runPromise(
      Effect.provide(
        Effect.promise(() => list()),
        Registrar.layerFolder({ folder })
      )
    )
    expect(whole).toMatchObject({ due: 1, restricted: 3, held: 1, active: 0, erased: 0, next: null })
    expect(whole.investors.map(({ investorId, state }) => [investorId, state])).toEqual([
      [old[0], "due"],
      ...[recent[0], recent[2]].toSorted().map((id) => [id, "restricted"]),
      [old[1], "restricted"],
      [recent[1], "held"]
    ])
    const now = await Effect.runPromise(Clock.currentTimeMillis)
    const due = Number(whole.investors[1]!.due!.slice(0, 4))
    expect(due - new Date(now + 3_600_000).getUTCFullYear()).toBe(6)
    expect(whole.investors[3]!.holds).toMatchObject([{ basis: "authority_order", until: "2200-01-01T00:00:00Z" }])
    const pages: Array<string> = []
    for (let next: string | null = ""; next !== null;) {
      const page: RetentionResult = await list({ limit: 2, ...(next === "" ? {} : { after: next }) })
      expect(page.investors.length).toBeLessThanOrEqual(2)
      pages.push(...page.investors.map(({ investorId }) => investorId))
      next = page.next
    }
    expect(pages).toEqual(whole.investors.map(({ investorId }) => investorId))
    const text = await printed(
      runRetention(folderPlace(folder), { retention: undefined, limit: 2, after: undefined, json: false })
    )
    expect(text).toMatch(/^1 due, 3 restricted, 1 held, 0 active, 0 erased, after \d+ events/)
    expect(text).toMatch(/\nmore: --after [0-9a-f-]{36}$/)
    const afterFirst = await list({ after: old[0]! })
    await printed(forget(old[0]!))
    expect(await list({ after: old[0]! })).toEqual({
      ...afterFirst,
      position: afterFirst.position + 1,
      due: 0,
      erased: 1
    })
    const nobody = runRetention(folderPlace(folder), { retention: undefined, limit: 2, after: "nobody", json: false })
    expect(await failureOf(nobody)).toMatchObject({ exitCode: ExitCode.usage })
  })
})

describe("D-15 a register that is told to erase", () => {
  /** The investors that the clock erases, until it has erased so many. */
  const erasedBy = (years: number | undefined, many: number) =>
    Effect.flatMap(Log, (log) =>
      log.subscribe([{ types: ["InvestorErased"] }], 0).pipe(Stream.take(many), Stream.runCollect)
    ).pipe(
      Effect.provide(
        folderPlace(folder).register({
          policy: keepingFor(years),
          eraseWhenDue: true,
          believeClock: Timestamp.instantOf(new Date().toISOString())
        })
      ),
      Effect.map((events) => events.map(({ data }) => ("investorId" in data ? data.investorId : ""))),
      Effect.runPromise
    )

  it("erases the investors that are due by the years it was told, and none on whom a hold stands", async () => {
    const [ten, held] = await registered(12 * 366, 2)
    const [seven] = await registered(8 * 366)
    await registered(0)
    await printed(hold(held!))
    expect(await erasedBy(10, 1)).toEqual([ten])
    expect(await list()).toMatchObject({
      policy: { retention: { years: 10 } },
      due: 0,
      restricted: 2,
      held: 1,
      erased: 1
    })
    expect(await list({ retention: 5 })).toMatchObject({ due: 1, restricted: 1, held: 1, erased: 1 })
    await printed(runPolicySet(folderPlace(folder), { retention: { years: 5 } }))
    expect(await erasedBy(undefined, 2)).toEqual([ten, seven])
    expect(await list()).toMatchObject({ due: 0, restricted: 1, held: 1, erased: 2 })
  })
})
