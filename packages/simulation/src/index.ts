/**
 * A whole register in one process, on virtual time, from one seed: broken in every way it can be, and checked. For applications over the
 * register, and for its own tests.
 */
export * as Faults from "./plan/Faults.ts"
export * as Plan from "./plan/Plan.ts"
export * as DomainRun from "./DomainRun.ts"
export * as Failing from "./Failing.ts"
export * as Seeds from "./Seeds.ts"
export * as Shrink from "./Shrink.ts"
export * as Sometimes from "./Sometimes.ts"
export * as Simulation from "./Simulation.ts"
export * as Facts from "./history/History.ts"
export * as Invariant from "./invariants/Invariant.ts"
export * as Invariants from "./invariants/Standard.ts"
export { checkConservation } from "./invariants/Conservation.ts"
export * as Timeline from "./Timeline.ts"
