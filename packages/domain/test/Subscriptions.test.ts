/**
 * The worked cases of identification and subscription: given what happened, an instruction is recorded or refused. For the tests by
 * example.
 */
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import { type Commands, Ending, Holding, Investment, Investor, KycStatus, Policy, Timestamp } from "../src/index.ts"
import { Case, later, noon, ready } from "./Case.ts"
import { identityDocument, somebody } from "@effekten/simulation/domain"

describe("identification", () => {
  it("four investments wait; one append identifies them all", () => {
    const c = new Case()
    c.sign("nothing", 1)
    c.sign("accepted", 1, { acceptedAt: c.now })
    c.sign("paid", 1, { paidAt: c.now })
    c.sign("both", 1, { acceptedAt: c.now, paidAt: c.now })
    const all = ["nothing", "accepted", "paid", "both"]
    expect(all.map((id) => c.status(id))).toEqual(all.map(() => "KYC_PENDING"))
    const before = c.register.log.length
    expect(c.identify()).toBe("accepted")
    const events = c.register.log.slice(before)
    expect(events.map((event) => event.type)).toEqual([
      "IdentificationRecorded",
      "InvestmentIdentified",
      "InvestmentIdentified",
      "InvestmentIdentified",
      "InvestmentIdentified"
    ])
    expect(new Set(events.map((event) => event.meta.instruction)).size).toBe(1)
    expect(all.map((id) => c.status(id))).toEqual([
      "WAITING_FOR_ACCEPTANCE",
      "ACCEPTED",
      "WAITING_FOR_ACCEPTANCE",
      "PAID"
    ])
  })

  it("an identity document is judged on the day of verification, both ends inclusive", () => {
    const proof = identityDocument("2026-02-01", "2026-03-01")
    const c = new Case()
    expect(c.identify("anna", "2026-03-01T23:59:59-08:00", proof)).toBe("timestamp_in_future")
    c.now = later(100)
    expect(c.identify("anna", "2026-03-01T23:59:59-08:00", proof)).toBe("accepted")
    expect(c.identify("anna", "2026-02-01T00:00:00Z", proof)).toBe("accepted")
    expect(c.identify("anna", "2026-03-02T00:00:00Z", proof)).toBe("identity_document_not_valid")
    expect(c.identify("anna", "2026-01-31T23:59:59Z", proof)).toBe("identity_document_not_valid")
  })

  it("a PEP goes to review; a person subject to US tax is not registered", () => {
    const c = new Case()
    c.investor("pep", { pep: true })
    c.identify("pep")
    expect(c.register.state(Investor.model("pep" as never))).toMatchObject({
      kycStatus: "REVIEW",
      openReasons: ["pep"]
    })
    const facts = {
      kind: "natural",
      custodianBank: false,
      ownAccount: true,
      hasTaxInformation: false,
      pep: false,
      documentIds: []
    }
    const us = c.by("p", "RegisterInvestor", { investorId: "us", ...facts }, somebody(true))
    expect(us).toBe("us_tax_subject")
    expect(c.investor("agent", { ownAccount: false })).toBe("not_own_account")
  })

  it("nobody is born in the future, wherever on Earth it has begun", () => {
    const c = new Case()
    const facts = {
      kind: "natural",
      custodianBank: false,
      ownAccount: true,
      hasTaxInformation: false,
      pep: false,
      documentIds: []
    }
    const born = (investorId: string, birthDate: string) => {
      const { naturalPerson } = somebody(false)
      return c.by("p", "RegisterInvestor", { investorId, ...facts }, { naturalPerson: { ...naturalPerson, birthDate } })
    }
    c.now = "2026-03-01T09:59:59.999999Z"
    expect([born("a", "2026-03-01"), born("b", "2026-03-02")]).toEqual(["accepted", "birth_date_in_future"])
    c.now = "2026-03-01T10:00:00Z"
    expect([born("c", "2026-03-02"), born("d", "2026-03-03")]).toEqual(["accepted", "birth_date_in_future"])
    c.now = "2026-03-01T01:00:00+12:00"
    expect([born("e", "2026-03-01"), born("f", "2026-03-02")]).toEqual(["accepted", "birth_date_in_future"])
  })

  it("nobody is identified before their birth, by the day that the verification bears; the date is not kept", () => {
    const c = new Case()
    const at = (verifiedAt: string, birthDate?: string) =>
      c.identify("anna", verifiedAt, {
        ...identityDocument("2020-01-01", "2030-01-01"),
        ...(birthDate && { birthDate })
      })
    expect(at("2024-05-05T23:59:59-11:00", "2024-05-06")).toBe("verified_before_birth")
    expect(at("2024-05-06T00:00:00+14:00", "2024-05-06")).toBe("accepted")
    expect(at("2024-05-05T00:00:00Z")).toBe("accepted")
    for (const event of c.register.log) expect(JSON.stringify(event)).not.toContain('2024-05-06"')
  })

  it("status table 2.3", () => {
    const natural = {
      kind: "natural",
      identified: false,
      benefitingPersons: 0,
      openReasons: [],
      refused: false
    } as const
    expect(KycStatus.of(natural)).toBe("PENDING")
    expect(KycStatus.of({ ...natural, identified: true })).toBe("SUCCESS")
    expect(KycStatus.of({ ...natural, identified: true, openReasons: ["pep"] })).toBe("REVIEW")
    expect(KycStatus.of({ ...natural, refused: true })).toBe("INSUFFICIENT")
    expect(KycStatus.of({ ...natural, refused: true, identified: true, openReasons: ["refused_before"] })).toBe(
      "REVIEW"
    )
    expect(KycStatus.of({ ...natural, kind: "legal", identified: true })).toBe("PENDING")
    expect(KycStatus.of({ ...natural, kind: "legal", identified: true, benefitingPersons: 1 })).toBe("SUCCESS")
  })

  it("a hundred investments may wait, not more", () => {
    const c = new Case()
    for (let i = 0; i < 100; i++) expect(c.sign(`x${i}`, 1)).toBe("accepted")
    expect(c.sign("x100", 1)).toBe("too_many_waiting_investments")
    c.cancel("x0")
    expect(c.sign("x101", 1)).toBe("accepted")
    expect(c.identify()).toBe("accepted")
    expect(c.sign("x102", 1)).toBe("accepted")
  })
})

