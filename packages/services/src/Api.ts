/**
 * The objects of the API, inputs and answers: `camelCase` when decoded, the wire's form when encoded. For programs that build an input or
 * name the type of an answer.
 */
export {
  BankAccount,
  Communication,
  CreateIdentification,
  CreateInvestor,
  Identification,
  Investor,
  NaturalPerson,
  TaxInformation
} from "./Investors.ts"
export { CreateGenericWallet, Wallet } from "./Wallets.ts"
export { Document, UploadDocument } from "./Documents.ts"
export {
  AmendInvestment,
  CancelInvestment,
  CreateInvestment,
  Investment,
  ShownDocument,
  SignedDocument
} from "./Investments.ts"
export { CreateRedemption, Credit, Redemption, RedemptionStatus } from "./LedgerTasks.ts"
export { Platform, RegisterPlatform } from "./Platforms.ts"
export { Issuer, Product, RegisterProduct } from "./Products.ts"
export { Campaign, OpenCampaign } from "./Campaigns.ts"
export { LegalHold, PlaceLegalHold } from "./LegalHolds.ts"
export { DisclosedEntry, Disclosure } from "./Erasures.ts"
