/**
 * A projection gets a new version when its stored states change, and only then. For an author that changes a projection.
 *
 * `golden/states.json` keeps a digest of what each version made of the events below, step by step. A change of the digest is a change of
 * the stored states: raise the version of the projection, then `GOLDEN=write` records it.
 */
import type { Events } from "@effekten/domain"
import { type Projection, Projections } from "@effekten/projections"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const file = new URL("./golden/states.json", import.meta.url)
const book: Record<string, string> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}

const projections: ReadonlyArray<Projection.Any> = [...Projections.all, Projections.holdings]

let position = 0
const event = (
  type: Events.EventType,
  data: object,
  platform: string | undefined = "p",
  personal = false
): Projection.LoggedEvent => {
  const [hour, minute] = [9 + Math.floor(position / 60), position++ % 60]
  const at = `2026-03-01T${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`
  return {
    id: `e${position}`,
    type,
    data,
    tags: [],
    position,
    meta: { ...(platform && { platform }), receivedAt: `${at}:00.000000Z`, recordedAt: `${at}:00.001Z` },
    ...(personal && { personal: { subject: "somebody" } })
  } as unknown as Projection.LoggedEvent
}

const kyc = { kycStatus: "PENDING", openReasons: ["pep"] }
const investor = { custodianBank: false, ownAccount: true, hasTaxInformation: true, documentIds: ["D1"], ...kyc }
const credit = { creditId: "K1", investmentId: "S1", investorId: "I1", productId: "P", walletId: "W1", units: 9 }
const lots = [{ investmentId: "S1", units: 4 }]
const redemption = { redemptionId: "R1", investorId: "I1", productId: "P", walletId: "W1", units: 4, lots }
const signed = {
  investorId: "I1",
  campaignId: "C",
  productId: "P",
  units: 9,
  paymentDays: 3,
  signedAt: "2026-03-01T09:00:00Z"
}
const times = { acceptedAt: "2026-03-01T09:01:00Z", paidAt: "2026-03-01T09:02:00Z" }

const ofPlatforms: ReadonlyArray<Projection.LoggedEvent> = [
  event("DocumentUploaded", { documentId: "D1", digest: "0", size: 3 }, "p", true),
  event("DocumentUploaded", { documentId: "D2", digest: "0", size: 4 }, undefined, true),
  event("InvestorRegistered", { investorId: "I1", kind: "natural", ...investor }, "p", true),
  event("InvestorRegistered", { investorId: "I2", kind: "natural", ...investor }, undefined),
  event(
    "IdentificationRecorded",
    {
      identificationId: "N1",
      investorId: "I1",
      protocolDocumentId: "D1",
      verifiedAt: "2026-03-01T08:00:00Z",
      kycStatus: "SUCCESS",
      openReasons: []
    },
    "p",
    true
  ),
  event("WalletRegistered", {
    walletId: "W1",
    investorId: "I1",
    kind: "managed",
    address: "0x1",
    receivingEnabled: true
  }),
  event(
    "WalletRegistered",
    { walletId: "W2", investorId: "I1", kind: "generic", address: "0x2", receivingEnabled: false },
    undefined
  ),
  ...["S1", "S2", "S3"].map((investmentId, index) =>
    event(
      "InvestmentSigned",
      {
        ...signed,
        investmentId,
        kyc: index === 0 ? "cleared" : "waiting",
        reviewRequired: false,
        documentIds: ["D1"],
        ...(index === 0 && { walletId: "W1" })
      },
      "p",
      true
    )
  ),
  event("InvestmentIdentified", { investmentId: "S2", investorId: "I1" }),
  event("InvestmentAccepted", { investmentId: "S1", acceptedAt: times.acceptedAt }),
  event("InvestmentPaid", { investmentId: "S1", paidAt: times.paidAt }),
  event("WalletAssigned", { investmentId: "S1", walletId: "W1" }),
  event("InvestmentEnded", { ...signed, investmentId: "S3", status: "ABORTION", endedAt: times.paidAt, late: false }),
  event("CreditRequested", credit),
  event("CreditSubmitted", { creditId: "K1", investmentId: "S1" }, undefined),
  event("CreditOutcomeUnknown", { creditId: "K1", investmentId: "S1" }, undefined),
  event("CreditFailed", { creditId: "K1", investmentId: "S1", reason: "rejected", resolution: "observed" }, undefined),
  event("CreditRequested", { ...credit, creditId: "K2" }, undefined),
  event("UnitsCredited", { ...credit, creditId: "K2" }, undefined),
  event("RedemptionRequested", redemption),
  event("RedemptionSubmitted", { redemptionId: "R1" }, undefined),
  event("RedemptionOutcomeUnknown", { redemptionId: "R1" }, undefined),
  event("UnitsRedeemed", { ...redemption, resolution: "corrected" }, undefined),
  event("RedemptionRequested", { ...redemption, redemptionId: "R2" }, undefined),
  event("RedemptionFailed", { redemptionId: "R2", productId: "P", walletId: "W1", reason: "rejected" }, undefined),
  event("InvestmentCancelledAfterDelivery", {
    investmentId: "S1",
    productId: "P",
    walletId: "W1",
    cancelledAt: times.paidAt,
    late: true
  }),
  event("LegalHoldPlaced", { investorId: "I1", holdId: "H1", basis: "legal_claims" }, undefined),
  event("LegalHoldPlaced", { investorId: "I1", holdId: "H2", basis: "legal_claims", until: times.paidAt }, undefined),
  event("LegalHoldReleased", { investorId: "I1", holdId: "H1" }, undefined),
  event("InvestorErased", { investorId: "I1", ground: "request" }, undefined),
  event("DocumentErased", { documentId: "D1" }, undefined)
]

