/**
 * The steps of the guide over an embedded register. For a developer that integrates the services.
 */
import { assert, describe, it } from "@effect/vitest"
import { Credits, Documents, Investments, Investors, Redemptions, Wallets } from "@effekten/services"
import { Effect, Result } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Registrar } from "@effekten/registrar"
import { delivered, offering, onboarded } from "./fixture.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effekten-registrar-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

const guide = Effect.gen(function* () {
  const { platform, product, campaign } = yield* offering()
  return yield* Effect.gen(function* () {
    const holder = yield* onboarded
    const id = yield* delivered(campaign, holder, 300)
    const investments = yield* Investments
    const after = yield* investments.get(id)
    assert.strictEqual(after.status, "DELIVERED")
    assert.strictEqual(after.remainingUnits, 300)
    const redemptions = yield* Redemptions
    const input = { investorId: holder.investor, productId: product, walletId: holder.wallet, units: 300 }
    const redemption = yield* redemptions.create(input)
    assert.strictEqual(redemption.status, "processing")
    assert.strictEqual((yield* redemptions.get(redemption.id)).status, "success")
    assert.strictEqual((yield* investments.get(id)).remainingUnits, 0)
    const further = yield* Effect.result(redemptions.create(input))
    assert.isTrue(
      Result.isFailure(further) && further.failure._tag === "Rejection" && further.failure.code === "insufficient_units"
    )
    const lists = [
      (yield* investments.list()).results.length,
      (yield* (yield* Investors).list()).results.length,
      (yield* (yield* Documents).list()).results.length,
      (yield* (yield* Wallets).list(holder.investor)).results.length,
      (yield* (yield* Credits).list(id)).results.length,
      (yield* redemptions.list()).results.length
    ]
    assert.deepStrictEqual(lists, [1, 1, 1, 1, 1, 1])
  }).pipe(Effect.provide(Registrar.layer({ platform })))
})

describe("the guide's flow on an embedded register", () => {
  it.live("in memory", () => guide.pipe(Effect.provide(Registrar.layerMemory())))

  it.live("in a folder", () =>
    Effect.flatMap(temporaryFolder, (folder) => guide.pipe(Effect.provide(Registrar.layerFolder({ folder })))).pipe(
      Effect.scoped
    )
  )
})
