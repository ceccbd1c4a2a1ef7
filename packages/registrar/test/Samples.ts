/**
 * One event of each type with everything it may hold, and one with no more than it must. For the golden files: a new type, or a new
 * version of one, needs its samples here.
 */
import type { Events } from "@effekten/domain"

export interface Sample {
  readonly data: object
  readonly personal?: object
}

const at = "2026-03-01T12:00:00.123456+01:00"
const digest = "0123456789abcdef".repeat(4)
const money = { amount: "-12345", decimals: 2, currency: "EUR" }
const naturalPerson = {
  salutation: "MRS",
  forename: "Wilma",
  surname: "Beispiel",
  birthDate: "1988-02-29",
  birthPlace: "Musterstadt",
  citizenship: "DEU",
  street: "Erfundene Gasse 1",
  city: "Musterstadt",
  zip: "99999",
  country: "DEU",
  phone: "+49 000 000",
  isPep: false,
  isSubjectToUsTax: false
}
const { salutation: _salutation, isSubjectToUsTax: _tax, ...leastPerson } = naturalPerson
const bankAccount = {
  accountHolder: "Wilma Beispiel",
  iban: "DE89370400440532013000",
  bic: "COBADEFFXXX",
  bank: "Musterbank",
  country: "DEU",
  currency: "EUR"
}
const legalPerson = {
  companyName: "Muster GmbH",
  commercialRegister: "Amtsgericht Musterstadt",
  commercialRegisterNumber: "HRB 0",
  street: "Erfundene Gasse 2",
  city: "Musterstadt",
  zip: "99999",
  country: "DEU",
  phone: ""
}

const product = {
  productId: "product",
  issuerId: "issuer",
  name: "Musteranleihe 2026 „ä €“",
  productType: "BOND",
  kind: "ewpg",
  issueVolume: 9007199254740991,
  stepSize: 1
}
const frozenWallet = { walletId: "wallet", investorId: "investor", basis: "court" }
const frozenUnits = { ...frozenWallet, productId: "product", units: 15 }
const campaign = {
  campaignId: "campaign",
  productId: "product",
  platformId: "platform",
  allocation: 300,
  opensAt: at,
  reviewRequired: false
}
const investor = {
  investorId: "investor",
  kind: "natural",
  custodianBank: false,
  ownAccount: true,
  hasTaxInformation: false,
  documentIds: [],
  kycStatus: "PENDING",
  openReasons: []
}
const signed = {
  investmentId: "investment",
  investorId: "investor",
  campaignId: "campaign",
  productId: "product",
  units: 300,
  signedAt: at,
  kyc: "cleared",
  reviewRequired: false,
  documentIds: []
}
const credit = {
  creditId: "credit",
  investmentId: "investment",
  investorId: "investor",
  productId: "product",
  walletId: "wallet",
  units: 300
}
const redemption = {
  redemptionId: "redemption",
  investorId: "investor",
  productId: "product",
  walletId: "wallet",
  units: 12,
  lots: [
    { investmentId: "first", units: 10 },
    { investmentId: "second", units: 2 }
  ]
}
const transfer = {
  transferId: "transfer",
  productId: "product",
  sourceInvestorId: "investor",
  sourceWalletId: "wallet",
  targetAddress: `0x${"cd".repeat(20)}`,
  targetWalletId: "target",
  recipientInvestorId: "recipient",
  recipientPlatform: "other",
  recipientInvestmentId: "received",
  units: 12,
  lots: [
    { investmentId: "first", units: 10 },
    { investmentId: "second", units: 2 }
  ]
}
const { recipientPlatform: _platform, ...withoutPlatform } = transfer
const failedTransfer = {
  transferId: "transfer",
  productId: "product",
  sourceWalletId: "wallet",
  targetWalletId: "target",
  recipientInvestorId: "recipient"
}
const reversal = {
  reversalId: "reversal",
  change: { kind: "transfer", id: "transfer" },
  productId: "product",
  units: 3,
  fromInvestorId: "recipient",
  fromWalletId: "target",
  toInvestorId: "investor",
  toWalletId: "wallet",
  taken: [{ investmentId: "received", units: 3 }],
  returned: [
    { investmentId: "first", units: 1 },
    { investmentId: "second", units: 2 }
  ],
  basis: "court"
}
const reversedCredit = {
  reversalId: "reversal",
  change: { kind: "credit", id: "investment" },
  productId: "product",
  campaignId: "campaign",
  units: 300,
  fromInvestorId: "investor",
  fromWalletId: "wallet",
  taken: [{ investmentId: "investment", units: 300 }],
  returned: [],
  basis: "administrative_act"
}
const reversedRedemption = {
  reversalId: "reversal",
  change: { kind: "redemption", id: "redemption" },
  productId: "product",
  units: 10,
  toInvestorId: "investor",
  toWalletId: "wallet",
  taken: [],
  returned: [{ investmentId: "first", units: 10 }],
  basis: "statute"
}
const reversing = { reversalId: "reversal", change: { kind: "credit", id: "investment" } }
const resolved = { resolution: "observed" }