const offered = { productId: "P", platformId: "p" }
const opened = { ...offered, allocation: 90, opensAt: times.acceptedAt }

// Made later, and so numbered later: what the others store stays as it was.
const ofIssuer: ReadonlyArray<Projection.LoggedEvent> = [
  event("PlatformRegistered", { platformId: "p", name: "Platform" }, undefined),
  event("IssuerRegistered", { issuerId: "U1" }, undefined, true),
  event(
    "ProductRegistered",
    { productId: "P", issuerId: "U1", name: "Note", productType: "BOND", kind: "ewpg", issueVolume: 90, stepSize: 1 },
    undefined
  ),
  event("ProductListed", offered, undefined),
  event("ProductDelisted", offered, undefined),
  event("CampaignOpened", { ...opened, campaignId: "C", reviewRequired: false }, undefined),
  event("CampaignOpened", { ...opened, campaignId: "C2", reviewRequired: true, closesAt: times.paidAt }, undefined),
  event("CampaignClosed", { campaignId: "C2", productId: "P" }, undefined)
]

// Later still.
const ofChanges: ReadonlyArray<Projection.LoggedEvent> = [
  event("ProductAmended", { productId: "P", issueVolume: 80, paymentDays: 3, network: null }, undefined),
  event("ProductPaused", { productId: "P", basis: "court" }, undefined),
  event("ProductResumed", { productId: "P", basis: "court" }, undefined),
  event("CampaignResized", { campaignId: "C", productId: "P", allocation: 70 }, undefined),
  event("InvestmentReviewed", { investmentId: "S2" }, undefined),
  event("SignedDocumentsAdded", { investmentId: "S2", investorId: "I1", documentIds: ["D2"] }, "p", true)
]

const ofReviews: ReadonlyArray<Projection.LoggedEvent> = [
  event(
    "KycDecided",
    { investorId: "I2", reason: "proof_insufficient", kycStatus: "INSUFFICIENT", openReasons: ["pep"] },
    undefined,
    true
  )
]

const ofDeposits: ReadonlyArray<Projection.LoggedEvent> = [
  event("TermsDeposited", { productId: "P", version: 1, documentId: "D2", digest: "0" }, undefined)
]

const part = [{ investmentId: "S1", units: 2 }]
const transfer = {
  transferId: "T1",
  productId: "P",
  sourceInvestorId: "I1",
  sourceWalletId: "W1",
  targetAddress: "0x3",
  targetWalletId: "W3",
  recipientInvestorId: "I2",
  recipientPlatform: "q",
  recipientInvestmentId: "S4",
  units: 2,
  lots: part
}

const ofTransfers: ReadonlyArray<Projection.LoggedEvent> = [
  event("WalletReceivingSet", { walletId: "W2", receivingEnabled: true }),
  event("TransferRequested", transfer),
  event("TransferSubmitted", { transferId: "T1" }, undefined),
  event("UnitsTransferred", transfer, undefined),
  event("TransferRequested", { ...transfer, transferId: "T2", recipientInvestmentId: "S5" }, undefined),
  event("TransferOutcomeUnknown", { transferId: "T2" }, undefined),
  event(
    "TransferFailed",
    {
      transferId: "T2",
      productId: "P",
      sourceWalletId: "W1",
      targetWalletId: "W3",
      recipientInvestorId: "I2",
      reason: "rejected"
    },
    undefined
  )
]

const amended = { identityChanged: false, hasTaxInformation: true, documentIds: [], ...kyc }
const ofCompanies: ReadonlyArray<Projection.LoggedEvent> = [
  event("BenefitingPersonAdded", { investorId: "I2", benefitingPersonId: "B1", ...kyc }, "p", true),
  event("InvestorAmended", { investorId: "I2", members: ["bankAccount", "communication"], ...amended }, "p", true),
  event(
    "InvestorAmended",
    {
      ...amended,
      investorId: "I2",
      members: ["legalPerson.companyName", "bankAccount"],
      identityChanged: true,
      documentIds: ["D2"]
    },
    "p",
    true
  ),
  event("InvestorAmended", { investorId: "I2", members: ["communication"], ...amended }, "p", true)
]

