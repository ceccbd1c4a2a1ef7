export { cases, contractKit, type ContractKitOptions, type Runner } from "./ContractKit.ts"
export { appendUntilKilled } from "./CrashCases.ts"
export type { Case, KitStore, World } from "./Case.ts"
export * from "./KitEvent.ts"
