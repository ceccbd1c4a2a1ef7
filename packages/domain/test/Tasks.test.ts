/**
 * The worked cases of credits, redemptions and wallets: given what happened, an instruction is recorded or refused. For the tests by
 * example.
 */
import { describe, expect, it } from "vitest"
import { Holding, Policy } from "../src/index.ts"
import { Case, later, ready } from "./Case.ts"

describe("credits", () => {
  it("requested twice, failed, requested again; then the first reports success", () => {
    const c = ready()
    const request = (creditId: string) => c.by("p", "RequestCredit", { investmentId: "x", creditId })
    c.sign("x", 1, { acceptedAt: c.now, paidAt: c.now, walletId: "w" })
    expect([request("1"), request("2")]).toEqual(["accepted", "credit_in_flight"])
    expect(c.settleCredit("x", "failed", "1")).toBe("accepted")
    expect([c.status("x"), c.used()]).toEqual(["PAID", 1])
    expect(request("2")).toBe("accepted")
    expect(c.settleCredit("x", "succeeded", "1")).toBe("outcome_contradicts")
    expect(c.settleCredit("x", "failed", "1")).toBe("no change")
    expect(c.settleCredit("x", "succeeded", "2")).toBe("accepted")
    expect(c.status("x")).toBe("DELIVERED")
    expect(request("3")).toBe("already_delivered")
  })

  it.each(["succeeded", "failed"] as const)("unknown, a cancellation arrives, then resolved as %s", (outcome) => {
    const c = ready({ cancellationDays: 14 })
    c.sign("x", 3, { acceptedAt: c.now, paidAt: c.now, walletId: "w" })
    const credit = { investmentId: "x", creditId: "1" }
    c.by("p", "RequestCredit", credit)
    expect(c.by(undefined, "ResolveCredit", { ...credit, outcome, resolution: "observed" })).toBe("nothing_to_resolve")
    c.settleCredit("x", "unknown", "1")
    const declared = c.now
    expect(c.cancel("x", { cancelledAt: declared })).toBe("credit_in_flight")
    expect(c.settleCredit("x", "succeeded", "1")).toBe("awaiting_resolution")
    expect(c.settleCredit("x", "unknown", "1")).toBe("no change")
    c.now = later(30)
    expect(c.by(undefined, "ResolveCredit", { ...credit, outcome, resolution: "observed" })).toBe("accepted")
    expect(c.status("x")).toBe(outcome === "succeeded" ? "DELIVERED" : "PAID")
    expect(c.cancel("x", { cancelledAt: declared })).toBe("accepted")
    expect([c.status("x"), c.used()]).toEqual(["CANCELLATION", outcome === "succeeded" ? 3 : 0])
    expect(c.last(["InvestmentEnded", "InvestmentCancelledAfterDelivery"])).toMatchObject(
      outcome === "succeeded" ? { cancelledAt: declared } : { endedAt: declared }
    )
  })

  it("a task is claimed once", () => {
    const c = ready()
    c.sign("x", 1, { acceptedAt: c.now, paidAt: c.now, walletId: "w" })
    const credit = { investmentId: "x", creditId: "1" }
    expect(c.by(undefined, "SubmitCredit", credit)).toBe("task_not_found")
    c.by("p", "RequestCredit", credit)
    expect(c.by(undefined, "SubmitCredit", credit)).toBe("accepted")
    expect(c.by(undefined, "SubmitCredit", credit)).toBe("no change")
    expect(c.by("q", "SubmitCredit", credit)).toBe("task_not_found")
  })
})

