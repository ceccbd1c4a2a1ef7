/**
 * `effekten statement` over a register in a folder and over one in a database. For the registrar's staff.
 */
import { SignedNote } from "@effekten/event-store"
import { Audit, Log, Registrar } from "@effekten/registrar"
import { Investments } from "@effekten/services"
import { Cause, Console, Effect, Exit, Redacted } from "effect"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { CommandFailed } from "../packages/cli/src/ExitCode.ts"
import { ExitCode } from "../packages/cli/src/ExitCode.ts"
import { folderPlace } from "../packages/cli/src/FolderPlace.ts"
import { runOpenings } from "../packages/cli/src/Openings.ts"
import type { Place } from "../packages/cli/src/Place.ts"
import { postgresPlace } from "../packages/cli/src/PostgresPlace.ts"
import { runStatementList, runStatementMake, runStatementShow } from "../packages/cli/src/Statements.ts"
import { useServer } from "../packages/event-store/test/PgServer.ts"
import { delivered, offering, onboarded } from "../packages/registrar/test/fixture.ts"
import { isIssued } from "./GuideStatements.ts"

const root = mkdtempSync(join(tmpdir(), "effekten-statement-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const postgres = useServer()

/** What a command prints, and how it ends. */
const printed = async <E>(command: Effect.Effect<void, E>) => {
  const lines: Array<string> = []
  const exit = await Effect.runPromiseExit(
    Effect.provideService(command, Console.Console, {
      ...globalThis.console,
      log: (line: string) => void lines.push(line)
    } as Console.Console)
  )
  const failure = Exit.isFailure(exit) ? (Cause.squash(exit.cause) as CommandFailed) : undefined
  return { code: failure?.exitCode ?? ExitCode.done, message: failure?.message ?? "", text: lines.join("\n") }
}

/** A crypto security and another one, each delivered; the first with its statement. */
const entered = (place: Place) =>
  Effect.gen(function* () {
    const sold = Effect.fnUntraced(function* (ewpg: boolean) {
      const { campaign, platform } = yield* offering({ ewpg })
      return yield* Effect.gen(function* () {
        const holder = yield* onboarded
        const investment = yield* delivered(campaign, holder, 20)
        const investments = yield* Investments
        yield* Effect.repeat(investments.get(investment), { until: ({ status }) => status === "DELIVERED" })
        return { investment, investor: holder.investor }
      }).pipe(Effect.provide(Registrar.layer({ platform })))
    })
    const [crypto, digital] = [yield* sold(true), yield* sold(false)]
    const log = yield* Log
    yield* Effect.repeat(log.readAll([{ types: ["RegistryStatementIssued"] }]), { until: ({ length }) => length > 0 })
    return { ...crypto, digital: digital.investment }
  }).pipe(Effect.provide(place.register({})))

const nothing = "0190c2a4-0000-7000-8000-000000000000"

describe.each(["folder", "database"] as const)("effekten statement over a %s", (kind) => {
  const folder = join(root, kind)
  /** As each command finds it. */
  const found = (): Place =>
    kind === "folder"
      ? folderPlace(folder)
      : postgresPlace({ folder, url: Redacted.make(postgres.url()), anchor: join(folder, "checkpoint.anchor") })
  let place: Place
  let made: Effect.Success<ReturnType<typeof entered>>
  beforeAll(async () => {
    made = await Effect.runPromise(entered(found()))
    place = found()
  })

  const list = (investment: string, json = false) => printed(runStatementList(place, { investment, json }))
  const show = (statement: string, rest: { readonly json?: boolean; readonly proof?: string } = {}) =>
    printed(runStatementShow(place, { investment: made.investment, statement, json: false, proof: undefined, ...rest }))
  const make = (investment: string, key?: string, json = false) =>
    printed(runStatementMake(place, { investment, key, json }))

  it("lists, makes and shows; the same key makes one, and what is opened is recorded", async () => {
    const before = await list(made.investment)
    expect(before.text).toMatch(/^[0-9a-f-]{36}  \S+Z  entry \d+  as of \d+$/)
    const first = await make(made.investment, "asked")
    expect(first).toMatchObject({ code: 0, text: expect.stringMatching(/^issued: [0-9a-f-]{36}$/) })
    expect(await make(made.investment, "asked")).toEqual(first)
    const id = first.text.slice("issued: ".length)
    const listed = JSON.parse((await list(made.investment, true)).text)
    expect(listed).toMatchObject([{ cause: "entry" }, { id, cause: "request", about: id }])
    const { text } = await show(id)
    expect(text).toMatch(/^Statement of the register of crypto securities \(eWpG § 19\)\n\nSTATEMENT\n/)
    expect(text.split("\n")).toEqual(expect.arrayContaining(["remaining units: 20", "name: Wilma Beispiel"]))
    const json = JSON.parse((await show(id, { json: true })).text)
    expect(json).toMatchObject({ id, cause: "request", text: `${text}\n` })
    const opened = await printed(
      runOpenings(place, { json: true, investor: made.investor, document: undefined, since: undefined })
    )
    expect(opened.text).toContain('"GetRegistryStatement"')
  })

  it("writes the proof to a new file, which anybody can check", async () => {
    const [{ id }] = JSON.parse((await list(made.investment, true)).text)
    const file = join(root, `${kind}.json`)
    expect(await show(id, { proof: file })).toMatchObject({ code: 0 })
    const proof = JSON.parse(readFileSync(file, "utf8"))
    const keys = await Effect.runPromise(
      Effect.gen(function* () {
        const { checkpoints } = yield* Audit
        return (yield* checkpoints.keys).map((key) => `${SignedNote.printKey(key)}\n`).join("")
      }).pipe(Effect.provide(place.audit))
    )
    expect(isIssued(id, proof, keys)).toBe(true)
    expect(await show(id, { proof: file })).toMatchObject({
      code: ExitCode.failed,
      message: expect.stringContaining("EEXIST")
    })
  })

  it("ends with 2 for what is no id, and with 6 for what is not there or not due", async () => {
    expect(await list("no id")).toMatchObject({ code: ExitCode.usage })
    expect(await list(nothing)).toMatchObject({
      code: ExitCode.refused,
      message: expect.stringMatching(/^investment_not_found/)
    })
    expect(await show(nothing)).toMatchObject({
      code: ExitCode.refused,
      message: expect.stringMatching(/^statement_not_found/)
    })
    expect(await make(nothing)).toMatchObject({ code: ExitCode.refused })
    expect(await make(made.digital)).toMatchObject({
      code: ExitCode.refused,
      message: expect.stringMatching(/^not_a_crypto_security/)
    })
    expect((await list(made.digital)).text).toBe("None.")
  })
})
