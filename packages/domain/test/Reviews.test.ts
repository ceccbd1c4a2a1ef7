/**
 * The worked cases of a person's decision about an investor: what it closes, what it ends, and what stays. For the tests by example.
 */
import { describe, expect, it } from "vitest"
import { Case, ready } from "./Case.ts"

describe("a decision about an investor", () => {
  it("an approval closes what is open, and identifies every waiting investment in one append", () => {
    const c = new Case()
    c.investor("pep", { pep: true })
    const waiting = ["one", "two"]
    for (const id of waiting) c.sign(id, 1, { investorId: "pep", acceptedAt: c.now, paidAt: c.now })
    expect(c.decideKyc("nothing_found", "pep")).toBe("review_not_open")
    c.identify("pep")
    expect(c.kyc("pep")).toBe("REVIEW pep")
    expect(waiting.map((id) => c.status(id))).toEqual(["KYC_PENDING", "KYC_PENDING"])
    const before = c.register.log.length
    expect(c.decideKyc("management_agreed", "pep")).toBe("accepted")
    expect(c.register.log.slice(before).map(({ type }) => type)).toEqual([
      "KycDecided",
      "InvestmentIdentified",
      "InvestmentIdentified"
    ])
    expect(c.kyc("pep")).toBe("SUCCESS")
    expect(waiting.map((id) => c.status(id))).toEqual(["PAID", "PAID"])
    expect(c.decideKyc("nothing_found", "pep")).toBe("review_not_open")
    // What was approved stays so when the person identifies again.
    expect(c.identify("pep")).toBe("accepted")
    expect(c.kyc("pep")).toBe("SUCCESS")
  })

  it("KYC refused while an accepted investment waits: it ends, its units go back, and only a person approves afterwards", () => {
    const c = new Case()
    c.sign("accepted", 4, { acceptedAt: c.now })
    c.sign("nothing", 3)
    expect(c.used()).toBe(7)
    expect(c.decideKyc("data_contradict")).toBe("accepted")
    expect([c.kyc(), c.status("accepted"), c.status("nothing"), c.used()]).toEqual([
      "INSUFFICIENT",
      "KYC_INSUFFICIENT",
      "KYC_INSUFFICIENT",
      0
    ])
    expect(c.sign("new", 1)).toBe("kyc_insufficient")
    expect(c.identify()).toBe("accepted")
    expect(c.kyc()).toBe("REVIEW refused_before")
    expect(c.sign("new", 1)).toBe("accepted")
    expect(c.status("new")).toBe("KYC_PENDING")
    expect(c.decideKyc("nothing_found")).toBe("accepted")
    expect([c.kyc(), c.status("new"), c.status("accepted")]).toEqual([
      "SUCCESS",
      "WAITING_FOR_ACCEPTANCE",
      "KYC_INSUFFICIENT"
    ])
  })

  it("a refusal repeated with no new identification between changes nothing", () => {
    const c = new Case()
    expect(c.decideKyc("proof_insufficient")).toBe("accepted")
    expect(c.decideKyc("data_contradict")).toBe("no change")
    c.identify()
    expect(c.decideKyc("data_contradict")).toBe("accepted")
    expect(c.kyc()).toBe("INSUFFICIENT refused_before")
    expect(c.decideKyc("proof_insufficient")).toBe("no change")
    expect(c.decideKyc("nothing_found")).toBe("review_not_open")
  })

  it("investments that were cleared before stay so; a credit waits for an approval, and a redemption for nobody", () => {
    const c = ready()
    c.deliver("delivered", 5)
    c.sign("paid", 3, { acceptedAt: c.now, paidAt: c.now, walletId: "w" })
    expect(c.decideKyc("diligence_impossible")).toBe("accepted")
    expect([c.status("paid"), c.status("delivered")]).toEqual(["PAID", "DELIVERED"])
    const credit = () => c.by("p", "RequestCredit", { investmentId: "paid", creditId: "credit" })
    expect(credit()).toBe("kyc_insufficient")
    expect(c.redeem("redemption", 2)).toBe("2 of delivered")
    expect(c.identify()).toBe("accepted")
    expect(c.kyc()).toBe("REVIEW refused_before")
    expect(credit()).toBe("accepted")
  })

  it("nothing is decided about an investor that is erased, or not there", () => {
    const c = new Case()
    expect(c.decideKyc("data_contradict", "none")).toBe("investor_not_found")
    c.now = "2040-01-01T00:00:00Z"
    expect(c.by(undefined, "EraseInvestor", { investorId: "anna", ground: "request" })).toBe("accepted")
    expect(c.decideKyc("data_contradict")).toBe("investor_erased")
  })
})
