/**
 * Companies, the people behind them, and amendments: when an investor is identified, and what undoes it. For the tests by example.
 */
import { describe, expect, it } from "vitest"
import { InvestorAmendment } from "../src/index.ts"
import { Case } from "./Case.ts"

const benefit = (c: Case, benefitingPersonId: string, opens: ReadonlyArray<string> = [], investorId = "firma") =>
  c.by(
    "p",
    "AddBenefitingPerson",
    { benefitingPersonId, investorId, opens },
    { naturalPerson: { forename: "Wilma", surname: "Beispiel", isPep: false } }
  )

const company = () => {
  const c = new Case()
  c.investor("firma", { kind: "legal", ownAccount: false })
  return c
}

const amend = (c: Case, change: object, investorId = "anna", personal?: object) =>
  c.by("p", "AmendInvestor", { investorId, members: [], opens: [], documentIds: [], ...change }, personal)

describe("a company", () => {
  it("may act for others, and stays PENDING until somebody benefits from it; then its investments go on", () => {
    const c = company()
    c.sign("waits", 2, { investorId: "firma", acceptedAt: c.now })
    expect(c.identify("firma")).toBe("accepted")
    expect([c.kyc("firma"), c.status("waits")]).toEqual(["PENDING", "KYC_PENDING"])
    const before = c.register.log.length
    expect(benefit(c, "one")).toBe("accepted")
    expect(c.register.log.slice(before).map(({ type }) => type)).toEqual([
      "BenefitingPersonAdded",
      "InvestmentIdentified"
    ])
    expect([c.kyc("firma"), c.status("waits")]).toEqual(["SUCCESS", "ACCEPTED"])
  })

  it("is identified by the proof where the people are known already", () => {
    const c = company()
    expect(benefit(c, "one")).toBe("accepted")
    expect(c.kyc("firma")).toBe("PENDING")
    c.identify("firma")
    expect(c.kyc("firma")).toBe("SUCCESS")
  })

  it("goes to review where a person behind it is politically exposed, or subject to US tax", () => {
    const c = company()
    c.identify("firma")
    benefit(c, "one", ["benefiting_pep"])
    expect(c.kyc("firma")).toBe("REVIEW benefiting_pep")
    benefit(c, "two", ["us_tax", "benefiting_pep"])
    expect(c.kyc("firma")).toBe("REVIEW benefiting_pep us_tax")
    expect(c.decideKyc("management_agreed", "firma")).toBe("accepted")
    expect(c.kyc("firma")).toBe("SUCCESS")
    benefit(c, "three", ["benefiting_pep"])
    expect(c.kyc("firma")).toBe("REVIEW benefiting_pep")
  })

  it("refused before anybody benefits from it stays so until both are there, and then a person decides", () => {
    const c = company()
    c.decideKyc("data_contradict", "firma")
    c.identify("firma")
    expect(c.kyc("firma")).toBe("INSUFFICIENT refused_before")
    expect(benefit(c, "one")).toBe("accepted")
    expect(c.kyc("firma")).toBe("REVIEW refused_before")
  })

  it("has at most 100 of them, and a natural person none", () => {
    const c = company()
    for (let n = 0; n < 100; n++) expect(benefit(c, String(n))).toBe("accepted")
    expect(benefit(c, "last")).toBe("too_many_benefiting_persons")
    expect(benefit(c, "one", [], "anna")).toBe("investor_not_legal_person")
    expect(benefit(c, "one", [], "none")).toBe("investor_not_found")
    const unborn = { naturalPerson: { forename: "A", surname: "B", birthDate: "2026-03-03", isPep: false } }
    const input = { benefitingPersonId: "unborn", investorId: "firma", opens: [] }
    expect(c.by("p", "AddBenefitingPerson", input, unborn)).toBe("birth_date_in_future")
  })
})

