/**
 * The objects of the API, inputs and answers: `camelCase` when decoded, the wire's form when encoded. For programs that build an input or
 * name the type of an answer.
 */
export {
  AmendInvestor,
  BankAccount,
  BenefitingPerson,
  Communication,
  CreateBenefitingPerson,
  CreateIdentification,
  CreateInvestor,
  Identification,
  Investor,
  LegalPerson,
  NaturalPerson,
  TaxInformation,
  benefitingPersonAnswer,
  identificationAnswer,
  investorAnswer
} from "./Investors.ts"
export { AmendWallet, CreateGenericWallet, ProveAddress, Wallet, walletAnswer } from "./Wallets.ts"
export { Document, UploadDocument, documentAnswer } from "./Documents.ts"
export {
  AmendInvestment,
  CancelInvestment,
  CreateInvestment,
  EnterCancellation,
  Investment,
  InvestmentDocument,
  OutsideReview,
  ShownDocument,
  SignedDocument,
  investmentAnswer,
  signedDocumentAnswer
} from "./Investments.ts"
export {
  CreateRedemption,
  CreateTransfer,
  Credit,
  Redemption,
  RedemptionStatus,
  Transfer,
  creditAnswer,
  redemptionAnswer,
  transferAnswer
} from "./LedgerTasks.ts"
export {
  RegistryStatement,
  RegistryStatementContent,
  registryStatementAnswer,
  registryStatementContentAnswer
} from "./RegistryStatements.ts"
export { Event, EventType, eventAnswer } from "./EventFeed.ts"
export { Platform, RegisterPlatform, platformAnswer } from "./Platforms.ts"
export { AmendIssuer, Issuer, IssuingCompany, issuerAnswer } from "./Issuers.ts"
export {
  AmendProduct,
  Listing,
  Product,
  ProductTerms,
  RegisterProduct,
  listingAnswer,
  productAnswer,
  productTermsAnswer
} from "./Products.ts"
export {
  Campaign,
  CampaignState,
  OpenCampaign,
  ResizeCampaign,
  campaignAnswer,
  campaignStateAnswer
} from "./Campaigns.ts"
export {
  CreateIssuedCampaign,
  CreateIssuedListing,
  IssuedCampaign,
  IssuedListing,
  issuedCampaignAnswer,
  issuedListingAnswer
} from "./IssuedCampaigns.ts"
export { IssuedInvestment, issuedInvestmentAnswer } from "./IssuedInvestments.ts"
export {
  AmendIssuedProduct,
  CreateIssuedProduct,
  DistributionPlatform,
  IssuedProduct,
  distributionPlatformAnswer,
  issuedProductAnswer
} from "./IssuedProducts.ts"
export { DepositedTerms, depositedTermsAnswer } from "./TermsDeposits.ts"
export { DecideKyc, KycReview } from "./KycReviews.ts"
export { OfferedCampaign, OfferedProduct, offeredCampaignAnswer, offeredProductAnswer } from "./Offers.ts"
export { FreezeUnits, FreezeWallet } from "./Freezes.ts"
export { ForceTransfer, RedeemCrypto, RegistrarTask, registrarTaskAnswer } from "./RegistrarTasks.ts"
export { Reversal, ReverseChange, reversalAnswer } from "./Reversals.ts"
export { LegalHold, PlaceLegalHold, legalHoldAnswer } from "./LegalHolds.ts"
export { SetPolicy } from "./Policies.ts"
export { DisclosedEntry, Disclosure } from "./Erasures.ts"
