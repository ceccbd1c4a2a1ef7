/**
 * Forgetting and rotation in a folder, as the command does them. For the registrar's staff.
 */
import type { Id } from "@effekten/domain"
import { Log, MasterKey, Registrar } from "@effekten/registrar"
import { Investors, Platforms } from "@effekten/services"
import { Cause, Effect, Exit } from "effect"
import { SecureRandom } from "effect/crypto"
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { CommandFailed, ExitCode } from "../src/ExitCode.ts"
import { folderPlace } from "../src/FolderPlace.ts"
import { runDisclose, runForget } from "../src/Forget.ts"
import { runRotateMasterKey } from "../src/RotateMasterKey.ts"
import { runPolicySet } from "../src/PolicyInForce.ts"
import { behind, somebody } from "./Past.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "effekten-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const registered = (daysAgo: number): Promise<Id.InvestorId> =>
  Effect.gen(function* () {
    const platform = yield* (yield* Platforms).register({ name: "Erste Plattform" })
    const create = Effect.flatMap(Investors, (investors) => investors.create(somebody))
    return (yield* Effect.provide(create, Registrar.layer({ platform: platform.id }))).id
  }).pipe(Effect.provide(Registrar.layerFolder({ folder })), behind(daysAgo), Effect.runPromise)

const failureOf = async (command: Effect.Effect<unknown, CommandFailed>): Promise<CommandFailed> => {
  const exit = await Effect.runPromiseExit(command)
  expect(Exit.isFailure(exit)).toBe(true)
  return Exit.isFailure(exit) ? (Cause.squash(exit.cause) as CommandFailed) : (undefined as never)
}

const forget = (investor: string, options: { readonly retention?: number; readonly believeClock?: string } = {}) =>
  runForget(folderPlace(folder), { investor, ground: "request", retention: undefined, ...options })

const partsOf = (investor: Id.InvestorId) =>
  Effect.gen(function* () {
    const log = yield* Log
    const events = yield* log.readAll([{ types: ["InvestorRegistered"] }])
    return yield* log.reveal(
      { actor: "registrar", platform: undefined, purpose: "DiscloseInvestor" },
      events.filter(({ data }) => "investorId" in data && data.investorId === investor).map(({ position }) => position)
    )
  }).pipe(Effect.provide(Registrar.layerFolder({ folder })), Effect.runPromise)

describe("forget", () => {
  it("refuses within retention, with the date; years later it forgets", async () => {
    const recent = await registered(0)
    const refusal = await failureOf(forget(recent))
    expect(refusal.exitCode).toBe(ExitCode.refused)
    expect(refusal.message).toMatch(/^retention_running: .* Until \d{4}-01-01T00:00:00\+01:00\.$/)
    rmSync(folder, { recursive: true })
    const old = await registered(8 * 366)
    expect(await failureOf(forget(old, { retention: 10 }))).toMatchObject({ exitCode: ExitCode.refused })
    // It is the register's policy now.
    expect((await failureOf(forget(old))).message).toMatch(/^retention_running/)
    const other = await failureOf(forget(old, { retention: 5 }))
    expect(other.exitCode).toBe(ExitCode.folder)
    expect(other.message).toContain("`effekten policy set`")
    await Effect.runPromise(runPolicySet(folderPlace(folder), { retention: { years: 5 } }))
    // The clock alone says that eight years have passed: a person has to say so too, and mean the same instant.
    const doubted = await failureOf(forget(old, { retention: 5 }))
    expect(doubted.exitCode).toBe(ExitCode.failed)
    expect(doubted.message).toMatch(/ days after 20.*, the last time this register can vouch for/)
    expect((await failureOf(forget(old, { believeClock: "2031-01-01" }))).exitCode).toBe(ExitCode.usage)
    const otherDay = new Date(Date.now() - 3 * 86_400_000).toISOString()
    expect((await failureOf(forget(old, { believeClock: otherDay }))).message).toMatch(
      /the last time this register can vouch for/
    )
    expect((await partsOf(old))[0]?._tag).toBe("Present")
    const believeClock = new Date().toISOString()
    await Effect.runPromise(forget(old, { believeClock }))
    expect(await partsOf(old)).toEqual([{ _tag: "Erased" }])
    await Effect.runPromise(forget(old))
  })

  it("of somebody nobody knows, in a folder with no register, and beside a register that has it open: says so", async () => {
    expect(await failureOf(forget("nobody"))).toMatchObject({ exitCode: ExitCode.folder })
    expect(existsSync(join(folder, "log.db"))).toBe(false)
    const investor = await registered(0)
    expect(await failureOf(forget("nobody"))).toMatchObject({ exitCode: ExitCode.refused })
    expect(await failureOf(forget("no id"))).toMatchObject({ exitCode: ExitCode.usage })
    const held = await Effect.runPromise(
      Effect.provide(
        Effect.promise(() => failureOf(forget(investor))),
        Registrar.layerFolder({ folder })
      )
    )
    expect(held).toMatchObject({ exitCode: ExitCode.folder })
    expect(held.message).toContain("is in use by another layer of this process: build the layer once and share it")
    expect(await failureOf(runDisclose(folderPlace(folder), { investor: "nobody" }))).toMatchObject({
      exitCode: ExitCode.refused
    })
  })
})

describe("D-06: rotate-master-key", () => {
  const keyIn = () => readFileSync(join(folder, "master.key"), "utf8")
  const logBytes = () => readFileSync(join(folder, "log.db"))

  it("puts a new key in the place of the old one; the log stays byte by byte, and everything reads as before", async () => {
    const investor = await registered(0)
    const [old, before, log] = [keyIn(), await partsOf(investor), logBytes()]
    await Effect.runPromise(runRotateMasterKey(folderPlace(folder)))
    expect(keyIn()).not.toBe(old)
    expect(logBytes().equals(log)).toBe(true)
    expect(await partsOf(investor)).toEqual(before)
    writeFileSync(join(folder, "master.key"), old)
    expect(await failureOf(forget(investor))).toMatchObject({ exitCode: ExitCode.folder })
  })

  it("that breaks off between its steps is ended by the next start, one way or the other", async () => {
    const investor = await registered(0)
    const before = await partsOf(investor)
    // Only written, nothing wrapped yet.
    const old = keyIn()
    writeFileSync(join(folder, "master.key.next"), `${Buffer.alloc(32, 7).toString("base64")}\n`)
    expect(await partsOf(investor)).toEqual(before)
    expect([keyIn(), existsSync(join(folder, "master.key.next"))]).toEqual([old, false])
    // Wrapped, but not moved yet.
    await Effect.runPromise(Effect.provide(MasterKey.rotateInFolder(folder), SecureRandom.layerWebCrypto))
    const next = keyIn()
    copyFileSync(join(folder, "master.key"), join(folder, "master.key.next"))
    writeFileSync(join(folder, "master.key"), old)
    expect(await partsOf(investor)).toEqual(before)
    expect([keyIn(), existsSync(join(folder, "master.key.next"))]).toEqual([next, false])
  })

  it("is refused where there is no register, and beside a register that has it open", async () => {
    expect(await failureOf(runRotateMasterKey(folderPlace(folder)))).toMatchObject({ exitCode: ExitCode.folder })
    await registered(0)
    const held = await Effect.runPromise(
      Effect.provide(
        Effect.promise(() => failureOf(runRotateMasterKey(folderPlace(folder)))),
        Registrar.layerFolder({ folder })
      )
    )
    expect(held.message).toContain("is in use by another layer of this process")
  })
})