describe("an amendment", () => {
  it("of each member that was proven voids the proof; of any other it does not", () => {
    for (const [investorId, kind] of [
      ["anna", "natural"],
      ["firma", "legal"]
    ] as const) {
      const other = kind === "natural" ? "legal" : "natural"
      const c = company()
      benefit(c, "one")
      for (const member of InvestorAmendment.identityMembers[kind]) {
        c.identify(investorId)
        expect(c.kyc(investorId)).toBe("SUCCESS")
        expect(amend(c, { members: [member] }, investorId)).toBe("accepted")
        expect([member, c.kyc(investorId)]).toEqual([member, "PENDING"])
      }
      // What proves nothing leaves the proof void, and so does another person.
      amend(c, { members: ["naturalPerson.phone"] }, investorId)
      if (kind === "legal") benefit(c, "two")
      expect(c.kyc(investorId)).toBe("PENDING")
      c.identify(investorId)
      for (const member of [...InvestorAmendment.identityMembers[other], "naturalPerson.street", "bankAccount"])
        if (kind === "legal" || !member.startsWith("legalPerson")) amend(c, { members: [member] }, investorId)
      expect(c.kyc(investorId)).toBe("SUCCESS")
    }
  })

  it("leaves what was cleared, and what is signed until the next proof waits", () => {
    const c = new Case()
    c.identify()
    c.sign("cleared", 1)
    amend(c, { members: ["naturalPerson.surname"] })
    c.sign("waits", 1)
    expect([c.status("cleared"), c.status("waits")]).toEqual(["WAITING_FOR_ACCEPTANCE", "KYC_PENDING"])
    c.identify()
    expect(c.status("waits")).toBe("WAITING_FOR_ACCEPTANCE")
  })

  it("that makes a person subject to US tax, or politically exposed, is recorded and asks for a decision", () => {
    const c = new Case()
    c.identify()
    expect(amend(c, { members: ["naturalPerson.isSubjectToUsTax"], opens: ["us_tax"] })).toBe("accepted")
    expect(c.kyc()).toBe("REVIEW us_tax")
    expect(amend(c, { members: ["naturalPerson.isPep"], opens: ["pep"] })).toBe("accepted")
    expect(c.kyc()).toBe("REVIEW us_tax pep")
    // What is said otherwise later closes nothing.
    amend(c, { members: ["naturalPerson.isPep"] })
    expect(c.kyc()).toBe("REVIEW us_tax pep")
    c.decideKyc("nothing_found")
    expect(c.kyc()).toBe("SUCCESS")
  })

  it("of tax information says whether it is there, and wallets follow", () => {
    const c = new Case({}, {}, { walletNeedsTaxInformation: true })
    c.identify()
    expect(c.wallet()).toBe("tax_information_missing")
    amend(c, { members: ["taxInformation"], hasTaxInformation: true })
    expect(c.wallet()).toBe("accepted")
    amend(c, { members: ["taxInformation"], hasTaxInformation: false })
    expect(c.wallet("x")).toBe("tax_information_missing")
  })

  it("that sets nothing is no change; the kind is fixed; a document must be there, and once", () => {
    const c = company()
    expect(amend(c, {})).toBe("no change")
    expect(amend(c, { kind: "legal" })).toBe("investor_kind_fixed")
    expect(amend(c, { kind: "natural" }, "firma")).toBe("investor_kind_fixed")
    expect(amend(c, { kind: "natural", members: ["communication"] })).toBe("accepted")
    const proofs = (...documentIds: ReadonlyArray<string>) =>
      amend(c, { members: ["legalPerson.companyStructureProofId"], documentIds }, "firma")
    expect(proofs("none")).toBe("document_not_found")
    expect(proofs("firma-proof", "firma-proof")).toBe("document_repeated")
    expect(proofs("firma-proof")).toBe("accepted")
    expect(c.by(undefined, "EraseDocument", { documentId: "firma-proof" })).toBe("document_in_use")
    expect(amend(c, { members: ["communication"] }, "none")).toBe("investor_not_found")
    const unborn = { naturalPerson: { birthDate: "2026-03-03" } }
    expect(amend(c, { members: ["naturalPerson.birthDate"] }, "anna", unborn)).toBe("birth_date_in_future")
  })

  it("of an investor that is erased is refused", () => {
    const c = company()
    c.now = "2040-01-01T00:00:00Z"
    c.by(undefined, "EraseInvestor", { investorId: "anna", ground: "request" })
    c.by(undefined, "EraseInvestor", { investorId: "firma", ground: "request" })
    expect(amend(c, { members: ["communication"] })).toBe("investor_erased")
    expect(benefit(c, "one")).toBe("investor_erased")
  })
})
