/**
 * Inputs of each command: one with every member, one with only the required members. For the golden files: a new command, or a new version
 * of an input, needs its samples here.
 */
import type { Commands } from "../src/index.ts"

const at = "2026-03-01T12:00:00.123456+01:00"
const money = { amount: "-12345", decimals: 2, currency: "EUR" }

const product = {
  productId: "product",
  issuerId: "issuer",
  name: "Musteranleihe 2026 „ä €“",
  productType: "BOND",
  kind: "ewpg",
  issueVolume: 9007199254740991,
  stepSize: 1
}
const campaign = {
  campaignId: "campaign",
  productId: "product",
  platformId: "platform",
  allocation: 0,
  opensAt: at,
  reviewRequired: false
}
const wallet = {
  walletId: "wallet",
  investorId: "investor",
  address: "0x0123456789abcdef0123456789abcdef01234567",
  receivingEnabled: true
}
const signing = {
  investmentId: "investment",
  investorId: "investor",
  campaignId: "campaign",
  units: 1.5,
  documentIds: ["a", "b"]
}
const credit = { creditId: "credit", investmentId: "investment" }
const redemption = { redemptionId: "redemption" }
const transfer = { transferId: "transfer" }
const reversal = { reversalId: "reversal", change: { kind: "transfer", id: "transfer" } }
const hold = { investorId: "investor", holdId: "hold", basis: "authority_order" }

