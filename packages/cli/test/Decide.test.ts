/**
 * What only a person decides, in a folder, as the command does it. For the registrar's staff.
 */
import type { Id, Timestamp } from "@effekten/domain"
import { Ledger, Registrar } from "@effekten/registrar"
import {
  Api,
  Campaigns,
  Credits,
  Documents,
  Investments,
  Investors,
  Platforms,
  Products,
  Redemptions,
  Wallets
} from "@effekten/services"
import { Cause, Console, Effect, Exit, Layer, Schema } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { runDecideInvestor, runReviews } from "../src/DecideInvestor.ts"
import { runDecideTask } from "../src/DecideTask.ts"
import { type CommandFailed, ExitCode } from "../src/ExitCode.ts"
import { folderPlace } from "../src/FolderPlace.ts"
import { runReverse } from "../src/Reverse.ts"
import { somebody } from "./Past.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "effekten-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** It knows of nothing what became of it. */
const silent = Layer.succeed(
  Ledger,
  Ledger.of({ submit: () => Effect.succeed({ _tag: "Unknown" }), find: () => Effect.succeed({ _tag: "Unknown" }) })
)

const inRegister = <A, E>(work: Effect.Effect<A, E, Registrar.Register>): Promise<A> =>
  Effect.runPromise(
    Effect.provide(
      work,
      Layer.provide(Registrar.layerFolder({ folder, ledger: "context", sandbox: true }), silent)
    ) as Effect.Effect<A>
  )

const refused = async (command: Effect.Effect<unknown, CommandFailed>): Promise<CommandFailed> => {
  const exit = await Effect.runPromiseExit(command)
  expect(Exit.isFailure(exit)).toBe(true)
  return Exit.isFailure(exit) ? (Cause.squash(exit.cause) as CommandFailed) : (undefined as never)
}

/** What a command prints. */
const printed = async (command: Effect.Effect<unknown, CommandFailed>): Promise<string> => {
  const lines: Array<string> = []
  const console = { ...globalThis.console, log: (...args: ReadonlyArray<unknown>) => void lines.push(args.join(" ")) }
  await Effect.runPromise(Effect.provideService(command, Console.Console, console as Console.Console))
  return lines.join("\n")
}

const exposed = { ...somebody, naturalPerson: { ...somebody.naturalPerson, isPep: true } }
const signedAt = "2024-05-06T07:14:13Z" as Timestamp.Timestamp

const identified = Effect.fnUntraced(function* (person: Api.CreateInvestor) {
  const investors = yield* Investors
  const { id } = yield* investors.create(person)
  const content = new TextEncoder().encode("ASD")
  const protocol = yield* (yield* Documents).upload({ fileName: "p.pdf", mediaType: "application/pdf", content })
  const proof = Schema.decodeUnknownSync(Api.CreateIdentification)({
    document_type: "IDCARD",
    document_id: "X0000000",
    document_issuer: "Musterstadt",
    document_valid_from: "2020-01-01",
    document_valid_to: "2030-01-01",
    identity_provider: "POSTIDENT",
    legitimation_process_id: "0",
    legitimation_protocol_id: protocol.id,
    verified_at: signedAt
  })
  yield* investors.identify(id, proof)
  return id
})

const platformOf = Effect.map(
  Effect.flatMap(Platforms, (platforms) => platforms.register({ name: "Erste Plattform" })),
  ({ id }) => id
)

const as = (platform: Id.PlatformId) => Effect.provide(Registrar.layer({ platform }))

