/**
 * The policy that a start asks for. For the layers that open a register, before they decide anything.
 *
 * The log's policy rules. The options of the first start that has any are recorded as the first policy; later ones must not differ. So two
 * nodes never decide by two policies, and no decision goes by one that the log does not have.
 */
import { Policy } from "@effekten/domain"
import { Effect, Layer } from "effect"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import type { Secrets } from "../base/Secrets.ts"
import type { Executor } from "../deciding/Executor.ts"
import { Log } from "../log/Log.ts"
import { instructing } from "./Reactor.ts"
import { policyIn } from "./Retention.ts"

/** @category models */
export interface PolicyOptions {
  /**
   * Members of the policy. They are the first policy of a register that has none, with the defaults for the rest. Where a register has one,
   * a start that says another is refused. Default: whatever is in force.
   */
  readonly policy?: Policy.Change
  /** Whether the register is for trials, and may keep data for seconds. Default: no, but for a register in memory. */
  readonly sandbox?: boolean
}

/** @category layers */
export const layer = (options: PolicyOptions): Layer.Layer<never, RegisterUnavailable, Executor | Log | Secrets> =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const log = yield* Log
      const instruct = yield* instructing("registrar")
      let known = yield* policyIn(log)
      const asked = Policy.changed(known.policy, options.policy ?? {})
      if ("seconds" in asked.retention && options.sandbox !== true)
        return yield* new RegisterUnavailable({
          message:
            "The policy keeps data for seconds, which is for a sandbox: open the register as one, or make a new one."
        })
      if (options.policy === undefined) return
      if (known.position === 0) {
        // Another node may seed it at the same moment: the log has one of them.
        yield* instruct({ operation: "SeedPolicy", input: options.policy }, "register", JSON.stringify(asked))
        known = yield* policyIn(log)
      }
      if (!Policy.same(known.policy, Policy.changed(known.policy, options.policy)))
        return yield* new RegisterUnavailable({ message: differing(known.policy, options.policy) })
    }).pipe(Effect.mapError(refused))
  )

/** Each member that differs, as the log has it and as the start says it. */
const differing = (policy: Policy.Policy, asked: Policy.Change): string => {
  const told = (member: keyof Policy.Policy) => {
    const [is, said] = [JSON.stringify(policy[member]), JSON.stringify(asked[member])]
    return said === undefined || said === is ? [] : [`${member} is ${is}, and this start says ${said}`]
  }
  const members = Object.keys(Policy.defaults) as ReadonlyArray<keyof Policy.Policy>
  return `The policy of the register is another: ${members.flatMap(told).join("; ")}. Leave it out, or change it with \`effekten policy set\`.`
}
