/**
 * What the events of the register mean: folds, replay, as-of, read models, and the laws of conservation. Nothing here writes an event.
 */
export * from "./Conservation.ts"
export { InvalidPage } from "./Cursor.ts"
export * from "./Documents.ts"
export { fold, foldEvent, type FoldOptions } from "./FoldOne.ts"
export * from "./Holdings.ts"
export * from "./Investments.ts"
export * from "./Investors.ts"
export * from "./LedgerTasks.ts"
export * from "./Projection.ts"
export * from "./Projections.ts"
export {
  type Ranked,
  type RankedOptions,
  ReadModels,
  ReadModelsUnavailable,
  type ReadModelsShape
} from "./ReadModels.ts"
export * as MemoryReadModels from "./MemoryReadModels.ts"
export * as SqlReadModels from "./SqlReadModels.ts"
export * from "./Register.ts"
export * from "./Replay.ts"
export * from "./Retentions.ts"
export * from "./Views.ts"
export * from "./Wallets.ts"
