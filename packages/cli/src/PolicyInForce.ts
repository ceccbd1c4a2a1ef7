/**
 * `effekten policy show` and `effekten policy set`. For operators. A server in the folder must be stopped before the policy is set; in
 * PostgreSQL the nodes may run.
 */
import type { Policy } from "@effekten/domain"
import { Audit, Retention } from "@effekten/registrar"
import { type Api, Policies } from "@effekten/services"
import { Console, Effect } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { explain, inRegister } from "./Forget.ts"
import { keptFor, type Place } from "./Place.ts"

/** The policy as a person reads it. */
const asText = (policy: Policy.Policy, recorded: boolean): string => {
  const { clockTolerance, walletNeedsKyc, walletNeedsTaxInformation } = policy
  const yes = (holds: boolean) => (holds ? "yes" : "no")
  return [
    recorded ? "The policy that the log has:" : "The log has no policy; the defaults apply:",
    `  retention                      ${keptFor(policy)}`,
    `  wallet needs KYC               ${yes(walletNeedsKyc)}`,
    `  wallet needs tax information   ${yes(walletNeedsTaxInformation)}`,
    `  clock tolerance                ${clockTolerance / 1_000_000} seconds`
  ].join("\n")
}

/** @category commands */
export const runPolicyShow = Effect.fnUntraced(function* (place: Place, options: { readonly json: boolean }) {
  const { policy, position } = yield* Effect.flatMap(Audit, Retention.policyIn).pipe(
    Effect.mapError(
      ({ message, reason }) =>
        new CommandFailed({ exitCode: reason === "damaged" ? ExitCode.violated : ExitCode.failed, message })
    ),
    Effect.provide(place.audit)
  )
  const recorded = position > 0
  yield* Console.log(
    options.json ? JSON.stringify({ recorded, position, policy }, undefined, 2) : asText(policy, recorded)
  )
})

/** @category commands */
export const runPolicySet = Effect.fnUntraced(function* (place: Place, change: Api.SetPolicy) {
  if (Object.keys(change).length === 0)
    return yield* new CommandFailed({
      exitCode: ExitCode.usage,
      message: "nothing is to be changed: `effekten policy set --help` names what a policy has"
    })
  const { policy, recorded } = yield* inRegister(
    place,
    {},
    Effect.flatMap(Policies, (policies) =>
      Effect.mapError(Effect.andThen(policies.set(change), policies.inForce), explain)
    )
  )
  yield* Console.log(asText(policy, recorded))
})
