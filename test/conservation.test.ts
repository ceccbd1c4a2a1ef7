/**
 * The laws of conservation on the log of a register in a folder, as an auditor reads it. For users of `checkConservation`.
 */
import type { Projection } from "@effekten/projections"
import { Audit, Registrar } from "@effekten/registrar"
import { Credits, Documents, Investments, Investors, Redemptions, Wallets } from "@effekten/services"
import { checkConservation } from "@effekten/simulation"
import { Effect, Stream } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { identificationWith, type Offering, offering, person, scan, signedAt } from "../examples/Invented.ts"

/** A sale, and a redemption of a part of it. */
const sell = Effect.fn(function* ({ campaignId, productId }: Offering) {
  const investor = yield* Investors.use((investors) => investors.create(person))
  const protocol = yield* Documents.use((documents) => documents.upload(scan))
  yield* Investors.use((investors) => investors.identify(investor.id, identificationWith(protocol.id)))
  const wallet = yield* Wallets.use((wallets) => wallets.createManaged(investor.id))
  const investments = yield* Investments
  const order = { campaignId, investorId: investor.id, units: 300, signedAt, wallet: wallet.id }
  const { id } = yield* investments.create(order)
  yield* investments.amend(id, { acceptedAt: signedAt, paidAt: signedAt })
  yield* Credits.use((credits) => credits.create(id))
  const redemption = { investorId: investor.id, productId, walletId: wallet.id, units: 100 }
  yield* Redemptions.use((redemptions) => redemptions.create(redemption))
})

const logOf = async (folder: string): Promise<ReadonlyArray<Projection.LoggedEvent>> => {
  const selling = Effect.flatMap(offering, (offered) => Effect.provide(sell(offered), Registrar.layer(offered)))
  await Effect.runPromise(Effect.provide(selling, Registrar.layerFolder({ folder })))
  const all = Audit.use((log) => Stream.runCollect(log.read("all")))
  return Effect.runPromise(Effect.provide(all, Audit.layerFolder({ folder })))
}

it("promise 1: checkConservation holds for the log of a folder, and finds units that came from nowhere", async () => {
  const folder = mkdtempSync(join(tmpdir(), "conservation-"))
  try {
    const log = await logOf(folder)
    expect(log.map(({ type }) => type)).toEqual(expect.arrayContaining(["UnitsCredited", "UnitsRedeemed"]))
    expect(checkConservation(log)).toEqual([])
    expect(checkConservation(log.filter(({ type }) => type !== "UnitsCredited"))).not.toEqual([])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
