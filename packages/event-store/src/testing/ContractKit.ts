/**
 * The contract of an event store as tests. For whoever builds a store: run it, and what passes can stand in for the ones published here.
 */
import { Effect } from "effect"
import { appendCases } from "./AppendCases.ts"
import type { Case, World } from "./Case.ts"
import { crashCases } from "./CrashCases.ts"
import { differentialCases } from "./DifferentialCases.ts"
import { faultCases } from "./FaultCases.ts"
import { personalCases } from "./PersonalCases.ts"
import { proofCases } from "./ProofCases.ts"
import { readCases } from "./ReadCases.ts"
import { subscribeCases } from "./SubscribeCases.ts"

/** Every case of the contract, to be run one by one. @category cases */
export const cases: ReadonlyArray<Case> = [
  ...appendCases,
  ...readCases,
  ...subscribeCases,
  ...personalCases,
  ...proofCases,
  ...faultCases,
  ...crashCases,
  ...differentialCases
]

/** The two functions of a test runner the kit needs; vitest's, jest's and node:test's all fit. @category models */
export interface Runner {
  readonly describe: (name: string, body: () => void) => void
  readonly it: (name: string, body: () => Promise<void>) => void
}

/** @category models */
export interface ContractKitOptions extends World {
  /** The name of the store, for the report. */
  readonly name: string
  readonly runner: Runner
}

/**
 * Registers the whole contract with a test runner.
 *
 * @example
 * ```ts
 * import { contractKit } from "@effekten/event-store/testing"
 * import fastCheck from "fast-check"
 * import { describe, it } from "vitest"
 *
 * contractKit({ name: "my store", make: (catalogue) => MyStore.make({ catalogue }), fastCheck, runner: { describe, it } })
 * ```
 *
 * @category constructors
 */
export const contractKit = ({ name, runner, ...world }: ContractKitOptions): void =>
  runner.describe(`the contract, on ${name}`, () => {
    for (const { name: promise, reopens = false, starts = false, run } of cases)
      if ((!reopens || world.reopen !== undefined) && (!starts || world.start !== undefined))
        runner.it(promise, () => Effect.runPromise(Effect.scoped(run(world))))
  })
