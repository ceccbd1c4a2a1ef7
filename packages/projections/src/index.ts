/**
 * What the events of the register mean: folds, replays, read models, and the laws of conservation. For the registrar's reads,
 * `effekten replay` and auditors. Nothing here may write an event.
 */
export * as Conservation from "./Conservation.ts"
export * as DecisionReplay from "./DecisionReplay.ts"
export * as FoldOne from "./FoldOne.ts"
export * as MemoryReadModels from "./MemoryReadModels.ts"
export * as OwnRows from "./OwnRows.ts"
export * as Placed from "./Placed.ts"
export * as Projection from "./Projection.ts"
export * as Projections from "./Projections.ts"
export * as ReadModelAudit from "./ReadModelAudit.ts"
export * as ReadModels from "./ReadModels.ts"
export * as Register from "./Register.ts"
export * as Replay from "./Replay.ts"
export * as SqlReadModels from "./SqlReadModels.ts"
export * as StatementsDue from "./StatementsDue.ts"
export * as Views from "./Views.ts"
