/**
 * The issuer's decisions in given, when, then; and what a test sees of a decision that came out otherwise. For the tests by example.
 */
import { describe, expect, it } from "vitest"
import type { Events } from "../src/index.ts"
import { given, type Asked, type Happened, Mismatch } from "../src/testing/index.ts"

const platform: Happened = { type: "PlatformRegistered", data: { platformId: "p", name: "Platform" } }
const issuer: Happened = { type: "IssuerRegistered", data: { issuerId: "i" } }
const terms = {
  productId: "bond",
  issuerId: "i",
  name: "Bond",
  productType: "BOND",
  kind: "digital",
  issueVolume: 10,
  stepSize: 1
} as const
const product: Happened = { type: "ProductRegistered", data: terms }
const listed: Happened = { type: "ProductListed", data: { productId: "bond", platformId: "p" } }
const delisted: Happened = { type: "ProductDelisted", data: { productId: "bond", platformId: "p" } }

const offer = (campaignId: string, allocation: number) => ({
  campaignId,
  productId: "bond",
  platformId: "p",
  allocation,
  opensAt: "2026-01-01T00:00:00Z",
  reviewRequired: false
})
const opened = (campaignId: string, allocation: number): Happened => ({
  type: "CampaignOpened",
  data: offer(campaignId, allocation)
})
const closed: Happened = { type: "CampaignClosed", data: { campaignId: "c", productId: "bond" } }
const signed = (units: number): Happened => ({
  type: "InvestmentSigned",
  platform: "p",
  data: {
    investmentId: "x",
    investorId: "anna",
    campaignId: "c",
    productId: "bond",
    units,
    signedAt: "2026-01-01T11:00:00Z",
    documentIds: [],
    kyc: "cleared",
    reviewRequired: false
  }
})

const register: Asked = { operation: "RegisterProduct", input: terms }
const list: Asked = { operation: "ListProduct", input: { productId: "bond", platformId: "p" } }
const delist: Asked = { operation: "DelistProduct", input: { productId: "bond", platformId: "p" } }
const open = (campaignId: string, allocation: number): Asked => ({
  operation: "OpenCampaign",
  input: offer(campaignId, allocation)
})
const close: Asked = { operation: "CloseCampaign", input: { campaignId: "c" } }

describe("a product", () => {
  it("is registered once, for an issuer that there is", () => {
    given().when(register).then({ code: "issuer_not_found" })
    given(issuer).when(register).then(product).when(register).then()
  })

  it("has whole units", () => {
    given(issuer)
      .when({ operation: "RegisterProduct", input: { ...terms, stepSize: 0.5 } })
      .then({ code: "units_invalid" })
  })

  it("is listed on a platform that there is, and again after it was delisted", () => {
    given(platform).when(list).then({ code: "product_not_found" })
    given(product).when(list).then({ code: "platform_not_found" })
    given(platform, product).when(list).then(listed).when(list).then()
    given(platform, product, listed).when(delist).then(delisted).when(delist).then().when(list).then(listed)
  })
})

describe("a campaign", () => {
  it("is opened where the product is listed", () => {
    given().when(open("c", 1)).then({ code: "product_not_found" })
    given(product).when(open("c", 1)).then({ code: "product_not_listed" })
    given(product, listed).when(open("c", 1)).then(opened("c", 1)).when(open("c", 1)).then()
    given(product, listed, delisted).when(open("c", 1)).then({ code: "product_not_listed" })
  })

  it("takes its whole allocation of the issue volume; once closed, what it has used", () => {
    const free = (units: number) => ({ code: "issue_volume_exceeded", details: { free: units } }) as const
    const sold = given(product, listed, opened("c", 8), signed(3))
    sold.when(open("d", 3)).then(free(2))
    sold.when(close).then(closed).when(open("d", 8)).then(free(7)).when(open("d", 7)).then(opened("d", 7))
  })
})