describe("creation", () => {
  it.each([
    ["neither", false, false, "WAITING_FOR_ACCEPTANCE"],
    ["paid only", false, true, "WAITING_FOR_ACCEPTANCE"],
    ["accepted only", true, false, "ACCEPTED"],
    ["both", true, true, "PAID"]
  ] as const)("with acceptance and payment: %s", (_name, accepted, paid, status) => {
    const times = (at: string) => ({ ...(accepted ? { acceptedAt: at } : {}), ...(paid ? { paidAt: at } : {}) })
    const c = ready()
    c.sign("x", 1, times(c.now))
    expect(c.status("x")).toBe(status)
    const review = ready({}, { reviewRequired: true })
    review.sign("x", 1, times(review.now))
    expect(review.status("x")).toBe("REVIEW_PENDING")
  })

  it("signed three minutes ahead and accepted without a date: accepted at the signature", () => {
    const c = ready()
    const ahead = "2026-03-01T12:03:00.000001Z"
    expect(c.sign("x", 1, { signedAt: ahead, acceptedAt: "now" })).toBe("accepted")
    expect(c.last(["InvestmentAccepted"])).toEqual({ investmentId: "x", acceptedAt: ahead })
    expect(c.sign("y", 1, { signedAt: "2026-03-01T12:12:00Z" })).toBe("timestamp_in_future")
    expect(c.sign("y", 1, { signedAt: "2026-03-01T12:05:00Z" })).toBe("accepted")
    expect(c.sign("z", 1, { signedAt: "2026-03-01T12:05:00.000001Z" })).toBe("timestamp_in_future")
  })

  it("three equal times are legal, whatever their offsets; a microsecond before the signature is not", () => {
    const c = ready()
    const times = { signedAt: "2026-03-01T12:00:00Z", acceptedAt: "2026-03-01T13:00:00+01:00" }
    expect(c.sign("x", 1, { ...times, paidAt: "2026-03-01T11:00:00.000000-01:00" })).toBe("accepted")
    expect(c.sign("y", 1, { ...times, paidAt: "2026-03-01T11:59:59.999999Z" })).toBe("timestamp_before_signing")
  })

  it("step 5, allocation 12", () => {
    const c = ready({ stepSize: 5 }, { allocation: 12 })
    expect(c.sign("seven", 7)).toBe("units_not_multiple_of_step")
    expect(c.deliver("ten", 10)).toBe("accepted")
    expect(c.sign("five", 5)).toBe("allocation_exhausted 2")
    expect(c.redeem("r", 3)).toBe("3 of ten")
  })

  it("volume 2^53 - 1 is exact to the last unit", () => {
    const all = 9007199254740991
    const c = ready({ issueVolume: all }, { allocation: all })
    expect(c.deliver("most", all - 1)).toBe("accepted")
    expect(c.sign("two", 2)).toBe("allocation_exhausted 1")
    expect(c.deliver("one", 1)).toBe("accepted")
    expect(c.redeem("r", all)).toBe(`${all - 1} of most, 1 of one`)
    expect(c.settle("r", "succeeded")).toBe("accepted")
    expect(Holding.free(c.holding())).toBe(0)
    expect(c.sign("zero", 0)).toBe("units_invalid")
    expect(c.sign("over", all + 1)).toBe("units_invalid")
  })

  it("documents: named twice, unknown, another platform's, too many", () => {
    const c = ready()
    c.by("q", "UploadDocument", { documentId: "foreign", digest: "0".repeat(64), size: 3 })
    expect(c.sign("x", 1, { documentIds: ["anna-proof", "anna-proof"] })).toBe("document_repeated")
    expect(c.sign("x", 1, { documentIds: ["none"] })).toBe("document_not_found")
    expect(c.sign("x", 1, { documentIds: ["foreign"] })).toBe("document_not_found")
    const many = Array.from({ length: Policy.maximumDocuments + 1 }, (_, i) => `d${i}`)
    for (const documentId of many) c.by("p", "UploadDocument", { documentId, digest: "0".repeat(64), size: 3 })
    expect(c.sign("x", 1, { documentIds: many })).toBe("too_many_documents")
    expect(c.sign("x", 1, { documentIds: many.slice(1) })).toBe("accepted")
  })

  it("what a person wrote goes to the personal part, and the body keeps the ids", () => {
    const c = ready()
    const { answer } = c.register.execute(
      {
        operation: "SignInvestment",
        input: {
          investmentId: "x",
          investorId: "anna",
          campaignId: "c",
          units: 1,
          signedAt: c.now,
          documentIds: ["anna-proof"]
        },
        personal: { signedDocuments: [{ documentId: "anna-proof", category: "Vertrag", subject: "Erika Beispiel" }] }
      } as unknown as Commands.Command,
      c.register.context("p", c.now)
    )
    expect(JSON.stringify(c.register.log)).not.toContain("Erika")
    expect(Result.isSuccess(answer) && answer.success[0]).toMatchObject({
      personal: { signedDocuments: [{ subject: "Erika Beispiel" }] }
    })
  })
})

