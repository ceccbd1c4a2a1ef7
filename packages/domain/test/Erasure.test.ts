/**
 * The worked cases of erasure: what stands against it, until when, and which documents go with an investor. For the tests by example.
 */
import { Schema } from "effect"
import { describe, expect, it } from "vitest"
import { Document, Investor, Policy, Timestamp } from "../src/index.ts"
import { Case, later, ready } from "./Case.ts"
import { identityDocument } from "@effekten/simulation/domain"

const atOnce: Policy.Change = { retention: { seconds: 0 } }

const erase = (c: Case, investorId = "anna", platform?: string) =>
  c.by(platform, "EraseInvestor", { investorId, ground: "request" })

/** Investors that are identified and have a wallet each, whose data need not be kept. */
const people = (...names: ReadonlyArray<string>) => {
  const c = new Case({}, {}, atOnce)
  for (const [index, name] of names.entries()) {
    if (name !== "anna") c.investor(name)
    c.identify(name)
    c.wallet(`w${index}`, name, index + 1)
  }
  return c
}

describe("forgetting an investor", () => {
  it("refused while the investor holds units, or a redemption, a subscription or a credit is open", () => {
    const c = people("anna")
    c.deliver("held", 10, "w0")
    expect(erase(c)).toBe("investor_holds_units")
    expect(c.redeem("r", 10, "w0")).toBe("10 of held")
    expect(erase(c)).toBe("investor_holds_units")
    c.settle("r", "unknown")
    expect(erase(c)).toBe("investor_holds_units")
    c.by(undefined, "ResolveRedemption", { redemptionId: "r", outcome: "succeeded", resolution: "observed" })
    c.sign("open", 1, { acceptedAt: c.now, paidAt: c.now, walletId: "w0" })
    expect(erase(c)).toBe("investor_has_open_investments")
    c.by("p", "RequestCredit", { investmentId: "open", creditId: "1" })
    expect(erase(c)).toBe("investor_has_open_investments")
    c.settleCredit("open", "failed", "1")
    expect(erase(c)).toBe("investor_has_open_investments")
    expect(c.by(undefined, "CancelInvestment", { investmentId: "open", late: true })).toBe("accepted")
    expect(erase(c)).toBe("accepted")
  })

  it("D-08, D-15 of an investor that has sold everything: allowed once retention is over, and the entries stay", () => {
    const c = ready()
    c.deliver("x", 10)
    c.redeem("r", 10)
    c.settle("r", "succeeded")
    const entries = c.register.log.length
    const until = "2032-01-01T00:00:00+01:00"
    expect(erase(c)).toBe(`retention_running ${until}`)
    c.now = "2031-12-31T22:59:59.999999Z"
    expect(erase(c)).toBe(`retention_running ${until}`)
    c.now = "2031-12-31T23:00:00Z"
    expect(erase(c)).toBe("accepted")
    expect(c.register.log.length).toBe(entries + 4)
    expect(c.status("x")).toBe("DELIVERED")
    expect(c.used()).toBe(10)
  })

  it("retention counts from the last of registration, identification, signing or end, movement, cancellation", () => {
    const [first, second] = ["2027-05-05T12:00:00Z", "2028-05-05T12:00:00Z"]
    const [untilFirst, untilSecond] = ["2033-01-01T00:00:00+01:00", "2034-01-01T00:00:00+01:00"]
    const c = new Case()
    expect(erase(c)).toBe("retention_running 2032-01-01T00:00:00+01:00")
    c.now = first
    c.identify("anna", "2026-03-01T12:00:00Z")
    expect(erase(c)).toBe(`retention_running ${untilFirst}`)
    c.wallet()
    c.now = second
    c.sign("x", 1, { signedAt: first })
    expect(erase(c)).toBe("investor_has_open_investments")
    c.now = "2029-05-05T12:00:00Z"
    c.cancel("x")
    expect(erase(c)).toBe("retention_running 2035-01-01T00:00:00+01:00")
    const moved = ready({ cancellationDays: 3650 })
    moved.deliver("x", 1)
    moved.now = first
    moved.redeem("r", 1)
    moved.settle("r", "succeeded")
    expect(erase(moved)).toBe(`retention_running ${untilFirst}`)
    moved.now = second
    moved.cancel("x")
    expect(erase(moved)).toBe(`retention_running ${untilSecond}`)
  })

  it("not found, or another platform's: refused; erased already: no change", () => {
    const c = people("anna")
    expect(erase(c, "none")).toBe("investor_not_found")
    expect(erase(c, "anna", "q")).toBe("investor_not_found")
    expect(erase(c)).toBe("accepted")
    expect(c.register.state(Investor.model("anna" as never))).toMatchObject({ erased: true, kycStatus: "SUCCESS" })
    expect(erase(c)).toBe("no change")
  })

  it("D-14 nothing can be written about an erased investor", () => {
    const c = people("anna")
    erase(c)
    c.investor("bert")
    const proof = identityDocument("2020-01-01", "2030-01-01")
    const identification = {
      identificationId: "2",
      investorId: "anna",
      protocolDocumentId: "bert-proof",
      verifiedAt: c.now
    }
    const redemption = { redemptionId: "r", investorId: "anna", productId: "bond", walletId: "w0", units: 1 }
    expect(c.by("p", "RecordIdentification", identification, proof)).toBe("investor_erased")
    expect(c.wallet("v", "anna", 9)).toBe("investor_erased")
    expect(c.sign("x", 1)).toBe("investor_erased")
    expect(c.by("p", "RequestRedemption", redemption)).toBe("investor_erased")
  })
})