describe("effekten decide", () => {
  it("investor: lists who waits, approves or refuses, and says what is refused", async () => {
    const [platform, first, second] = await inRegister(
      Effect.gen(function* () {
        const platform = yield* platformOf
        const both = Effect.all([identified(exposed), identified(exposed)])
        return [platform, ...(yield* as(platform)(both))] as const
      })
    )
    const place = folderPlace(folder)
    const list = await printed(runReviews(place, { json: false }))
    expect(list.split("\n").map((line) => line.replace(/^\S+ {2}/, ""))).toEqual([
      `${first}  platform ${platform}  pep`,
      `${second}  platform ${platform}  pep`
    ])
    const decide = (investor: string, reason: "nothing_found" | "proof_insufficient", note?: string) =>
      runDecideInvestor(place, { investor, reason, note })
    expect(await printed(decide(first, "nothing_found", "Geprüft."))).toBe(`decided: ${first}`)
    await printed(decide(second, "proof_insufficient"))
    expect(JSON.parse(await printed(runReviews(place, { json: true })))).toEqual([])
    expect(await printed(runReviews(place, { json: false }))).toBe("No review is open.")
    const statuses = Effect.flatMap(Investors, (investors) =>
      Effect.forEach([first, second], (id) => Effect.map(investors.get(id), ({ kycStatus }) => kycStatus))
    )
    expect(await inRegister(as(platform)(statuses))).toEqual(["SUCCESS", "INSUFFICIENT"])
    const again = await refused(decide(first, "nothing_found"))
    expect(again).toMatchObject({ exitCode: ExitCode.refused })
    expect(again.message).toMatch(/^review_not_open: /)
    expect(await refused(decide("no id", "nothing_found"))).toMatchObject({ exitCode: ExitCode.usage })
  })

  it("promise 11: credit and redemption: what is unknown stays so until a person says what became of it", async () => {
    const place = folderPlace(folder)
    const { credit, holder, investment, platform, product } = await inRegister(
      Effect.gen(function* () {
        const platform = yield* platformOf
        const products = yield* Products
        const issuer = yield* products.registerIssuer()
        const terms = { issuerId: issuer.id, name: "Musteranleihe", productType: "BOND", ewpg: false } as const
        const product = yield* products.register({ ...terms, issueVolume: 10, stepSize: 1 })
        yield* products.list(product.id, platform)
        const offered = { productId: product.id, platformId: platform, allocation: 10 }
        const campaign = yield* (yield* Campaigns).open(offered)
        const bought = Effect.gen(function* () {
          const investor = yield* identified(somebody)
          const wallet = yield* (yield* Wallets).createManaged(investor)
          const { id } = yield* (yield* Investments).create({
            campaignId: campaign.id,
            investorId: investor,
            units: 5,
            signedAt,
            acceptedAt: signedAt,
            paidAt: signedAt,
            wallet: wallet.id
          })
          const credit = yield* (yield* Credits).create(id)
          return { investment: id, credit: credit.id, holder: { investorId: investor, walletId: wallet.id } }
        })
        return { platform, product: product.id, ...(yield* as(platform)(bought)) }
      })
    )
    const decided = runDecideTask(place, { kind: "credit", ids: [investment, credit], outcome: "succeeded" })
    expect(await printed(decided)).toBe(`decided: ${credit}`)
    expect((await refused(decided)).message).toMatch(/^nothing_to_resolve: /)
    const redemption = await inRegister(
      as(platform)(
        Effect.flatMap(Redemptions, (redemptions) => redemptions.create({ ...holder, productId: product, units: 3 }))
      )
    )
    await printed(runDecideTask(place, { kind: "redemption", ids: [redemption.id], outcome: "failed" }))
    for (const wrong of [
      { kind: "toString", ids: ["x"] },
      { kind: "credit", ids: [credit] },
      { kind: "credit", ids: [investment, "no id"] }
    ])
      expect(await refused(runDecideTask(place, { ...wrong, outcome: "failed" }))).toMatchObject({
        exitCode: ExitCode.usage
      })
    const shown = Effect.gen(function* () {
      const { remainingUnits, status } = yield* (yield* Investments).get(investment)
      return [status, remainingUnits, (yield* (yield* Redemptions).get(redemption.id)).status]
    })
    expect(await inRegister(as(platform)(shown))).toEqual(["DELIVERED", 5, "failed"])

    // `effekten reverse` opens the folder with the book-entry ledger, which settles at once.
    const reverse = (change: string, units?: number) =>
      runReverse(place, {
        kind: "credit",
        change,
        units,
        basis: "court",
        reference: "00 AB 2/26",
        note: undefined,
        key: undefined
      })
    expect((await refused(reverse(investment, 4))).message).toMatch(/^change_not_reversible: /)
    expect(await printed(reverse(investment))).toMatch(new RegExp(`^succeeded: reversal \\S+ of credit ${investment}$`))
    expect((await refused(reverse(investment))).message).toMatch(/^change_not_reversible: /)
    expect(await refused(reverse("no id"))).toMatchObject({ exitCode: ExitCode.usage })
    expect(await refused(reverse(investment, 0))).toMatchObject({ exitCode: ExitCode.usage })
    expect(await inRegister(as(platform)(shown))).toEqual(["PAID", 5, "failed"])
  })
})
