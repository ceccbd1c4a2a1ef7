/**
 * The domain alone: random commands, decided in memory and held against the second model. For tests of decisions. No clock, no network and no
 * fault takes part.
 */
export { type Answer, byQuery, decideOver, type Matches, MemoryRegister, stateOf } from "./MemoryRegister.ts"
export { type Run, play, type PlayOptions } from "./Play.ts"
export { identityDocument, somebody, textOf } from "./Reading.ts"
export * as Steps from "./Steps.ts"
export * as Reached from "./Reached.ts"
