/**
 * The policy of a register: what the law leaves to the registrar. For the registrar's side; never reached through the distribution API.
 */
import { Events, Policy } from "@effekten/domain"
import { Context, type Effect } from "effect"
import type { ReadFailure } from "./Failure.ts"
import { input, optional, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"

const { clockTolerance, walletNeedsKyc, walletNeedsTaxInformation } = Policy.Policy.fields

/** What changes; a member that is left out stays as it is. @category schemas */
export const SetPolicy = input("SetPolicy", {
  clockTolerance: optional(plain(clockTolerance)),
  walletNeedsKyc: optional(plain(walletNeedsKyc)),
  walletNeedsTaxInformation: optional(plain(walletNeedsTaxInformation)),
  // In seconds only a sandbox keeps data, and its first start says so.
  retention: optional(plain(Events.RetentionYears))
})
export type SetPolicy = typeof SetPolicy.Type

/** The policy that decisions go by. @category models */
export interface PolicyInForce {
  readonly policy: Policy.Policy
  /** Whether the log says so. A register that has set none goes by the defaults. */
  readonly recorded: boolean
}

/** @category models */
export const policyOperations = {
  /** Holds from the next decision on, and for every node. What was decided before stays as it is. */
  set: Operation.command({
    operation: "SetPolicy",
    ids: [],
    input: SetPolicy,
    refusals: [],
    summary: "Set the policy of the register",
    example: { retention: { years: 8 } }
  })
}

/** @category services */
export class Policies extends Context.Service<
  Policies,
  Operation.Methods<typeof policyOperations> & { readonly inForce: Effect.Effect<PolicyInForce, ReadFailure> }
>()("effekten/services/Policies") {}