// Of a time when units can be frozen.
const ofFreezes: ReadonlyArray<Projection.LoggedEvent> = [
  event("UnitsFrozen", { walletId: "W1", investorId: "I1", productId: "P", units: 9, basis: "court" }, undefined),
  event("UnitsUnfrozen", { walletId: "W1", investorId: "I1", productId: "P", units: 4, basis: "court" }, undefined)
]

// Of a time when the register issues statements.
const ofStatements: ReadonlyArray<Projection.LoggedEvent> = [
  event(
    "RegistryStatementIssued",
    { statementId: "S1", investmentId: "X1", cause: "change", about: "9", asOf: 9, renderer: 1 },
    undefined
  ),
  event(
    "RegistryStatementIssued",
    { statementId: "S2", investmentId: "X1", cause: "request", about: "S2", asOf: 10, renderer: 1 },
    "p"
  )
]

const undone = {
  reversalId: "X1",
  change: { kind: "transfer", id: "T1" },
  productId: "P",
  units: 1,
  fromInvestorId: "I2",
  fromWalletId: "W3",
  toInvestorId: "I1",
  toWalletId: "W1",
  taken: [{ investmentId: "S4", units: 1 }],
  returned: [{ investmentId: "S1", units: 1 }],
  basis: "court"
}
const { fromInvestorId, fromWalletId, toInvestorId, toWalletId } = undone
const failedReversal = { productId: "P", fromInvestorId, fromWalletId, toInvestorId, toWalletId, reason: "reverted" }
const undoneCredit = {
  reversalId: "X3",
  change: { kind: "credit", id: "S1" },
  productId: "P",
  campaignId: "C",
  units: 8,
  fromInvestorId: "I1",
  fromWalletId: "W1",
  taken: [{ investmentId: "S1", units: 8 }],
  returned: [],
  basis: "court"
}

// Of a time when entries can be undone.
const ofReversals: ReadonlyArray<Projection.LoggedEvent> = [
  event("ReversalRequested", undone, undefined, true),
  event("ReversalSubmitted", { reversalId: "X1", change: undone.change }, undefined),
  event("RegisterChangeReversed", undone, undefined),
  event("ReversalRequested", { ...undone, reversalId: "X2" }, undefined, true),
  event("ReversalOutcomeUnknown", { reversalId: "X2", change: undone.change }, undefined),
  event("ReversalFailed", { reversalId: "X2", change: undone.change, ...failedReversal }, undefined),
  event("ReversalRequested", undoneCredit, undefined, true),
  event("RegisterChangeReversed", { ...undoneCredit, releases: false }, undefined),
  event("RegisterChangeReversed", { ...undoneCredit, reversalId: "X4", releases: true }, undefined)
]

// Of a time when an address can be proven.
const ofProofs: ReadonlyArray<Projection.LoggedEvent> = [
  event("AddressProven", { walletId: "W2", investorId: "I2", textVersion: 1 }, "p", true)
]

// Of a time when issuers can be amended.
const ofIssuers: ReadonlyArray<Projection.LoggedEvent> = [
  event("IssuerAmended", { issuerId: "U1", members: ["legalPerson", "bankAccount"] }, undefined, true),
  event("IssuerAmended", { issuerId: "U1", members: ["bankAccount"] }, undefined, true)
]

const events = [
  ...ofIssuer,
  ...ofPlatforms,
  ...ofChanges,
  ...ofReviews,
  ...ofDeposits,
  ...ofTransfers,
  ...ofCompanies,
  ...ofFreezes,
  ...ofStatements,
  ...ofReversals,
  ...ofProofs,
  ...ofIssuers
]

/** What a table would hold after each event: the order of members does not count. */
const digest = (projection: Projection.Any): string => {
  const hash = createHash("sha256")
  const states = new Map<string, unknown>()
  for (const each of events) {
    for (const key of projection.keys(each)) {
      const state = projection.evolve(states.get(key), each, key)
      if (state === undefined) continue
      states.set(key, JSON.parse(JSON.stringify(state)))
      hash.update(`${key} ${projection.scope(state)} ${JSON.stringify(sorted(state))}\n`)
    }
  }
  return hash.digest("hex")
}

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, member]) => [name, sorted(member)])
        )
      : value

const nameOf = ({ name, version }: Projection.Any): string => `${name} ${version}`

if (process.env["GOLDEN"] === "write") {
  for (const projection of projections) book[nameOf(projection)] ??= digest(projection)
  writeFileSync(file, `${JSON.stringify(book, undefined, 2)}\n`)
}

describe("stored states", () => {
  it("promise 7: no projection changes what it stores without a new version", () => {
    const now = Object.fromEntries(projections.map((projection) => [nameOf(projection), digest(projection)]))
    const then = Object.fromEntries(projections.map((projection) => [nameOf(projection), book[nameOf(projection)]]))
    expect(now, "raise the version of the projection, then run with GOLDEN=write").toEqual(then)
  })

  it("every type that a projection names is among the events here", () => {
    const here = new Set(events.map(({ type }) => type))
    expect(projections.flatMap(({ types }) => types).filter((type) => !here.has(type))).toEqual([])
  })
})