describe("redemptions", () => {
  it("lots 10, 5, 8: redeem 12, 6, 6, 5; the first fails", () => {
    const c = ready()
    for (const [id, units] of [
      ["a", 10],
      ["b", 5],
      ["c", 8]
    ] as const)
      c.deliver(id, units)
    expect(c.redeem("1", 12)).toBe("10 of a, 2 of b")
    expect(c.redeem("2", 6)).toBe("3 of b, 3 of c")
    expect(c.redeem("3", 6)).toBe("insufficient_units 5")
    expect(c.redeem("4", 5)).toBe("5 of c")
    expect(c.settle("1", "failed")).toBe("accepted")
    expect(Holding.free(c.holding())).toBe(12)
    expect(Holding.lotsOf(c.holding()).map((lot) => lot.remaining - lot.reserved)).toEqual([10, 2, 0])
    expect(c.settle("2", "succeeded")).toBe("accepted")
    expect(c.redeem("5", 11)).toBe("10 of a, 1 of b")
    expect(Holding.lotsOf(c.holding()).map(({ remaining, reserved }) => [remaining, reserved])).toEqual([
      [10, 10],
      [2, 1],
      [5, 5]
    ])
  })

  it("a ledger that did a part is unknown: all lots stay reserved until a person has made it whole", () => {
    const c = ready()
    c.deliver("a", 10)
    c.redeem("1", 4)
    c.settle("1", "unknown")
    expect(c.redeem("2", 7)).toBe("insufficient_units 6")
    expect(c.settle("1", "failed")).toBe("awaiting_resolution")
    const verdict = { redemptionId: "1", outcome: "succeeded", resolution: "corrected" }
    expect(c.by(undefined, "ResolveRedemption", verdict)).toBe("accepted")
    expect(c.last(["UnitsRedeemed"])).toMatchObject({ units: 4, resolution: "corrected" })
    expect(c.by(undefined, "ResolveRedemption", verdict)).toBe("nothing_to_resolve")
    expect(Holding.lotsOf(c.holding())).toMatchObject([{ remaining: 6, reserved: 0 }])
  })

  it("in flight while its lot is cancelled: it ends as it ends, and what is left stays blocked", () => {
    const c = ready({ cancellationDays: 14 })
    c.deliver("a", 10)
    c.redeem("1", 4)
    c.redeem("2", 1)
    c.cancel("a")
    expect(c.redeem("3", 1)).toBe("insufficient_units 0")
    expect(c.settle("1", "succeeded")).toBe("accepted")
    expect(c.settle("2", "failed")).toBe("accepted")
    expect(Holding.free(c.holding())).toBe(0)
    expect(Holding.lotsOf(c.holding())).toMatchObject([{ remaining: 6, reserved: 0, blocked: true }])
  })

  it("refuses in order: wallet, product, units, kind, amount", () => {
    const c = ready()
    c.investor("bert")
    c.identify("bert")
    c.wallet("b", "bert")
    const redeem = (change: object, platform: string | undefined = "p") =>
      c.by(platform, "RequestRedemption", {
        redemptionId: "r",
        investorId: "anna",
        productId: "bond",
        walletId: "w",
        units: 1,
        ...change
      })
    expect(redeem({}, "q")).toBe("investor_not_found")
    expect(redeem({ walletId: "none", productId: "none", units: 0 })).toBe("wallet_not_found")
    expect(redeem({ walletId: "b", productId: "none", units: 0 })).toBe("wallet_of_other_investor")
    expect(redeem({ productId: "none", units: 0 })).toBe("product_not_found")
    expect(redeem({ units: 0 })).toBe("units_invalid")
    expect(redeem({})).toBe("insufficient_units 0")
    const crypto = ready({ kind: "ewpg" })
    expect(crypto.redeem("r", 1)).toBe("redemption_of_crypto_security")
  })

  it("a task names at most 256 lots", () => {
    const c = ready()
    for (let i = 0; i <= Policy.maximumLots; i++) c.deliver(`lot${i}`, 1)
    expect(c.redeem("all", Policy.maximumLots + 1)).toBe("too_many_lots")
    expect(c.redeem("most", Policy.maximumLots).split(", ").length).toBe(Policy.maximumLots)
    expect(JSON.stringify(c.register.log.at(-1)).length).toBeLessThan(65_535)
    expect(c.redeem("last", 1)).toBe(`1 of lot${Policy.maximumLots}`)
    c.settle("most", "failed")
    expect(Holding.free(c.holding())).toBe(Policy.maximumLots)
    expect(c.redeem("again", 2)).toBe("1 of lot0, 1 of lot1")
  })
})

describe("wallets", () => {
  it("need KYC by policy, one managed, one address for one investor", () => {
    const c = new Case()
    const address = `0x${"a".repeat(40)}`
    const managed = (walletId: string, investorId: string, to = address) =>
      c.by("p", "RegisterManagedWallet", { walletId, investorId, address: to, receivingEnabled: false })
    expect(managed("1", "anna")).toBe("kyc_not_successful")
    c.identify()
    expect(managed("1", "anna")).toBe("accepted")
    expect(managed("2", "anna", `0x${"b".repeat(40)}`)).toBe("managed_wallet_exists 1")
    c.investor("bert")
    c.identify("bert")
    expect(managed("3", "bert")).toBe("address_taken")
    const again = { walletId: "4", investorId: "anna", address, receivingEnabled: false }
    expect(c.by("p", "RegisterGenericWallet", again)).toBe("address_taken 1")
  })

  it("may need tax information, never of a custodian bank; KYC may be left out", () => {
    const policy = { ...Policy.defaults, walletNeedsKyc: false, walletNeedsTaxInformation: true }
    const c = new Case({}, {}, policy)
    expect(c.wallet()).toBe("tax_information_missing")
    c.investor("bank", { custodianBank: true })
    expect(c.wallet("v", "bank")).toBe("accepted")
    c.investor("bert", { hasTaxInformation: true })
    expect(c.wallet("u", "bert")).toBe("accepted")
  })
})