/** Fullest first. */
export const samples: { readonly [T in Events.EventType]: ReadonlyArray<Sample> } = {
  PolicySet: [
    {
      data: {
        clockTolerance: 300_000_000,
        walletNeedsKyc: true,
        walletNeedsTaxInformation: false,
        retention: { years: 8 }
      }
    },
    { data: { clockTolerance: 0, walletNeedsKyc: false, walletNeedsTaxInformation: true, retention: { seconds: 0 } } }
  ],
  PlatformRegistered: [{ data: { platformId: "platform", name: "Erste Plattform" } }],
  IssuerRegistered: [
    { data: { issuerId: "issuer" }, personal: { naturalPerson, legalPerson, bankAccount } },
    { data: { issuerId: "issuer" }, personal: {} }
  ],
  IssuerAmended: [
    {
      data: { issuerId: "issuer", members: ["naturalPerson", "legalPerson", "bankAccount"] },
      personal: { naturalPerson, legalPerson, bankAccount }
    },
    { data: { issuerId: "issuer", members: ["bankAccount"] }, personal: { bankAccount: null } }
  ],
  ProductRegistered: [
    {
      data: {
        ...product,
        isin: "DE000BAY0017",
        nominalValue: money,
        issuancePrice: { amount: "1", decimals: 0, currency: "EUR" },
        agioPercent: "2.5",
        paymentDays: 14,
        cancellationDays: 14,
        lockedUntil: at,
        network: "ETH-MAINNET"
      }
    },
    { data: product }
  ],
  ProductAmended: [
    {
      data: {
        productId: "product",
        name: "Musteranleihe 2027",
        productType: "DEBT_SECURITY",
        nominalValue: money,
        issuancePrice: null,
        issueVolume: 9007199254740991,
        stepSize: 5,
        agioPercent: "2.5",
        paymentDays: 14,
        cancellationDays: null,
        lockedUntil: at,
        network: "ETH-MAINNET"
      }
    },
    { data: { productId: "product", paymentDays: null } }
  ],
  TermsDeposited: [{ data: { productId: "product", version: 2, documentId: "document", digest } }],
  ProductPaused: [{ data: { productId: "product", basis: "court" } }],
  ProductResumed: [{ data: { productId: "product", basis: "administrative_act" } }],
  ProductListed: [{ data: { productId: "product", platformId: "platform" } }],
  ProductDelisted: [{ data: { productId: "product", platformId: "platform" } }],
  CampaignOpened: [{ data: { ...campaign, closesAt: at, reviewRequired: true } }, { data: campaign }],
  CampaignResized: [{ data: { campaignId: "campaign", productId: "product", allocation: 200 } }],
  CampaignClosed: [{ data: { campaignId: "campaign", productId: "product" } }],
  InvestorRegistered: [
    {
      data: { ...investor, hasTaxInformation: true, documentIds: ["a", "b"], openReasons: ["pep"] },
      personal: {
        naturalPerson,
        bankAccount,
        taxInformation: { taxIdentificationNumber: "00000000", nonAssessmentCertificate: true },
        communication: { email: "wilma@example.org", emailConfirmed: true }
      }
    },
    {
      data: { ...investor, kind: "legal", custodianBank: true, ownAccount: false, documentIds: ["a"] },
      personal: { naturalPerson: leastPerson, legalPerson: { ...legalPerson, companyIdentityProofId: "a" } }
    },
    { data: investor, personal: { naturalPerson: leastPerson } },
    { data: investor }
  ],
  InvestorAmended: [
    {
      data: {
        investorId: "investor",
        members: [
          "naturalPerson.surname",
          "naturalPerson.salutation",
          "legalPerson.companyStructureProofId",
          "bankAccount",
          "taxInformation",
          "communication"
        ],
        identityChanged: true,
        hasTaxInformation: false,
        documentIds: ["b"],
        kycStatus: "PENDING",
        openReasons: ["pep", "us_tax"]
      },
      personal: {
        naturalPerson: { surname: "Muster", salutation: null },
        legalPerson: { companyStructureProofId: "b" },
        bankAccount,
        taxInformation: null,
        communication: { email: "muster@example.org", emailConfirmed: false }
      }
    },
    {
      data: {
        investorId: "investor",
        members: ["communication"],
        identityChanged: false,
        hasTaxInformation: true,
        documentIds: [],
        kycStatus: "SUCCESS",
        openReasons: []
      },
      personal: { communication: null }
    }
  ],
  BenefitingPersonAdded: [
    {
      data: {
        investorId: "investor",
        benefitingPersonId: "person",
        kycStatus: "REVIEW",
        openReasons: ["benefiting_pep"]
      },
      personal: { naturalPerson: { ...naturalPerson, isPep: true } }
    },
    {
      data: { investorId: "investor", benefitingPersonId: "person", kycStatus: "SUCCESS", openReasons: [] },
      personal: { naturalPerson: { forename: "Wilma", surname: "Beispiel", isPep: false } }
    }
  ],
  IdentificationRecorded: [
    {
      data: {
        identificationId: "identification",
        investorId: "investor",
        protocolDocumentId: "document",
        verifiedAt: at,
        kycStatus: "REVIEW",
        openReasons: ["pep", "refused_before"]
      },
      personal: {
        documentType: "IDCARD",
        documentId: "X0000000",
        documentIssuer: "Amt Musterstadt",
        documentValidFrom: "2020-01-01",
        documentValidTo: "2030-01-01",
        identityProvider: "POSTIDENT",
        legitimationProcessId: "0"
      }
    }
  ],
  KycDecided: [
    {
      data: { investorId: "investor", reason: "proof_insufficient", kycStatus: "INSUFFICIENT", openReasons: ["pep"] },
      personal: { note: "Der Ausweis ist nicht lesbar." }
    },
    {
      data: { investorId: "investor", reason: "management_agreed", kycStatus: "SUCCESS", openReasons: [] },
      personal: {}
    },
    { data: { investorId: "investor", reason: "nothing_found", kycStatus: "SUCCESS", openReasons: [] } }
  ],
  InvestorErased: [{ data: { investorId: "investor", ground: "request" } }],
  LegalHoldPlaced: [
    { data: { investorId: "investor", holdId: "hold", basis: "legal_claims", until: at } },
    { data: { investorId: "investor", holdId: "hold", basis: "authority_order" } }
  ],
  LegalHoldReleased: [{ data: { investorId: "investor", holdId: "hold" } }],
  DocumentUploaded: [
    {
      data: { documentId: "document", digest, size: 3 },
      personal: { fileName: "protocol.pdf", mediaType: "application/pdf", digest }
    }
  ],
  DocumentErased: [{ data: { documentId: "document" } }],
  WalletRegistered: [
    {
      data: {
        walletId: "wallet",
        investorId: "investor",
        kind: "managed",
        address: `0x${"ab".repeat(20)}`,
        receivingEnabled: false
      }
    }
  ],
  AddressProven: [
    {
      data: { walletId: "wallet", investorId: "investor", textVersion: 1 },
      personal: {
        signature: `0x${"b9".repeat(64)}1c`
      }
    }
  ],
  WalletReceivingSet: [{ data: { walletId: "wallet", receivingEnabled: true } }],
  RegistryStatementIssued: [
    {
      data: {
        statementId: "statement",
        investmentId: "investment",
        cause: "change",
        about: "12",
        asOf: 12,
        renderer: 1
      }
    }
  ],
  WalletFrozen: [
    { data: frozenWallet, personal: { reference: "00 AB 1/26", note: "Beschluss vom 1. März" } },
    { data: frozenWallet, personal: {} }
  ],
  WalletUnfrozen: [
    { data: frozenWallet, personal: { reference: "00 AB 1/26", note: "aufgehoben" } },
    { data: frozenWallet, personal: {} }
  ],
  UnitsFrozen: [
    { data: frozenUnits, personal: { reference: "00 AB 1/26", note: "Pfändung" } },
    { data: frozenUnits, personal: {} }
  ],
  UnitsUnfrozen: [
    { data: frozenUnits, personal: { reference: "00 AB 1/26", note: "erledigt" } },
    { data: frozenUnits, personal: {} }
  ],
  InvestmentSigned: [
    {
      data: {
        ...signed,
        kyc: "waiting",
        reviewRequired: true,
        walletId: "wallet",
        documentIds: ["a", "b"],
        paymentDays: 14,
        cancellationDays: 14,
        disagio: money,
        accruedInterest: money
      },
      personal: {
        signedDocuments: [
          { documentId: "a", category: "Vertrag", subject: "Zeichnungsschein" },
          { documentId: "b", category: "", subject: "" }
        ]
      }
    },
    { data: signed, personal: { signedDocuments: [] } }
  ],
  InvestmentIdentified: [{ data: { investmentId: "investment", investorId: "investor" } }],
  InvestmentReviewed: [{ data: { investmentId: "investment" } }],
  InvestmentAccepted: [{ data: { investmentId: "investment", acceptedAt: at } }],
  InvestmentPaid: [{ data: { investmentId: "investment", paidAt: at } }],
  WalletAssigned: [{ data: { investmentId: "investment", walletId: "wallet" } }],
  SignedDocumentsAdded: [
    {
      data: { investmentId: "investment", investorId: "investor", documentIds: ["a"] },
      personal: { signedDocuments: [{ documentId: "a", category: "Vertrag", subject: "Nachtrag" }] }
    }
  ],
  InvestmentEnded: [
    {
      data: {
        investmentId: "investment",
        investorId: "investor",
        campaignId: "campaign",
        units: 300,
        status: "PAYMENT_MISSING",
        endedAt: at,
        late: false
      }
    }
  ],
  InvestmentCancelledAfterDelivery: [
    {
      data: { investmentId: "investment", productId: "product", walletId: "wallet", cancelledAt: at, late: true }
    }
  ],
  CreditRequested: [{ data: credit }],
  CreditSubmitted: [{ data: { creditId: "credit", investmentId: "investment" } }],
  UnitsCredited: [{ data: { ...credit, ...resolved } }, { data: credit }],
  CreditFailed: [
    { data: { creditId: "credit", investmentId: "investment", reason: "reverted", ...resolved } },
    { data: { creditId: "credit", investmentId: "investment", reason: "unspecified" } }
  ],
  CreditOutcomeUnknown: [{ data: { creditId: "credit", investmentId: "investment" } }],
  RedemptionRequested: [
    {
      data: { ...redemption, basis: "statute", holderPlatform: "platform" },
      personal: { reference: "00 AB 3/26", note: "zurückgezahlt" }
    },
    { data: { ...redemption, basis: "court" }, personal: {} },
    { data: redemption }
  ],
  RedemptionSubmitted: [{ data: { redemptionId: "redemption" } }],
  UnitsRedeemed: [
    { data: { ...redemption, basis: "statute", holderPlatform: "platform", resolution: "corrected" } },
    { data: { ...redemption, resolution: "corrected" } },
    { data: redemption }
  ],
  RedemptionFailed: [
    {
      data: {
        redemptionId: "redemption",
        productId: "product",
        walletId: "wallet",
        reason: "not_executed",
        ...resolved
      }
    },
    { data: { redemptionId: "redemption", productId: "product", walletId: "wallet", reason: "rejected" } }
  ],
  RedemptionOutcomeUnknown: [{ data: { redemptionId: "redemption" } }],
  TransferRequested: [
    {
      data: { ...transfer, forced: "court", sourcePlatform: "platform" },
      personal: { reference: "00 AB 4/26", note: "auf Anordnung" }
    },
    { data: { ...transfer, forced: "court" }, personal: {} },
    { data: withoutPlatform }
  ],
  TransferSubmitted: [{ data: { transferId: "transfer" } }],
  UnitsTransferred: [
    { data: { ...transfer, forced: "administrative_act", sourcePlatform: "platform", resolution: "corrected" } },
    { data: { ...transfer, forced: "administrative_act", resolution: "corrected" } },
    { data: withoutPlatform }
  ],
  TransferFailed: [
    { data: { ...failedTransfer, reason: "reverted", ...resolved } },
    { data: { ...failedTransfer, reason: "rejected" } }
  ],
  TransferOutcomeUnknown: [{ data: { transferId: "transfer" } }],
  ReversalRequested: [
    { data: reversal, personal: { reference: "00 AB 2/26", note: "doppelt gebucht" } },
    { data: reversedCredit, personal: {} },
    { data: reversedRedemption, personal: {} }
  ],
  ReversalSubmitted: [{ data: reversing }],
  RegisterChangeReversed: [
    { data: { ...reversedCredit, releases: true, resolution: "corrected" } },
    { data: reversal },
    { data: reversedRedemption }
  ],
  ReversalFailed: [
    {
      data: {
        ...reversing,
        productId: "product",
        fromInvestorId: "investor",
        fromWalletId: "wallet",
        toInvestorId: "recipient",
        toWalletId: "target",
        reason: "reverted",
        ...resolved
      }
    },
    {
      data: {
        reversalId: "reversal",
        change: { kind: "redemption", id: "redemption" },
        productId: "product",
        toInvestorId: "investor",
        toWalletId: "wallet",
        reason: "rejected"
      }
    }
  ],
  ReversalOutcomeUnknown: [{ data: reversing }],
  InstructionRejected: [
    {
      data: {
        code: "insufficient_units",
        details: { free: 2, status: "PAID", walletId: "wallet", until: at, left: 1, remaining: 0 },
        input: { investorId: "investor", units: 3, documentIds: ["a"] }
      }
    },
    { data: { code: "investor_erased", input: {} } }
  ],
  InstructionNoted: [{ data: { input: { platformId: "platform" } } }]
}

/** Metadata with every member there is, and with no more than there must be. */
export const metas: ReadonlyArray<object> = [
  {
    platform: "platform",
    operation: "Sample",
    instruction: digest,
    fingerprint: `1:${digest}`,
    answer: 1,
    actor: "platform",
    correlation: "correlation",
    causation: "causation",
    receivedAt: at,
    effectiveAt: at
  },
  { operation: "Sample", instruction: digest, actor: "ledger", receivedAt: at }
]