describe("a decision that came out otherwise", () => {
  const mismatch = (test: () => void): Mismatch => {
    try {
      test()
    } catch (error) {
      if (error instanceof Mismatch) return error
      throw error
    }
    throw new Error("the decision came out as expected")
  }

  it("is told with what was asked, what was expected and what came", () => {
    const error = mismatch(() => given(product, listed).when(open("c", 11)).then(opened("c", 11)))
    expect(error.expected).toEqual([{ type: "CampaignOpened", data: offer("c", 11) }])
    expect(error.actual).toEqual([{ code: "issue_volume_exceeded", details: { free: 10 } }])
    for (const word of ["OpenCampaign", "CampaignOpened", "issue_volume_exceeded"])
      expect(error.message).toContain(word)
  })

  it.each<[string, () => void]>([
    ["an event less", () => given(issuer).when(register).then()],
    ["an event more", () => given(issuer, product).when(register).then(product)],
    ["other data", () => given(product, listed).when(open("c", 1)).then(opened("c", 2))],
    ["another code", () => given().when(close).then({ code: "campaign_not_open" })],
    [
      "other details",
      () =>
        given(product, listed)
          .when(open("c", 11))
          .then({ code: "issue_volume_exceeded", details: { free: 9 } })
    ],
    ["a refusal instead of events", () => given().when(close).then(closed)],
    ["events instead of a refusal", () => given(opened("c", 1)).when(close).then({ code: "campaign_not_found" })]
  ])("is found: %s", (_, test) => {
    expect(mismatch(test)).toBeInstanceOf(Mismatch)
  })

  it("an event or an input that its schema refuses is no test", () => {
    expect(() => given({ ...product, data: { ...terms, issueVolume: 0 } } as Happened)).toThrow(/9007199254740991/)
    expect(() => given().when({ operation: "CloseCampaign", input: { campaignId: "not an id" } })).toThrow(/letters/)
  })
})

it("knows actor and moment: the objects of a platform are none to another, and a hold ends at its instant", () => {
  const anna: Happened = {
    type: "InvestorRegistered",
    platform: "p",
    data: {
      investorId: "anna",
      kind: "natural",
      custodianBank: false,
      ownAccount: true,
      hasTaxInformation: false,
      documentIds: [],
      kycStatus: "PENDING",
      openReasons: []
    }
  }
  const hold = (at: string, platform?: string): Asked => ({
    operation: "PlaceLegalHold",
    at,
    ...(platform === undefined ? {} : { platform }),
    input: { investorId: "anna", holdId: "h", basis: "legal_claims", until: "2026-06-01T00:00:00Z" }
  })
  given(anna).when(hold("2026-05-31T23:59:59Z", "q")).then({ code: "investor_not_found" })
  given(anna).when(hold("2026-06-01T00:00:00Z")).then({ code: "legal_hold_over" })
  given(anna)
    .when(hold("2026-05-31T23:59:59Z"))
    .then({
      type: "LegalHoldPlaced",
      data: { investorId: "anna", holdId: "h", basis: "legal_claims", until: "2026-06-01T00:00:00Z" }
    })
})

describe("terms", () => {
  const amend = (terms: object): Asked => ({ operation: "AmendProduct", input: { productId: "bond", ...terms } })
  const amended = (terms: object): Happened => ({ type: "ProductAmended", data: { productId: "bond", ...terms } })

  it("are amended where they differ; null ends one", () => {
    given()
      .when(amend({ stepSize: 2 }))
      .then({ code: "product_not_found" })
    given(product)
      .when(amend({ stepSize: 2, name: "Bond", paymentDays: null }))
      .then(amended({ stepSize: 2 }))
      .when(amend({ stepSize: 2 }))
      .then()
      .when(amend({ paymentDays: 14 }))
      .then(amended({ paymentDays: 14 }))
      .when(amend({ paymentDays: null }))
      .then(amended({ paymentDays: null }))
      .when(amend({ stepSize: 0 }))
      .then({ code: "units_invalid" })
  })

  it("leave campaigns what they have taken of the issue volume", () => {
    const sold = given(product, listed, opened("c", 8), signed(3))
    sold.when(amend({ issueVolume: 7 })).then({ code: "issue_volume_below_allocations" })
    sold
      .when(amend({ issueVolume: 8 }))
      .then(amended({ issueVolume: 8 }))
      .when(open("d", 1))
      .then({ code: "issue_volume_exceeded", details: { free: 0 } })
      .when(close)
      .then(closed)
      .when(amend({ issueVolume: 2 }))
      .then({ code: "issue_volume_below_allocations" })
      .when(amend({ issueVolume: 3 }))
      .then(amended({ issueVolume: 3 }))
  })
})

describe("an issuer", () => {
  const amend = (issuerId: string, members: ReadonlyArray<Events.IssuerMember>): Asked => ({
    operation: "AmendIssuer",
    input: { issuerId, members }
  })

  it("is amended by what changed, and where nothing did, nothing is recorded", () => {
    given(issuer)
      .when(amend("none", ["bankAccount"]))
      .then({ code: "issuer_not_found" })
    given(issuer)
      .when(amend("i", ["legalPerson", "bankAccount"]))
      .then({ type: "IssuerAmended", data: { issuerId: "i", members: ["legalPerson", "bankAccount"] } })
    given(issuer).when(amend("i", [])).then()
  })
})

