/**
 * Where every random run of decisions begins, so that most steps mean something. There are two platforms, products of both kinds, one with a
 * step of two units, and investors that can buy at once. For `play`.
 */
import { by, day, identityDocument, type Instructing, type Reading, somebody, textOf } from "./Reading.ts"

/** When a run begins. Milliseconds. @category values */
export const start = Date.parse("2026-03-01T09:00:00.000Z")

/** A product that both platforms sell. */
const product = (productId: string, kind: string, stepSize: number, days: object): ReadonlyArray<Instructing> => [
  by(undefined, "RegisterProduct", {
    productId,
    issuerId: "1",
    name: `Product ${productId}`,
    productType: "BOND",
    kind,
    issueVolume: 60,
    stepSize,
    ...days
  }),
  ...["1", "2"].map((platformId) => by(undefined, "ListProduct", { productId, platformId }))
]

const campaign = (reading: Reading, productId: string, platformId: string, allocation: number): Instructing =>
  by(undefined, "OpenCampaign", {
    campaignId: reading.fresh("campaign"),
    productId,
    platformId,
    allocation,
    opensAt: textOf(reading.now - day),
    reviewRequired: false
  })

const investor = (reading: Reading, platform: string, identified: boolean): ReadonlyArray<Instructing> => {
  const investorId = reading.fresh("investor")
  const documentId = reading.fresh("document")
  const facts = {
    kind: "natural",
    custodianBank: false,
    ownAccount: true,
    hasTaxInformation: true,
    pep: false,
    documentIds: []
  }
  const acts = [
    by(platform, "RegisterInvestor", { investorId, ...facts }, somebody(false)),
    by(platform, "UploadDocument", { documentId, digest: "0".repeat(64), size: 3 })
  ]
  if (!identified) return acts
  const identification = {
    identificationId: reading.fresh("identification"),
    investorId,
    protocolDocumentId: documentId,
    verifiedAt: textOf(reading.now)
  }
  const wallet = {
    walletId: reading.fresh("wallet"),
    investorId,
    address: `0x${(Number(reading.fresh("address")) + 10).toString(16).padStart(40, "0")}`,
    receivingEnabled: true
  }
  return [
    ...acts,
    by(platform, "RecordIdentification", identification, identityDocument("2020-01-01", "2040-01-01")),
    by(platform, "RegisterManagedWallet", wallet)
  ]
}

/** @category constructors */
export const opening = (reading: Reading): ReadonlyArray<Instructing> => [
  by(undefined, "RegisterPlatform", { platformId: "1", name: "One" }),
  by(undefined, "RegisterPlatform", { platformId: "2", name: "Two" }),
  by(undefined, "RegisterPlatform", { platformId: "2", name: "Two" }),
  by(undefined, "RegisterIssuer", { issuerId: "1" }),
  ...product("1", "digital", 1, { paymentDays: 2, cancellationDays: 14 }),
  // Its lock-up ends while the run goes on.
  ...product("2", "digital", 2, { lockedUntil: textOf(reading.now + 10 * 3_600_000) }),
  ...product("3", "ewpg", 1, { cancellationDays: 1 }),
  campaign(reading, "1", "1", 30),
  campaign(reading, "1", "2", 12),
  campaign(reading, "2", "1", 20),
  campaign(reading, "3", "2", 20),
  ...investor(reading, "1", true),
  ...investor(reading, "2", true),
  ...investor(reading, "1", false)
]