describe("forgetting a document", () => {
  it("used for two investors: goes with the last", () => {
    const c = people("anna", "bert")
    c.by("p", "UploadDocument", { documentId: "annex", digest: "0".repeat(64), size: 3 })
    const shared = { documentIds: ["bert-proof", "annex"] }
    expect(c.sign("x", 1, shared)).toBe("accepted")
    c.cancel("x")
    expect(erase(c)).toBe("accepted")
    expect(c.register.log.slice(-3).map(({ type, data }) => [type, data])).toEqual([
      ["InvestorErased", { investorId: "anna", ground: "request" }],
      ["DocumentErased", { documentId: "anna-proof" }],
      ["DocumentErased", { documentId: "annex" }]
    ])
    expect(c.register.state(Document.references("bert-proof" as never))).toEqual(["bert", "anna"])
    expect(c.register.state(Document.model("bert-proof" as never))).toMatchObject({ erased: false })
    expect(erase(c, "bert")).toBe("accepted")
    expect(c.last(["DocumentErased"])).toEqual({ documentId: "bert-proof" })
  })

  it("refused while an investor refers to it; otherwise it goes, once", () => {
    const c = people("anna")
    const forget = (documentId: string, platform?: string) => c.by(platform, "EraseDocument", { documentId })
    expect(forget("none")).toBe("document_not_found")
    expect(forget("anna-proof", "q")).toBe("document_not_found")
    expect(forget("anna-proof")).toBe("document_in_use")
    c.by("p", "UploadDocument", { documentId: "stray", digest: "0".repeat(64), size: 3 })
    expect(forget("stray")).toBe("accepted")
    expect(forget("stray")).toBe("no change")
    expect(c.sign("x", 1, { documentIds: ["stray"] })).toBe("document_not_found")
    expect(c.investor("carl", { documentIds: ["stray"] })).toBe("document_not_found")
  })
})

describe("retention", () => {
  it("is whole calendar years in German time, five to ten of them", () => {
    const until = (years: number, last: string) =>
      Policy.retainUntil({ retention: { years } }, Timestamp.instantOf(last)).text
    expect(until(5, "2026-01-01T00:00:00+01:00")).toBe("2032-01-01T00:00:00+01:00")
    expect(until(5, "2026-12-31T23:59:59+01:00")).toBe("2032-01-01T00:00:00+01:00")
    expect(until(5, "2026-12-31T23:00:00Z")).toBe("2033-01-01T00:00:00+01:00")
    expect(until(10, "2026-06-01T00:00:00Z")).toBe("2037-01-01T00:00:00+01:00")
    expect(until(5, "2254-06-01T00:00:00Z")).toBe("2254-01-01T00:00:00+01:00")
    const isPolicy = Schema.is(Policy.Policy)
    for (const years of [5, 10]) expect(isPolicy({ ...Policy.defaults, retention: { years } })).toBe(true)
    for (const years of [4, 11, 5.5, Number.NaN])
      expect(isPolicy({ ...Policy.defaults, retention: { years } })).toBe(false)
    expect(Policy.retainUntil(Policy.defaults, Timestamp.instantOf(later(0))).text).toBe("2032-01-01T00:00:00+01:00")
  })
})
