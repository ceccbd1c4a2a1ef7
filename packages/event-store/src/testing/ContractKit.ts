/**
 * The contract of an event store as tests. For builders of a store: a store that passes can replace the ones that are published here.
 */
import { Context, Effect, Layer } from "effect"
import type { Catalogue } from "../port/Catalogue.ts"
import { EventStore } from "../port/EventStore.ts"
import { appendCases } from "./AppendCases.ts"
import { canRun, type Case, type World } from "./Case.ts"
import { catalogueCases } from "./CatalogueCases.ts"
import { clockCases } from "./ClockCases.ts"
import { crashCases } from "./CrashCases.ts"
import { differentialCases } from "./DifferentialCases.ts"
import { faultCases } from "./FaultCases.ts"
import { historyCases } from "./HistoryCases.ts"
import type { KitEvent } from "./KitEvent.ts"
import { macCases } from "./MacCases.ts"
import { personalCases } from "./PersonalCases.ts"
import { proofCases } from "./ProofCases.ts"
import { readCases } from "./ReadCases.ts"
import { subscribeCases } from "./SubscribeCases.ts"
import { transactionCases } from "./TransactionCases.ts"

/** Every case of the contract, to be run one by one. @category values */
export const cases: ReadonlyArray<Case> = [
  ...appendCases,
  ...clockCases,
  ...catalogueCases,
  ...readCases,
  ...subscribeCases,
  ...historyCases,
  ...personalCases,
  ...proofCases,
  ...macCases,
  ...faultCases,
  ...transactionCases,
  ...crashCases,
  ...differentialCases
]

/** The two functions of a test runner the kit needs; vitest's, jest's and node:test's all fit. @category models */
export interface Runner {
  readonly describe: (name: string, body: () => void) => void
  readonly it: (name: string, body: () => Promise<void>) => void
}

/** The store of the kit's events, as an application keeps one. @category services */
export class KitLog extends EventStore<KitLog, KitEvent>()("@effekten/event-store/testing/KitLog") {}

/** @category models */
export type ContractKitOptions = Omit<World, "make"> & {
  /** The name of the store, for the report. */
  readonly name: string
  readonly runner: Runner
} & (
    | Pick<World, "make">
    /** A Layer that makes an empty store, another one each time it is built. */
    | { readonly layer: (catalogue: Catalogue<KitEvent>) => Layer.Layer<KitLog, unknown> }
  )

const worldOf = (options: ContractKitOptions): World => ({
  ...options,
  make:
    "make" in options
      ? options.make
      : (catalogue) => Effect.map(Layer.build(options.layer(catalogue)), Context.get(KitLog))
})

/**
 * Registers the whole contract with a test runner. Cases whose means are missing are left out, and are not in the report.
 *
 * @example
 * ```ts
 * import { contractKit, KitLog } from "@effekten/event-store/testing"
 * import { Layer } from "effect"
 * import * as fastCheck from "fast-check"
 * import { describe, it } from "vitest"
 *
 * contractKit({
 *   name: "my store",
 *   layer: (catalogue) => Layer.effect(KitLog, MyStore.make({ catalogue })),
 *   fastCheck,
 *   runner: { describe, it }
 * })
 * ```
 *
 * @category constructors
 */
export const contractKit = (options: ContractKitOptions): void => {
  const world = worldOf(options)
  options.runner.describe(`the contract, on ${options.name}`, () => {
    for (const each of cases)
      if (canRun(world, each)) options.runner.it(each.name, () => Effect.runPromise(Effect.scoped(each.run(world))))
  })
}
