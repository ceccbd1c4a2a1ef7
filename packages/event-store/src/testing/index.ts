export { cases, contractKit, type ContractKitOptions, KitLog, type Runner } from "./ContractKit.ts"
export { appendUntilKilled } from "./CrashCases.ts"
export type { Ability, Case, KitStore, World } from "./Case.ts"
export * from "./KitEvent.ts"
