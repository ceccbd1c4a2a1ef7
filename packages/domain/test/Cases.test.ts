/**
 * The worked cases, by example: given what happened, when someone instructs, then this is recorded or refused.
 */
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import {
  type Command,
  free,
  Holding,
  instantOf,
  instantOfMicros,
  Investment,
  investmentStatus,
  Investor,
  kycStatus,
  lotsOf,
  maximumDocuments,
  maximumLots,
  microsPerDay,
  paymentDue,
  type Operation,
  type Policy,
  Used,
  defaultPolicy
} from "../src/index.ts"
import { MemoryRegister } from "./MemoryRegister.ts"
import { identityDocument, somebody } from "./Steps.ts"

const noon = instantOf("2026-03-01T12:00:00Z")
const later = (days: number) => instantOfMicros(noon.micros + Math.round(days * microsPerDay)).text

/** A register with a product, a campaign and an investor on platform `p`, in words that read like the cases. */
class Case {
  readonly register: MemoryRegister
  now = noon.text as string

  constructor(product: object = {}, campaign: object = {}, policy: Policy = defaultPolicy) {
    this.register = new MemoryRegister(policy)
    this.by(undefined, "RegisterPlatform", { platformId: "p", name: "P" })
    this.by(undefined, "RegisterPlatform", { platformId: "q", name: "Q" })
    this.by(undefined, "RegisterIssuer", { issuerId: "i" })
    this.by(undefined, "RegisterProduct", {
      productId: "bond",
      issuerId: "i",
      name: "Bond",
      productType: "BOND",
      kind: "digital",
      issueVolume: 1000,
      stepSize: 1,
      ...product
    })
    this.by(undefined, "ListProduct", { productId: "bond", platformId: "p" })
    this.campaign("c", campaign)
    this.investor("anna")
  }

  /** `accepted`, `no change`, or the code of the refusal with its details. */
  by(platform: string | undefined, operation: Operation, input: object, personal?: object): string {
    const command = (personal ? { operation, input, personal } : { operation, input }) as Command
    const { answer } = this.register.execute(command, this.register.context(platform, this.now))
    if (Result.isSuccess(answer)) return answer.success.length === 0 ? "no change" : "accepted"
    const { code, details } = answer.failure
    return [code, ...Object.values(details ?? {})].join(" ")
  }

  last(types: ReadonlyArray<string>) {
    return this.register.log.filter((event) => types.includes(event.type)).at(-1)?.data
  }

  campaign(campaignId: string, options: object = {}) {
    return this.by(undefined, "OpenCampaign", {
      campaignId,
      productId: "bond",
      platformId: "p",
      allocation: 1000,
      opensAt: "2026-01-01T00:00:00Z",
      reviewRequired: false,
      ...options
    })
  }

  investor(investorId: string, facts: object = {}, platform = "p") {
    this.by(platform, "UploadDocument", { documentId: `${investorId}-proof`, digest: "0".repeat(64), size: 3 })
    const none = { custodianBank: false, ownAccount: true, hasTaxInformation: false, pep: false, documentIds: [] }
    return this.by(platform, "RegisterInvestor", { investorId, ...none, ...facts }, somebody(false))
  }

  identify(
    investorId = "anna",
    verifiedAt: string = this.now,
    personal = identityDocument("2020-01-01", "2030-01-01")
  ) {
    const input = { identificationId: "id", investorId, protocolDocumentId: `${investorId}-proof`, verifiedAt }
    return this.by("p", "RecordIdentification", input, personal)
  }

  wallet(walletId = "w", investorId = "anna", address = walletId.charCodeAt(0)) {
    return this.by("p", "RegisterGenericWallet", {
      walletId,
      investorId,
      address: `0x${address.toString(16).padStart(40, "0")}`,
      receivingEnabled: false
    })
  }

  sign(investmentId: string, units: number, options: object = {}) {
    const input = { investmentId, investorId: "anna", campaignId: "c", units, signedAt: this.now, documentIds: [] }
    return this.by("p", "SignInvestment", { ...input, ...options })
  }

  amend(investmentId: string, change: object) {
    return this.by("p", "AmendInvestment", { investmentId, ...change })
  }

  cancel(investmentId: string, change: object = {}) {
    return this.by("p", "CancelInvestment", { investmentId, late: false, ...change })
  }

  status(investmentId: string) {
    const state = this.register.state(Investment(investmentId as never))
    return state && investmentStatus(state)
  }

  /** Signed, accepted, paid and delivered into wallet `w`. */
  deliver(investmentId: string, units: number, walletId = "w") {
    const answer = this.sign(investmentId, units, { acceptedAt: this.now, paidAt: this.now, walletId })
    if (answer !== "accepted") return answer
    this.by("p", "RequestCredit", { investmentId, creditId: `${investmentId}-credit` })
    return this.settleCredit(investmentId, "succeeded")
  }

  settleCredit(investmentId: string, outcome: string, creditId = `${investmentId}-credit`) {
    return this.by(undefined, "SettleCredit", { creditId, investmentId, outcome })
  }

  redeem(redemptionId: string, units: number, walletId = "w") {
    const input = { redemptionId, investorId: "anna", productId: "bond", walletId, units }
    const answer = this.by("p", "RequestRedemption", input)
    if (answer !== "accepted") return answer
    const data = this.register.log.at(-1)?.data
    if (data === undefined || !("lots" in data)) return "no lots"
    return data.lots.map((part) => `${part.units} of ${part.investmentId}`).join(", ")
  }

