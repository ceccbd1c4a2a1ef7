/**
 * The worked cases of ledger tasks that the registrar instructs: crypto securities redeemed, and units moved without their holder. For the
 * tests by example.
 */
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Holding, type Id, Investment, Redemption, Transfer } from "../src/index.ts"
import { Case, later } from "./Case.ts"

const addressOf = (walletId: string) => `0x${walletId.charCodeAt(0).toString(16).padStart(40, "0")}`
const filed = { reference: "00 AB 3/26", note: "on paper" }

/** Anna (w) on platform `p`, quentin (q) on platform `q`, which does not sell the product. Nobody receives. */
const holders = (product: object = {}, policy?: ConstructorParameters<typeof Case>[2]): Case => {
  const c = new Case(product, {}, policy)
  c.investor("quentin", {}, "q")
  for (const [investorId, walletId, platform] of [
    ["anna", "w", "p"],
    ["quentin", "q", "q"]
  ] as const) {
    const proof = { identificationId: "id", investorId, protocolDocumentId: `${investorId}-proof`, verifiedAt: c.now }
    c.by(platform, "RecordIdentification", proof)
    const wallet = { walletId, investorId, address: addressOf(walletId), receivingEnabled: false }
    c.by(platform, "RegisterGenericWallet", wallet)
  }
  return c
}

const lotsAsked = (c: Case, answer: string): string => {
  if (answer !== "accepted") return answer
  const { lots } = c.last(["RedemptionRequested", "TransferRequested"]) as {
    readonly lots: ReadonlyArray<{ readonly investmentId: string; readonly units: number }>
  }
  return lots.map((part) => `${part.units} of ${part.investmentId}`).join(", ")
}

interface Asking {
  readonly walletId?: string
  readonly productId?: string
  readonly platform?: string
  readonly to?: string
}

const redeem = (c: Case, redemptionId: string, units: number, asking: Asking = {}): string => {
  const { platform, productId = "bond", walletId = "w" } = asking
  const input = { redemptionId, productId, walletId, units, basis: "statute" }
  return lotsAsked(c, c.by(platform, "RedeemCrypto", input, filed))
}

const force = (c: Case, transferId: string, units: number, asking: Asking = {}): string => {
  const { platform, productId = "bond", to = addressOf("q"), walletId = "w" } = asking
  const recipientInvestmentId = `of-${transferId}`
  const input = { transferId, recipientInvestmentId, sourceWalletId: walletId, productId, targetAddress: to, units }
  return lotsAsked(c, c.by(platform, "ForceTransfer", { ...input, basis: "court" }, filed))
}

const settleTransfer = (c: Case, transferId: string, outcome = "succeeded") =>
  c.by(undefined, "SettleTransfer", { transferId, outcome })

const freeze = (c: Case, walletId = "w") => c.by(undefined, "FreezeWallet", { walletId, basis: "court" }, {})

const lots = (c: Case, walletId: string) =>
  Holding.lotsOf(c.holding(walletId)).map(
    ({ investmentId, remaining, reserved }) => `${investmentId} ${remaining}/${reserved}`
  )

const crypto = { kind: "ewpg" } as const

