/**
 * What the registrar takes from wallets in a folder, as the commands do it. For the registrar's staff.
 */
import type { Id, Units } from "@effekten/domain"
import { Ledger, Registrar } from "@effekten/registrar"
import { Investments, Platforms, Redemptions, RegistrarTasks, Wallets } from "@effekten/services"
import { Cause, Console, Effect, Exit, Layer } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { delivered, offering, onboarded } from "../packages/registrar/test/fixture.ts"
import { runAudit } from "../packages/cli/src/Audit.ts"
import { runDecideTask } from "../packages/cli/src/DecideTask.ts"
import { type CommandFailed, ExitCode } from "../packages/cli/src/ExitCode.ts"
import { folderPlace } from "../packages/cli/src/FolderPlace.ts"
import { runRedeem, runTransfer } from "../packages/cli/src/RegistrarTasks.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "effekten-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** It adds units, and knows of nothing else what became of it. */
const forgetful = Layer.succeed(
  Ledger,
  Ledger.of({
    submit: ({ kind }) => Effect.succeed({ _tag: kind === "credit" ? "Succeeded" : "Unknown" }),
    find: () => Effect.succeed({ _tag: "Unknown" })
  })
)

const inRegister = <A, E>(work: Effect.Effect<A, E, Registrar.Register>): Promise<A> =>
  Effect.runPromise(
    Effect.provide(
      work,
      Layer.provide(Registrar.layerFolder({ folder, ledger: "context", sandbox: true }), forgetful)
    ) as Effect.Effect<A>
  )

const as = (platform: Id.PlatformId) => Effect.provide(Registrar.layer({ platform }))

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

/** A crypto security of which a holder has 20 units, and a wallet elsewhere. */
const held = Effect.gen(function* () {
  const sale = yield* offering({ ewpg: true })
  const holder = yield* onboarded.pipe(as(sale.platform))
  const investment = yield* delivered(sale.campaign, holder, 20).pipe(as(sale.platform))
  const other = yield* (yield* Platforms).register({ name: "Zweite Plattform" })
  const heir = yield* onboarded.pipe(as(other.id))
  const { address } = yield* Effect.flatMap(Wallets, (wallets) => wallets.get(heir.investor, heir.wallet)).pipe(
    as(other.id)
  )
  return { ...sale, ...holder, investment, to: address! }
})

describe("effekten redeem and effekten transfer", () => {
  it("promise 11: take units on a basis, refuse in words, and leave a log that an audit decides again", async () => {
    const place = folderPlace(folder)
    const { investment, platform, product, to, wallet } = await inRegister(held)
    const instructed = {
      wallet,
      product,
      basis: "court",
      reference: "00 AB 3/26",
      note: undefined,
      key: undefined
    } as const
    // The commands open the folder with the book-entry ledger, which settles at once.
    expect(await printed(runRedeem(place, { ...instructed, units: 5 }))).toMatch(
      new RegExp(`^succeeded: redemption \\S+ of 5 units in ${wallet}$`)
    )
    expect(await printed(runTransfer(place, { ...instructed, units: 6, to }))).toMatch(
      new RegExp(`^succeeded: transfer \\S+ of 6 units in ${wallet}$`)
    )
    const keyed = { ...instructed, units: 1, key: "order-1" }
    const first = await printed(runRedeem(place, keyed))
    expect(await printed(runRedeem(place, keyed))).toBe(first)
    expect((await refused(runRedeem(place, { ...instructed, units: 9 }))).message).toMatch(/^insufficient_units: /)
    for (const wrong of [{ wallet: "no id" }, { product: "no id" }, { units: 0 }])
      expect(await refused(runRedeem(place, { ...instructed, units: 1, ...wrong }))).toMatchObject({
        exitCode: ExitCode.usage
      })
    expect(await refused(runTransfer(place, { ...instructed, units: 1, to: "0x1" }))).toMatchObject({
      exitCode: ExitCode.usage
    })

    // A ledger that cannot say leaves it to a person.
    const asked = { productId: product, units: 3 as Units.Units, basis: "statute" } as const
    const { id } = await inRegister(Effect.flatMap(RegistrarTasks, (tasks) => tasks.redeem(wallet, asked)))
    const shown = Effect.gen(function* () {
      const { remainingUnits } = yield* (yield* Investments).get(investment)
      return [remainingUnits, (yield* (yield* Redemptions).get(id as Id.RedemptionId)).status]
    })
    expect(await inRegister(as(platform)(shown))).toEqual([8, "unknown"])
    await printed(runDecideTask(place, { kind: "redemption", ids: [id], outcome: "succeeded" }))
    expect(await inRegister(as(platform)(shown))).toEqual([5, "success"])

    // It ends with a failure if any promise is broken.
    const options = { json: true, keys: undefined, checkpoints: [], assumedPolicy: undefined }
    expect(JSON.parse(await printed(runAudit(place, options)))).toMatchObject({ verdicts: expect.any(Array) })
  })
})