export const inputSamples: { readonly [O in Commands.Operation]: ReadonlyArray<object> } = {
  SeedPolicy: [
    { clockTolerance: 0, walletNeedsKyc: false, walletNeedsTaxInformation: true, retention: { seconds: 1 } },
    { retention: { years: 8 } },
    {}
  ],
  SetPolicy: [
    { clockTolerance: 0, walletNeedsKyc: false, walletNeedsTaxInformation: true, retention: { years: 8 } },
    {}
  ],
  RegisterPlatform: [{ platformId: "platform", name: "Musterplattform" }],
  RegisterIssuer: [{ issuerId: "issuer" }],
  RegisterProduct: [
    {
      ...product,
      isin: "DE000A0D6554",
      nominalValue: money,
      issuancePrice: money,
      agioPercent: "5.00",
      paymentDays: 14,
      cancellationDays: 14,
      lockedUntil: at,
      network: "ETH-MAINNET"
    },
    product
  ],
  AmendIssuer: [
    { issuerId: "issuer", members: ["naturalPerson", "legalPerson", "bankAccount"] },
    { issuerId: "issuer", members: [] }
  ],
  AmendProduct: [
    {
      productId: "product",
      name: "Musteranleihe 2027",
      productType: "DEBT_SECURITY",
      nominalValue: money,
      issuancePrice: null,
      issueVolume: 0,
      stepSize: 1.5,
      agioPercent: "5.00",
      paymentDays: 14,
      cancellationDays: null,
      lockedUntil: at,
      network: "ETH-MAINNET"
    },
    { productId: "product" }
  ],
  DepositTerms: [
    { productId: "product", documentId: "document", digest: "0".repeat(64), sealed: "1".repeat(64), size: 3 }
  ],
  PauseProduct: [{ productId: "product", basis: "court" }],
  ResumeProduct: [{ productId: "product", basis: "administrative_act" }],
  ListProduct: [{ productId: "product", platformId: "platform" }],
  DelistProduct: [{ productId: "product", platformId: "platform" }],
  OpenCampaign: [{ ...campaign, closesAt: at }, campaign],
  ResizeCampaign: [{ campaignId: "campaign", allocation: 0.5 }],
  CloseCampaign: [{ campaignId: "campaign" }],
  RegisterInvestor: [
    {
      investorId: "investor",
      kind: "legal",
      custodianBank: true,
      ownAccount: true,
      hasTaxInformation: true,
      pep: true,
      documentIds: ["a"]
    },
    {
      investorId: "investor",
      kind: "natural",
      custodianBank: false,
      ownAccount: false,
      hasTaxInformation: false,
      pep: false,
      documentIds: []
    }
  ],
  RecordIdentification: [
    { identificationId: "identification", investorId: "investor", protocolDocumentId: "a", verifiedAt: at }
  ],
  AmendInvestor: [
    {
      investorId: "investor",
      kind: "legal",
      members: ["legalPerson.companyName", "bankAccount", "naturalPerson.isPep"],
      hasTaxInformation: true,
      opens: ["pep", "us_tax"],
      documentIds: ["a"]
    },
    { investorId: "investor", members: [], opens: [], documentIds: [] }
  ],
  AddBenefitingPerson: [
    { benefitingPersonId: "person", investorId: "investor", opens: ["benefiting_pep", "us_tax"] },
    { benefitingPersonId: "person", investorId: "investor", opens: [] }
  ],
  DecideKyc: [{ investorId: "investor", reason: "management_agreed" }],
  EraseInvestor: [{ investorId: "investor", ground: "request" }],
  PlaceLegalHold: [{ ...hold, until: at }, hold],
  ReleaseLegalHold: [{ investorId: "investor", holdId: "hold" }],
  UploadDocument: [{ documentId: "a", digest: "0123456789abcdef".repeat(4), size: 3 }],
  EraseDocument: [{ documentId: "a" }],
  RegisterManagedWallet: [wallet],
  RegisterGenericWallet: [wallet],
  ProveAddress: [{ walletId: "wallet", textVersion: 1 }],
  SetReceiving: [{ walletId: "wallet", receivingEnabled: true }],
  IssueStatement: [
    { statementId: "statement", investmentId: "investment", cause: "change", about: "12", asOf: 12, renderer: 1 }
  ],
  FreezeWallet: [{ walletId: "wallet", basis: "court" }],
  UnfreezeWallet: [{ walletId: "wallet", basis: "administrative_act" }],
  FreezeUnits: [{ walletId: "wallet", productId: "product", units: 0, basis: "statute" }],
  UnfreezeUnits: [{ walletId: "wallet", productId: "product", units: 0, basis: "holder" }],
  SignInvestment: [
    {
      ...signing,
      signedAt: at,
      acceptedAt: "now",
      paidAt: at,
      walletId: "wallet",
      disagio: money,
      accruedInterest: money
    },
    signing
  ],
  AmendInvestment: [
    { investmentId: "investment", acceptedAt: at, paidAt: "now", walletId: "wallet" },
    { investmentId: "investment" }
  ],
  AddSignedDocuments: [{ investmentId: "investment", documentIds: ["a", "b"] }],
  DecideReview: [{ investmentId: "investment", passed: true }],
  RejectInvestment: [{ investmentId: "investment" }],
  CancelInvestment: [
    { investmentId: "investment", cancelledAt: "now", late: true },
    { investmentId: "investment", late: false }
  ],
  EnforcePaymentDeadline: [{ investmentId: "investment" }],
  RequestCredit: [credit],
  SubmitCredit: [credit],
  SettleCredit: [
    { ...credit, outcome: "failed", reason: "reverted" },
    { ...credit, outcome: "unknown" }
  ],
  ResolveCredit: [
    { ...credit, outcome: "failed", reason: "expired", resolution: "corrected" },
    { ...credit, outcome: "succeeded", resolution: "observed" }
  ],
  RequestRedemption: [
    { redemptionId: "redemption", investorId: "investor", productId: "product", walletId: "wallet", units: 0 }
  ],
  RedeemCrypto: [{ redemptionId: "redemption", productId: "product", walletId: "wallet", units: 0, basis: "statute" }],
  SubmitRedemption: [redemption],
  SettleRedemption: [
    { ...redemption, outcome: "failed", reason: "reverted" },
    { ...redemption, outcome: "unknown" }
  ],
  ResolveRedemption: [
    { ...redemption, outcome: "failed", reason: "expired", resolution: "corrected" },
    { ...redemption, outcome: "succeeded", resolution: "observed" }
  ],
  RequestTransfer: [
    {
      transferId: "transfer",
      recipientInvestmentId: "investment",
      sourceWalletId: "wallet",
      productId: "product",
      targetAddress: "0x0123456789abcdef0123456789abcdef01234567",
      units: 0
    }
  ],
  ForceTransfer: [
    {
      transferId: "transfer",
      recipientInvestmentId: "investment",
      sourceWalletId: "wallet",
      productId: "product",
      targetAddress: "0x0123456789abcdef0123456789abcdef01234567",
      units: 0,
      basis: "court"
    }
  ],
  SubmitTransfer: [transfer],
  SettleTransfer: [
    { ...transfer, outcome: "failed", reason: "reverted" },
    { ...transfer, outcome: "unknown" }
  ],
  ResolveTransfer: [
    { ...transfer, outcome: "failed", reason: "expired", resolution: "corrected" },
    { ...transfer, outcome: "succeeded", resolution: "observed" }
  ],
  ReverseChange: [
    { ...reversal, units: 0, basis: "court" },
    { reversalId: "reversal", change: { kind: "credit", id: "investment" }, basis: "statute" },
    { reversalId: "reversal", change: { kind: "redemption", id: "redemption" }, basis: "contract" }
  ],
  SubmitReversal: [reversal],
  SettleReversal: [
    { ...reversal, outcome: "failed", reason: "reverted" },
    { ...reversal, outcome: "unknown" }
  ],
  ResolveReversal: [
    { ...reversal, outcome: "failed", reason: "expired", resolution: "corrected" },
    { ...reversal, outcome: "succeeded", resolution: "observed" }
  ]
}