describe("crypto securities redeemed by the registrar", () => {
  it("takes the oldest free units; success deletes them, failure releases them", () => {
    const c = holders(crypto)
    c.deliver("a", 10)
    c.deliver("b", 5)
    expect(redeem(c, "1", 12)).toBe("10 of a, 2 of b")
    expect(redeem(c, "2", 4)).toBe("insufficient_units 3")
    expect(redeem(c, "2", 3)).toBe("3 of b")
    expect(c.settle("1", "succeeded")).toBe("accepted")
    expect(c.settle("2", "failed")).toBe("accepted")
    expect(lots(c, "w")).toEqual(["a 0/0", "b 3/0"])
    expect(c.last(["UnitsRedeemed"])).toMatchObject({ units: 12, basis: "statute", holderPlatform: "p" })
  })

  it("is a task of the holder's platform, and of no other's", () => {
    const c = holders(crypto)
    c.deliver("a", 10)
    redeem(c, "1", 4)
    expect(c.register.state(Redemption.model("1" as Id.RedemptionId))).toMatchObject({ platform: "p", units: 4 })
    expect(c.by("q", "SubmitRedemption", { redemptionId: "1" })).toBe("task_not_found")
    expect(c.by("p", "SubmitRedemption", { redemptionId: "1" })).toBe("accepted")
    expect(c.by("p", "SubmitRedemption", { redemptionId: "1" })).toBe("no change")
  })

  it.each(["succeeded", "failed"] as const)("unknown, then a person finds that it %s", (outcome) => {
    const c = holders(crypto)
    c.deliver("a", 5)
    redeem(c, "1", 3)
    expect(c.settle("1", "unknown")).toBe("accepted")
    expect(redeem(c, "2", 3)).toBe("insufficient_units 2")
    const verdict = { redemptionId: "1", outcome, resolution: "observed" }
    expect(c.by(undefined, "ResolveRedemption", verdict)).toBe("accepted")
    expect(lots(c, "w")).toEqual([outcome === "succeeded" ? "a 2/0" : "a 5/0"])
  })

  it("is reversed as any other redemption", () => {
    const c = holders(crypto)
    c.deliver("a", 5)
    redeem(c, "1", 3)
    c.settle("1", "succeeded")
    const change = { kind: "redemption", id: "1" }
    expect(c.by(undefined, "ReverseChange", { reversalId: "r", change, basis: "court" }, filed)).toBe("accepted")
    expect(c.by(undefined, "SettleReversal", { reversalId: "r", change, outcome: "succeeded" })).toBe("accepted")
    expect(lots(c, "w")).toEqual(["a 5/0"])
  })

  it("refuses in order: wallet, product, units, what is no crypto security, a pause, a frozen wallet, frozen units", () => {
    const c = holders(crypto)
    const other = { issuerId: "i", name: "Other", productType: "BOND", kind: "digital", issueVolume: 10, stepSize: 1 }
    c.by(undefined, "RegisterProduct", { productId: "other", ...other })
    c.deliver("a", 10)
    expect(redeem(c, "1", 0, { walletId: "none", productId: "none" })).toBe("wallet_not_found")
    expect(redeem(c, "1", 0, { productId: "none", platform: "q" })).toBe("wallet_not_found")
    expect(redeem(c, "1", 0, { productId: "none" })).toBe("product_not_found")
    expect(redeem(c, "1", 0, { productId: "other" })).toBe("units_invalid")
    expect(redeem(c, "1", 1, { productId: "other" })).toBe("not_a_crypto_security")
    c.by(undefined, "PauseProduct", { productId: "bond", basis: "court" })
    freeze(c)
    expect(redeem(c, "1", 11)).toBe("product_paused")
    c.by(undefined, "ResumeProduct", { productId: "bond", basis: "court" })
    expect(redeem(c, "1", 11)).toBe("wallet_frozen")
    c.by(undefined, "UnfreezeWallet", { walletId: "w", basis: "court" }, {})
    c.by(undefined, "FreezeUnits", { walletId: "w", productId: "bond", units: 4, basis: "court" }, {})
    expect(redeem(c, "1", 7)).toBe("insufficient_units 6")
    expect(redeem(c, "1", 6)).toBe("6 of a")
  })

  it("takes the units that a platform must not redeem, and no others", () => {
    for (const kind of ["ewpg", "digital"]) {
      const c = holders({ kind })
      c.deliver("a", 1)
      const answers = [c.redeem("1", 1), redeem(c, "2", 1)]
      expect(answers).toEqual(
        kind === "ewpg" ? ["redemption_of_crypto_security", "1 of a"] : ["1 of a", "not_a_crypto_security"]
      )
    }
  })

  it("of more than 256 lots: refused", () => {
    const c = holders(crypto)
    for (let i = 0; i <= 256; i++) c.deliver(`lot${i}`, 1)
    expect(redeem(c, "all", 257)).toBe("too_many_lots")
    expect(redeem(c, "most", 256).split(", ").length).toBe(256)
    expect(JSON.stringify(c.register.log.at(-1)).length).toBeLessThan(65_535)
  })
})

