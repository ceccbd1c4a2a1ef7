/**
 * An audit judges what a log can show, and finds what was planted past every decision. For `effekten audit`.
 */
import { type Events, Policy } from "@effekten/domain"
import type { NewEvent } from "@effekten/event-store"
import { OAuthStore } from "@effekten/http"
import { Log, Registrar } from "@effekten/registrar"
import { Investments, Policies } from "@effekten/services"
import { Cause, Console, Effect, Exit, Layer, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, describe, expect, it } from "vitest"
import { type AuditOptions, runAudit } from "../src/Audit.ts"
import { AuditReport } from "../src/AuditReport.ts"
import { CommandFailed, ExitCode } from "../src/ExitCode.ts"
import { runExport } from "../src/Export.ts"
import { folderPlace } from "../src/FolderPlace.ts"
import { runGuide } from "../src/GuideSteps.ts"
import { openSandbox } from "../src/Sandbox.ts"

const root = mkdtempSync(join(tmpdir(), "effekten-audit-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A register in a folder in which the guide was run, and whatever `more` does to it. */
const used = <E>(name: string, more: Effect.Effect<unknown, E, Registrar.Register>) => {
  const folder = join(root, name)
  return Effect.gen(function* () {
    const { campaignId, platformId, productId } = yield* openSandbox(folder)
    // A list is made when it is asked for.
    const listed = Effect.flatMap(Investments, (investments) => investments.list())
    yield* Effect.provide(
      Effect.andThen(runGuide({ campaignId, productId }), listed),
      Registrar.layer({ platform: platformId })
    )
    yield* more
  }).pipe(
    Effect.provide(
      Layer.mergeAll(Registrar.layerFolder({ folder }), OAuthStore.layerMemory, SecureRandom.layerWebCrypto)
    ),
    Effect.as(folder),
    Effect.runPromise
  )
}

/** What the command prints and how it ends. */
const audited = async (folder: string, options: Partial<AuditOptions> = {}) => {
  const lines: Array<string> = []
  const command = runAudit(folderPlace(folder), {
    json: true,
    keys: undefined,
    checkpoints: [],
    assumedPolicy: undefined,
    ...options
  })
  const exit = await Effect.runPromiseExit(
    Effect.provideService(command, Console.Console, {
      ...globalThis.console,
      log: (...args: ReadonlyArray<unknown>) => void lines.push(args.join(" "))
    } as Console.Console)
  )
  const failure = Exit.isFailure(exit) ? (Cause.squash(exit.cause) as CommandFailed) : undefined
  return { failure, text: lines.join("\n") }
}
const reported = async (folder: string, options: Partial<AuditOptions> = {}) => {
  const { failure, text } = await audited(folder, options)
  const report = Schema.decodeUnknownSync(AuditReport)(JSON.parse(text))
  return { failure, report, of: (name: string) => report.verdicts.find((each) => each.name === name)! }
}

/** Appends events of types as they were recorded once, altered, past every decision: what an intruder, or a bug, would do. */
const planted = (type: Events.EventType, alter: (data: any) => object, more: object = {}) =>
  Effect.gen(function* () {
    const log = yield* Log
    const [event] = yield* log.readAll([{ types: [type] }])
    const { data, meta } = event!
    const { recordedAt: _, ...before } = meta
    const random = yield* SecureRandom.SecureRandom
    const again = {
      id: yield* random.uuidV7(),
      type,
      data: alter(data),
      meta: { ...before, fingerprint: "1:00", instruction: "forged", ...more }
    }
    yield* log.append([again as NewEvent<Events.RegisterEvent>])
  }).pipe(Effect.provide(SecureRandom.layerWebCrypto))

const withSql = (folder: string, name: string, sql: string) => {
  const database = new DatabaseSync(join(folder, name))
  try {
    database.exec(sql)
  } finally {
    database.close()
  }
}

describe("effekten audit", () => {
  it("judges a register that is as promised, and an export as far as it goes", async () => {
    const folder = await used(
      "sound",
      Effect.flatMap(Policies, ({ set }) => set({ retention: { years: 8 } }))
    )
    const { failure, of, report } = await reported(folder)
    expect(failure).toBeUndefined()
    expect(report).toMatchObject({
      audited: "register",
      verdict: "holds",
      policy: { inForce: { retention: { years: 8 } }, recorded: true },
      arrival: { overtaken: 0 }
    })
    expect(report.judged).toBe(report.events)
    expect(report.verdicts.map(({ verdict }) => verdict)).not.toContain("broken")
    expect(of("decisions").judged).toContain(`${report.instructions} instructions`)
    // The wallet of the guide came before the first policy.
    expect(report.policy.assumed).toBe(1)

    const target = join(root, "export")
    const silent = { ...globalThis.console, log: () => {} } as Console.Console
    await Effect.runPromise(
      Effect.provideService(runExport(folderPlace(folder), { target, json: true }), Console.Console, silent)
    )
    const exported = await reported(target, {
      keys: join(target, "keys"),
      checkpoints: [join(target, "checkpoint")]
    })
    expect(exported.failure).toBeUndefined()
    expect(exported.report).toMatchObject({ audited: "export", verdict: "holds", root: report.root })
    expect(exported.report.instructions).toBe(report.instructions)
    expect(exported.of("forgotten")).toMatchObject({ verdict: "not_judged" })

    const { text } = await audited(folder, { json: false })
    expect(text).toContain("Promise 8, decisions: holds")
    expect(text).toContain("1 instruction went by the policy before the log had one")
  })

  it("finds a credit that no decision gives, with position, what is recorded and what was decided", async () => {
    const folder = await used(
      "credit",
      planted("UnitsCredited", (data) => data)
    )
    const { failure, of, report } = await reported(folder)
    expect(failure).toMatchObject({ exitCode: ExitCode.violated })
    expect(failure!.message).toContain(`at position ${report.events}`)
    expect(of("conservation").verdict).toBe("broken")
    expect(of("decisions")).toMatchObject({
      verdict: "broken",
      findingCount: 1,
      findings: [
        {
          position: report.events,
          recorded: { _tag: "Events", events: [{ type: "UnitsCredited" }] },
          decided: { _tag: "NoChange" }
        }
      ]
    })
  })

  it("finds a platform that nobody registered by a decision, and an event that no command makes", async () => {
    const folder = await used(
      "platform",
      planted("PlatformRegistered", (data) => data)
    )
    expect((await reported(folder)).of("decisions").findings).toMatchObject([{ decided: { _tag: "NoChange" } }])
  })

  it("finds a body that was altered, and judges the decisions by what it says now", async () => {
    const folder = await used("altered", Effect.void)
    withSql(
      folder,
      "log.db",
      "UPDATE events SET body = replace(body, '\"units\":300', '\"units\":299') WHERE body LIKE '%InvestmentSigned%'"
    )
    const { failure, of } = await reported(folder)
    expect(failure).toMatchObject({ exitCode: ExitCode.violated })
    expect(of("log").verdict).toBe("broken")
    expect(of("decisions").verdict).toBe("broken")
  })

  it("stops judging at an event that cannot be read, and says so", async () => {
    const folder = await used("unreadable", Effect.void)
    withSql(
      folder,
      "log.db",
      "UPDATE events SET body = replace(body, '\"InvestorRegistered\"', '\"InvestorRegistred\"') WHERE body LIKE '%InvestorRegistered%'"
    )
    const { failure, of, report } = await reported(folder)
    expect(failure).toMatchObject({ exitCode: ExitCode.violated })
    expect(report.judged).toBeLessThan(report.events)
    expect(of("decisions").notices).toEqual([
      `judged up to position ${report.judged}: the event after it cannot be read`
    ])
    expect(of("decisions").verdict).toBe("holds")
  })

  it("does not judge what newer rules decided, and ends with 1", async () => {
    const folder = await used(
      "newer",
      planted("PlatformRegistered", (data) => data, { rules: 9 })
    )
    const { failure, of, report } = await reported(folder)
    expect(failure).toMatchObject({ exitCode: ExitCode.failed })
    expect(failure!.message).toContain(`the first at position ${report.events}: run that version`)
    expect(report.verdict).toBe("holds")
    expect(of("decisions").verdict).toBe("not_judged")
  })

  it("finds a row of a list that was altered, with its key and position", async () => {
    const folder = await used("listed", Effect.void)
    const tables = new DatabaseSync(join(folder, "views.db"))
    const table = tables
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%investments%'")
      .get()
    tables.close()
    expect((await reported(folder)).of("state")).toMatchObject({ verdict: "holds" })
    withSql(folder, "views.db", `UPDATE "${String(table?.["name"])}" SET state = replace(state, '300', '4242')`)
    const { failure, of } = await reported(folder)
    expect(failure).toMatchObject({ exitCode: ExitCode.violated })
    expect(failure!.message).toContain("promise 7 is broken")
    expect(of("state")).toMatchObject({ verdict: "broken", findingCount: 1 })
    expect(of("state").findings[0]!.position).toBeGreaterThan(1)
    rmSync(join(folder, "views.db"))
    expect((await reported(folder)).of("state")).toMatchObject({ verdict: "not_judged" })
  })

  it("finds a key that is gone, and a personal part", async () => {
    const folder = await used("keyless", Effect.void)
    withSql(folder, "log.db", "DELETE FROM personal WHERE position = (SELECT min(position) FROM personal)")
    const { failure, of } = await reported(folder)
    expect(failure).toMatchObject({ exitCode: ExitCode.violated })
    expect(of("forgotten")).toMatchObject({ verdict: "broken" })
    expect(of("decisions").verdict).toBe("holds")
  })

  it("goes by a policy that the auditor names for the time before the log had one", async () => {
    const investorId = "01a2b3c4-0000-7000-8000-000000000000"
    const walletOfUnidentified = Effect.andThen(
      planted("InvestorRegistered", (data) => ({ ...data, investorId })),
      planted("WalletRegistered", (data) => ({
        ...data,
        investorId,
        walletId: investorId,
        address: `0x${"7".repeat(40)}`
      }))
    )
    const folder = await used("assumed", walletOfUnidentified)
    const { failure, of } = await reported(folder)
    expect(failure).toMatchObject({ exitCode: ExitCode.violated })
    expect(of("decisions").findings).toMatchObject([{ decided: { refusal: { code: "kyc_not_successful" } } }])
    expect(of("decisions").findings[0]!.message).toContain("by the assumed policy")
    const file = join(root, "policy.json")
    writeFileSync(file, JSON.stringify({ ...Policy.defaults, walletNeedsKyc: false }))
    expect((await reported(folder, { assumedPolicy: file })).of("decisions").verdict).toBe("holds")
    writeFileSync(file, "{}")
    expect((await audited(folder, { assumedPolicy: file })).failure).toMatchObject({ exitCode: ExitCode.usage })
  })
})
