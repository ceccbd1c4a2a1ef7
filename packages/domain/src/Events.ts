/**
 * What the log of a register may say: the definitions of its events, and their catalogue. For readers of the log.
 */
export * from "./Catalogue.ts"
export * from "./events/CreditEvents.ts"
export * from "./events/DocumentEvents.ts"
export * from "./events/InstructionEvents.ts"
export * from "./events/InvestmentEvents.ts"
export * from "./events/InvestorEvents.ts"
export * from "./events/LegalHoldEvents.ts"
export * from "./events/PlatformEvents.ts"
export * from "./events/RedemptionEvents.ts"
export * from "./events/WalletEvents.ts"