describe("units moved without their holder", () => {
  it("out of a frozen, generic wallet, while paused and locked up, to where nothing is listed or received", () => {
    const c = holders({ lockedUntil: later(10) })
    c.deliver("a", 10)
    freeze(c)
    c.by(undefined, "PauseProduct", { productId: "bond", basis: "court" })
    expect(force(c, "1", 4)).toBe("4 of a")
    expect(settleTransfer(c, "1")).toBe("accepted")
    expect([lots(c, "w"), lots(c, "q")]).toEqual([["a 6/0"], ["of-1 4/0"]])
    expect(c.last(["UnitsTransferred"])).toMatchObject({ forced: "court", sourcePlatform: "p", recipientPlatform: "q" })
    // What lies there is nothing that its platform sells: the registrar alone moves it on.
    expect(force(c, "2", 4, { walletId: "q", to: addressOf("w") })).toBe("4 of of-1")
  })

  it("the task is the sender's platform's, and the investment the recipient's", () => {
    const c = holders()
    c.deliver("a", 10)
    force(c, "1", 4)
    expect(c.register.state(Transfer.model("1" as Id.TransferId))).toMatchObject({ platform: "p", units: 4 })
    expect(c.by("q", "SubmitTransfer", { transferId: "1" })).toBe("task_not_found")
    expect(c.by("p", "SubmitTransfer", { transferId: "1" })).toBe("accepted")
    settleTransfer(c, "1")
    expect(c.register.state(Investment.model("of-1" as Id.InvestmentId))).toMatchObject({
      _tag: "Transferred",
      platform: "q",
      investorId: "quentin"
    })
  })

  it("the entry stays, and is reversed as any other transfer", () => {
    const c = holders()
    c.deliver("a", 10)
    force(c, "1", 4)
    settleTransfer(c, "1")
    const change = { kind: "transfer", id: "1" }
    c.by(undefined, "ReverseChange", { reversalId: "r", change, basis: "court" }, filed)
    expect(c.by(undefined, "SettleReversal", { reversalId: "r", change, outcome: "succeeded" })).toBe("accepted")
    expect([lots(c, "w"), lots(c, "q")]).toEqual([["a 10/0"], ["of-1 0/0"]])
    expect(c.register.log.filter(({ type }) => type === "UnitsTransferred")).toHaveLength(1)
  })

  it("refuses in order: wallet, product, units, same wallet, target, frozen units", () => {
    const c = holders()
    c.deliver("a", 10)
    c.by(undefined, "FreezeUnits", { walletId: "w", productId: "bond", units: 4, basis: "court" }, {})
    const nothing = { productId: "none", to: addressOf("w") }
    expect(force(c, "1", 0, { ...nothing, walletId: "none" })).toBe("wallet_not_found")
    expect(force(c, "1", 0, { ...nothing, platform: "q" })).toBe("wallet_not_found")
    expect(force(c, "1", 0, nothing)).toBe("product_not_found")
    expect(force(c, "1", 0, { to: addressOf("w") })).toBe("units_invalid")
    expect(force(c, "1", 7, { to: addressOf("w") })).toBe("same_wallet")
    expect(force(c, "1", 7, { to: addressOf("x") })).toBe("target_cannot_receive")
    expect(force(c, "1", 7)).toBe("insufficient_units 6")
    expect(force(c, "1", 6)).toBe("6 of a")
  })

  it("to a person that the registrar refused, or that was erased: refused", () => {
    const c = holders({}, { retention: { seconds: 0 } })
    c.deliver("a", 10)
    c.by(undefined, "DecideKyc", { investorId: "quentin", reason: "diligence_impossible" }, { note: "listed" })
    expect(force(c, "1", 1)).toBe("target_cannot_receive")
    c.by(undefined, "EraseInvestor", { investorId: "quentin", ground: "retention_over" })
    expect(force(c, "1", 1)).toBe("target_cannot_receive")
  })
})

describe("over random amounts and outcomes", () => {
  const step = fc.record({
    redeems: fc.boolean(),
    units: fc.integer({ min: 1, max: 9 }),
    outcome: fc.constantFrom("succeeded", "failed", "unknown")
  })

  it("promise 1: what was issued is held or redeemed, and what is reserved is held", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const c = holders(crypto)
        for (const id of ["a", "b", "d"]) c.deliver(id, 10)
        let redeemed = 0
        steps.forEach(({ outcome, redeems, units }, n) => {
          const id = String(n)
          const answer = redeems ? redeem(c, id, units) : force(c, id, units)
          if (answer.startsWith("insufficient")) return
          if (redeems) c.settle(id, outcome)
          else settleTransfer(c, id, outcome)
          if (redeems && outcome === "succeeded") redeemed += units
          const all = ["w", "q"].flatMap((walletId) => Holding.lotsOf(c.holding(walletId)))
          expect(all.reduce((sum, { remaining }) => sum + remaining, redeemed)).toBe(30)
          expect(all.every(({ remaining, reserved }) => 0 <= reserved && reserved <= remaining)).toBe(true)
        })
      }),
      { numRuns: 200 }
    )
  })
})
