/**
 * Statements of the register at a folder and at a database, as an audit judges them. For auditors.
 */
import type { Events } from "@effekten/domain"
import { Units } from "@effekten/domain"
import type { NewEvent } from "@effekten/event-store"
import { Log, Registrar } from "@effekten/registrar"
import { Erasures, Investments, Transfers, Wallets } from "@effekten/services"
import { Cause, Console, Effect, Exit, Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { runAudit } from "../packages/cli/src/Audit.ts"
import { AuditReport } from "../packages/cli/src/AuditReport.ts"
import { type CommandFailed, ExitCode } from "../packages/cli/src/ExitCode.ts"
import { folderPlace } from "../packages/cli/src/FolderPlace.ts"
import type { Place } from "../packages/cli/src/Place.ts"
import { postgresPlace } from "../packages/cli/src/PostgresPlace.ts"
import { useServer } from "../packages/event-store/test/PgServer.ts"
import { delivered, offering, onboarded } from "../packages/registrar/test/fixture.ts"

const root = mkdtempSync(join(tmpdir(), "effekten-statements-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const postgres = useServer()

const registerOf = (place: Place) => place.register({ sandbox: true, policy: { retention: { seconds: 0 } } })

/** A crypto security whose first holder sold everything and was erased: three statements, two of them about that holder. */
const told = (place: Place) =>
  Effect.gen(function* () {
    const { campaign, platform, product } = yield* offering({ ewpg: true })
    const sold = Effect.gen(function* () {
      const [holder, buyer] = [yield* onboarded, yield* onboarded]
      yield* delivered(campaign, holder, 20)
      const wallets = yield* Wallets
      yield* wallets.amend(buyer.investor, buyer.wallet, { receivingEnabled: true })
      const { address } = yield* wallets.get(buyer.investor, buyer.wallet)
      const investments = (yield* Investments).list()
      yield* Effect.repeat(investments, { until: ({ results }) => results[0]!.status === "DELIVERED" })
      const sale = { product, sourceWallet: holder.wallet, targetAddress: address!, amount: Units.Units.make(20) }
      yield* (yield* Transfers).create(sale)
      return holder.investor
    })
    const holder = yield* Effect.provide(sold, Registrar.layer({ platform }))
    const log = yield* Log
    yield* Effect.repeat(log.readAll([{ types: ["RegistryStatementIssued"] }]), { until: (all) => all.length === 3 })
    yield* (yield* Erasures).investor(holder, "request")
  }).pipe(Effect.provide(registerOf(place)))

/** The first statement once more, altered, past every decision. */
const planted = (place: Place, alter: (data: Events.Recorded<"RegistryStatementIssued">["data"]) => object) =>
  Effect.gen(function* () {
    const log = yield* Log
    const [event] = yield* log.readAll([{ types: ["RegistryStatementIssued"] }], { limit: 1 })
    if (event?.type !== "RegistryStatementIssued") return expect.unreachable("no statement was issued")
    const { recordedAt: _recordedAt, ...meta } = event.meta
    const id = yield* (yield* SecureRandom.SecureRandom).uuidV7()
    const again = { id, type: event.type, data: alter(event.data), meta: { ...meta, instruction: id } }
    yield* log.append([again as unknown as NewEvent<Events.RegisterEvent>])
  }).pipe(Effect.provide([registerOf(place), SecureRandom.layerWebCrypto]))

const audited = async (place: Place) => {
  const lines: Array<string> = []
  const exit = await Effect.runPromiseExit(
    Effect.provideService(
      runAudit(place, { json: true, keys: undefined, checkpoints: [], assumedPolicy: undefined }),
      Console.Console,
      { ...globalThis.console, log: (line: string) => void lines.push(line) } as Console.Console
    )
  )
  const report = Schema.decodeUnknownSync(AuditReport)(JSON.parse(lines.join("\n")))
  return {
    failure: Exit.isFailure(exit) ? (Cause.squash(exit.cause) as CommandFailed) : undefined,
    events: report.events,
    statements: report.verdicts.find(({ name }) => name === "statements")
  }
}

describe.each(["folder", "database"] as const)("statements of a register in a %s", (kind) => {
  let place: Place
  beforeAll(async () => {
    const folder = join(root, kind)
    place =
      kind === "folder"
        ? folderPlace(folder)
        : postgresPlace({ folder, url: Redacted.make(postgres.url()), anchor: join(folder, "checkpoint.anchor") })
    await Effect.runPromise(told(place))
  })

  it("promise 12: makes every statement again, and says which investors are erased", async () => {
    const { failure, statements } = await audited(place)
    expect(failure).toBeUndefined()
    expect(statements).toMatchObject({
      promise: 12,
      verdict: "holds",
      judged: "3 statements of the register, each made again, without what is personal",
      notices: ["erased: the investors of 2 statements; what was personal in them reads `erased`"]
    })
  })

  it("promise 12: finds a statement that was issued twice, and does not judge one of a newer renderer", async () => {
    await Effect.runPromise(
      planted(place, (data) => ({ ...data, cause: "request", about: data.statementId, renderer: 99 }))
    )
    expect((await audited(place)).statements?.notices).toContain("a newer version of this program made 1 statement")
    await Effect.runPromise(planted(place, (data) => data))
    const { events, failure, statements } = await audited(place)
    expect(failure).toMatchObject({ exitCode: ExitCode.violated })
    expect(statements).toMatchObject({ verdict: "broken" })
    expect(statements?.findings.at(-1)).toMatchObject({ position: events })
  })
})