  settle(redemptionId: string, outcome: string) {
    return this.by(undefined, "SettleRedemption", { redemptionId, outcome })
  }

  holding(walletId = "w") {
    return this.register.state(Holding("bond" as never, walletId as never))
  }

  used() {
    return this.register.state(Used("c" as never))
  }
}

const ready = (product: object = {}, campaign: object = {}) => {
  const c = new Case(product, campaign)
  c.identify()
  c.wallet()
  return c
}

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
    expect(c.register.state(Investor("pep" as never))).toMatchObject({ kycStatus: "REVIEW", openReasons: ["pep"] })
    const facts = { custodianBank: false, ownAccount: true, hasTaxInformation: false, pep: false, documentIds: [] }
    const us = c.by("p", "RegisterInvestor", { investorId: "us", ...facts }, somebody(true))
    expect(us).toBe("us_tax_subject")
    expect(c.investor("agent", { ownAccount: false })).toBe("not_own_account")
  })

  it("status table 2.3", () => {
    const natural = {
      kind: "natural",
      identified: false,
      benefitingPersons: 0,
      openReasons: [],
      refused: false
    } as const
    expect(kycStatus(natural)).toBe("PENDING")
    expect(kycStatus({ ...natural, identified: true })).toBe("SUCCESS")
    expect(kycStatus({ ...natural, identified: true, openReasons: ["pep"] })).toBe("REVIEW")
    expect(kycStatus({ ...natural, refused: true })).toBe("INSUFFICIENT")
    expect(kycStatus({ ...natural, refused: true, identified: true, openReasons: ["refused_before"] })).toBe("REVIEW")
    expect(kycStatus({ ...natural, kind: "legal", identified: true })).toBe("PENDING")
    expect(kycStatus({ ...natural, kind: "legal", identified: true, benefitingPersons: 1 })).toBe("SUCCESS")
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
    expect(free(c.holding())).toBe(0)
    expect(c.sign("zero", 0)).toBe("units_invalid")
    expect(c.sign("over", all + 1)).toBe("units_invalid")
  })

  it("documents: named twice, unknown, another platform's, too many", () => {
    const c = ready()
    c.by("q", "UploadDocument", { documentId: "foreign", digest: "0".repeat(64), size: 3 })
    expect(c.sign("x", 1, { documentIds: ["anna-proof", "anna-proof"] })).toBe("document_repeated")
    expect(c.sign("x", 1, { documentIds: ["none"] })).toBe("document_not_found")
    expect(c.sign("x", 1, { documentIds: ["foreign"] })).toBe("document_not_found")
    const many = Array.from({ length: maximumDocuments + 1 }, (_, i) => `d${i}`)
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
      } as unknown as Command,
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
    expect([free(c.holding("w")), free(c.holding("v"))]).toEqual([1, 0])
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
    expect(lotsOf(c.holding())).toMatchObject([{ remaining: 10, blocked: true }])
    expect(c.redeem("r", 1)).toBe("insufficient_units 0")
  })

  it("the cancellation period ends inclusively, judged by the declaration; late is the registrar's", () => {
    const c = ready({ cancellationDays: 14 })
    for (const id of ["in", "out", "late"]) c.sign(id, 1, { acceptedAt: c.now })
    c.now = later(20)
    const last = later(14)
    const after = instantOfMicros(instantOf(last).micros + 1).text
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
    const state = c.register.state(Investment("x" as never))
    expect(state && paymentDue(state)).toBe(instantOf(later(94)).micros)
    c.now = later(94)
    expect(c.by(undefined, "EnforcePaymentDeadline", { investmentId: "x" })).toBe("deadline_not_reached ACCEPTED")
    c.now = instantOfMicros(instantOf(later(94)).micros + 1).text
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
    expect(free(c.holding())).toBe(12)
    expect(lotsOf(c.holding()).map((lot) => lot.remaining - lot.reserved)).toEqual([10, 2, 0])
    expect(c.settle("2", "succeeded")).toBe("accepted")
    expect(c.redeem("5", 11)).toBe("10 of a, 1 of b")
    expect(lotsOf(c.holding()).map(({ remaining, reserved }) => [remaining, reserved])).toEqual([
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
    expect(lotsOf(c.holding())).toMatchObject([{ remaining: 6, reserved: 0 }])
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
    expect(free(c.holding())).toBe(0)
    expect(lotsOf(c.holding())).toMatchObject([{ remaining: 6, reserved: 0, blocked: true }])
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
    for (let i = 0; i <= maximumLots; i++) c.deliver(`lot${i}`, 1)
    expect(c.redeem("all", maximumLots + 1)).toBe("too_many_lots")
    expect(c.redeem("most", maximumLots).split(", ").length).toBe(maximumLots)
    expect(JSON.stringify(c.register.log.at(-1)).length).toBeLessThan(65_535)
    expect(c.redeem("last", 1)).toBe(`1 of lot${maximumLots}`)
    c.settle("most", "failed")
    expect(free(c.holding())).toBe(maximumLots)
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
    const policy = { ...defaultPolicy, walletNeedsKyc: false, walletNeedsTaxInformation: true }
    const c = new Case({}, {}, policy)
    expect(c.wallet()).toBe("tax_information_missing")
    c.investor("bank", { custodianBank: true })
    expect(c.wallet("v", "bank")).toBe("accepted")
    c.investor("bert", { hasTaxInformation: true })
    expect(c.wallet("u", "bert")).toBe("accepted")
  })
})