describe("amendment and end", () => {
  it("sets all or none, and what is set already is no change", () => {
    const c = ready()
    c.sign("x", 1)
    const bad = { acceptedAt: c.now, paidAt: "2026-02-01T00:00:00Z" }
    expect(c.amend("x", bad)).toBe("timestamp_before_signing")
    expect(c.status("x")).toBe("WAITING_FOR_ACCEPTANCE")
    expect(c.amend("x", { acceptedAt: "now", walletId: "w" })).toBe("accepted")
    expect(c.amend("x", { acceptedAt: "2026-03-01T13:00:00+01:00", walletId: "w" })).toBe("no change")
    expect(c.amend("x", { acceptedAt: "now" })).toBe("no change")
    expect(c.amend("x", { acceptedAt: "2026-03-01T12:00:00.000001Z" })).toBe("already_accepted")
    expect(c.amend("x", { paidAt: c.now })).toBe("accepted")
    expect(c.status("x")).toBe("PAID")
    expect(c.amend("x", { paidAt: later(-1) })).toBe("already_paid")
  })

  it("the wallet may change before a credit and after a failed one, not during it and not after delivery", () => {
    const c = ready()
    c.wallet("v")
    c.sign("x", 1, { acceptedAt: c.now, paidAt: c.now })
    expect(c.by("p", "RequestCredit", { investmentId: "x", creditId: "1" })).toBe("wallet_missing")
    expect(c.amend("x", { walletId: "w" })).toBe("accepted")
    expect(c.amend("x", { walletId: "v" })).toBe("accepted")
    c.by("p", "RequestCredit", { investmentId: "x", creditId: "1" })
    expect(c.amend("x", { walletId: "w" })).toBe("credit_in_flight")
    c.settleCredit("x", "failed", "1")
    expect(c.amend("x", { walletId: "w" })).toBe("accepted")
    c.by("p", "RequestCredit", { investmentId: "x", creditId: "2" })
    c.settleCredit("x", "succeeded", "2")
    expect(c.amend("x", { walletId: "v" })).toBe("already_delivered")
    expect(c.amend("x", { walletId: "w" })).toBe("no change")
    expect([Holding.free(c.holding("w")), Holding.free(c.holding("v"))]).toEqual([1, 0])
  })

  it("ends before delivery give the units back; a cancellation after it does not", () => {
    const c = ready({ cancellationDays: 14 }, { allocation: 10 })
    c.sign("aborted", 10)
    expect(c.cancel("aborted")).toBe("accepted")
    expect([c.status("aborted"), c.used()]).toEqual(["ABORTION", 0])
    c.sign("rejected", 10)
    expect(c.by(undefined, "RejectInvestment", { investmentId: "rejected" })).toBe("accepted")
    expect([c.status("rejected"), c.used()]).toEqual(["REJECTION", 0])
    c.sign("cancelled", 10, { acceptedAt: c.now })
    expect(c.by(undefined, "RejectInvestment", { investmentId: "cancelled" })).toBe("already_accepted")
    expect(c.cancel("cancelled")).toBe("accepted")
    expect([c.status("cancelled"), c.used()]).toEqual(["CANCELLATION", 0])
    expect(c.cancel("cancelled")).toBe("investment_ended CANCELLATION")
    c.deliver("delivered", 10)
    expect(c.cancel("delivered")).toBe("accepted")
    expect([c.status("delivered"), c.used()]).toEqual(["CANCELLATION", 10])
    expect(Holding.lotsOf(c.holding())).toMatchObject([{ remaining: 10, blocked: true }])
    expect(c.redeem("r", 1)).toBe("insufficient_units 0")
  })

  it("the cancellation period ends inclusively, judged by the declaration; late is the registrar's", () => {
    const c = ready({ cancellationDays: 14 })
    for (const id of ["in", "out", "late"]) c.sign(id, 1, { acceptedAt: c.now })
    c.now = later(20)
    const last = later(14)
    const after = Timestamp.instantOfMicros(Timestamp.instantOf(last).micros + 1).text
    expect(c.cancel("in", { cancelledAt: last })).toBe("accepted")
    expect(c.cancel("out", { cancelledAt: after })).toBe("cancellation_period_over")
    expect(c.cancel("late", { late: true })).toBe("cancellation_period_over")
    expect(c.by(undefined, "CancelInvestment", { investmentId: "late", late: true })).toBe("accepted")
    expect(c.last(["InvestmentEnded"])).toMatchObject({ late: true, endedAt: c.now })
  })

  it("payment is due from the later of acceptance and the moment it became ACCEPTED, exclusively", () => {
    const c = new Case({ paymentDays: 14 })
    c.now = later(80)
    c.sign("x", 1, { signedAt: noon.text, acceptedAt: noon.text })
    expect(c.by(undefined, "EnforcePaymentDeadline", { investmentId: "x" })).toBe("deadline_not_reached KYC_PENDING")
    c.identify()
    const state = c.register.state(Investment.model("x" as never))
    expect(state?._tag === "Subscribed" && Ending.paymentDue(state)).toBe(Timestamp.instantOf(later(94)).micros)
    c.now = later(94)
    expect(c.by(undefined, "EnforcePaymentDeadline", { investmentId: "x" })).toBe("deadline_not_reached ACCEPTED")
    c.now = Timestamp.instantOfMicros(Timestamp.instantOf(later(94)).micros + 1).text
    expect(c.by(undefined, "EnforcePaymentDeadline", { investmentId: "x" })).toBe("accepted")
    expect([c.status("x"), c.used()]).toEqual(["PAYMENT_MISSING", 0])
  })

  it("a closed campaign takes no signatures; acceptance, payment and credit go on, unsold units are offered again", () => {
    const c = ready({ issueVolume: 10 }, { allocation: 10 })
    c.sign("x", 4, { walletId: "w" })
    expect(c.campaign("d", { allocation: 1 })).toBe("issue_volume_exceeded 0")
    c.by(undefined, "CloseCampaign", { campaignId: "c" })
    expect(c.by(undefined, "CloseCampaign", { campaignId: "c" })).toBe("no change")
    expect(c.sign("y", 1)).toBe("campaign_not_open")
    expect(c.campaign("d", { allocation: 7 })).toBe("issue_volume_exceeded 6")
    expect(c.campaign("d", { allocation: 6 })).toBe("accepted")
    c.amend("x", { acceptedAt: c.now, paidAt: c.now })
    expect(c.by("p", "RequestCredit", { investmentId: "x", creditId: "1" })).toBe("accepted")
  })

  it("a campaign's window is judged at receipt, and both its ends belong to it", () => {
    const c = ready({}, { opensAt: noon.text, closesAt: later(1) })
    const signAt = (micros: number) => {
      c.now = Timestamp.instantOfMicros(micros).text
      return c.sign("x", 1, { signedAt: noon.text })
    }
    const [first, last] = [noon.micros, Timestamp.instantOf(later(1)).micros]
    expect(signAt(first)).toBe("accepted")
    expect(signAt(first - 1)).toBe("campaign_not_open")
    expect(signAt(last)).toBe("accepted")
    expect(signAt(last + 1)).toBe("campaign_not_open")
  })

  it("units released in a closed campaign fall back to the issue volume", () => {
    const c = ready({ issueVolume: 10 }, { allocation: 10 })
    c.sign("x", 4)
    c.by(undefined, "CloseCampaign", { campaignId: "c" })
    c.cancel("x")
    expect(c.campaign("d", { allocation: 10 })).toBe("accepted")
  })

  it("a delisted product is not sold; holders still redeem it", () => {
    const c = ready()
    c.deliver("x", 5)
    c.by(undefined, "DelistProduct", { productId: "bond", platformId: "p" })
    expect(c.sign("y", 1)).toBe("product_not_listed")
    expect(c.campaign("d", { allocation: 1 })).toBe("product_not_listed")
    expect(c.redeem("r", 5)).toBe("5 of x")
  })
})