describe("deposited terms", () => {
  const zeros = "0".repeat(64)
  const ones = "1".repeat(64)
  const deposit = (documentId: string, productId = "bond"): Asked => ({
    operation: "DepositTerms",
    input: { productId, documentId, digest: zeros, sealed: ones, size: 3 }
  })
  const uploaded = (documentId: string): Happened => ({
    type: "DocumentUploaded",
    data: { documentId, digest: ones, size: 3 }
  })
  const deposited = (documentId: string, version: number): Happened => ({
    type: "TermsDeposited",
    data: { productId: "bond", version, documentId, digest: zeros }
  })

  it("have versions, counted within their product", () => {
    given(product).when(deposit("d", "none")).then({ code: "product_not_found" })
    given(product)
      .when(deposit("d"))
      .then(uploaded("d"), deposited("d", 1))
      .when(deposit("e"))
      .then(uploaded("e"), deposited("e", 2))
      .when(deposit("f"))
      .then(uploaded("f"), deposited("f", 3))
  })

  it("are erased by nobody, and no investor has them", () => {
    const kept = given(product, uploaded("d"), deposited("d", 1), uploaded("free"))
    kept.when({ operation: "EraseDocument", input: { documentId: "d" } }).then({ code: "terms_deposited" })
    kept
      .when({ operation: "EraseDocument", input: { documentId: "free" } })
      .then({ type: "DocumentErased", data: { documentId: "free" } })
    const register = (documentIds: ReadonlyArray<string>): Asked => ({
      operation: "RegisterInvestor",
      input: {
        investorId: "otto",
        kind: "natural",
        custodianBank: false,
        ownAccount: true,
        hasTaxInformation: true,
        pep: false,
        documentIds
      }
    })
    kept.when(register(["d"])).then({ code: "document_not_found" })
  })
})

describe("a campaign's allocation", () => {
  const resize = (allocation: number): Asked => ({
    operation: "ResizeCampaign",
    input: { campaignId: "c", allocation }
  })
  const resized = (allocation: number): Happened => ({
    type: "CampaignResized",
    data: { campaignId: "c", productId: "bond", allocation }
  })

  it("falls to what is subscribed, and grows to what the issue volume has", () => {
    given().when(resize(1)).then({ code: "campaign_not_found" })
    const sold = given(product, listed, opened("c", 4), opened("d", 3), signed(3))
    sold.when(resize(4)).then().when(resize(0.5)).then({ code: "units_invalid" })
    sold.when(resize(2)).then({ code: "allocation_below_use" })
    sold.when(resize(8)).then({ code: "issue_volume_exceeded", details: { free: 7 } })
    sold.when(resize(7)).then(resized(7)).when(resize(3)).then(resized(3)).when(open("e", 4)).then(opened("e", 4))
  })

  it("of a closed campaign stays", () => {
    given(product, listed, opened("c", 4), closed).when(resize(5)).then({ code: "campaign_not_open" })
    given(product, listed, opened("c", 4), closed).when(resize(4)).then()
  })
})

describe("a paused product", () => {
  const pause: Asked = { operation: "PauseProduct", input: { productId: "bond", basis: "court" } }
  const resume: Asked = { operation: "ResumeProduct", input: { productId: "bond", basis: "court" } }
  const paused: Happened = { type: "ProductPaused", data: { productId: "bond", basis: "court" } }
  const resumed: Happened = { type: "ProductResumed", data: { productId: "bond", basis: "court" } }

  it("is paused and resumed once", () => {
    given().when(pause).then({ code: "product_not_found" })
    given(product).when(resume).then().when(pause).then(paused).when(pause).then().when(resume).then(resumed)
  })
})

describe("an event or a command that is not valid", () => {
  const nameless = { type: "PlatformRegistered", data: { platformId: "p", name: 1 } }

  it("is named, with its place", () => {
    expect(() => given(platform, nameless as never)).toThrow(/^event 2, PlatformRegistered: [^]*\["name"\]/)
    expect(() => given(platform).when({ operation: "CloseCampaign", input: {} } as never)).toThrow(
      /^command CloseCampaign: [^]*\["campaignId"\]/
    )
    const asked = given(platform, issuer).when(register)
    expect(() => asked.then(nameless as never)).toThrow(/^expected 1, PlatformRegistered: [^]*\["name"\]/)
  })

  it("does not compile for its own type's sake", () => {
    // @ts-expect-error No product is listed without a platform.
    expect(() => given({ type: "ProductListed", data: { productId: "bond" } })).toThrow(/event 1, ProductListed/)
    expect(() =>
      // @ts-expect-error No campaign is closed without its id.
      given(platform).when({ operation: "CloseCampaign", input: { campaign: "c" } })
    ).toThrow(/command CloseCampaign/)
  })
})
