/**
 * The policy of the register, embedded: sets it, and says which one is in force. For the registrar's side.
 */
import type { EventStoreError } from "@effekten/event-store"
import { Policies, policyOperations, Unavailable } from "@effekten/services"
import { Effect, Layer } from "effect"
import { Log } from "../log/Log.ts"
import { policyIn } from "../reactors/Retention.ts"
import { implement, instructs, nothing } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import type { Showing } from "./Showing.ts"

const unreadable = (error: EventStoreError): Unavailable =>
  new Unavailable({ executed: "no", message: error.message, cause: error })

/** @category layers */
export const layer: Layer.Layer<Policies, never, Intake | Log | Showing> = Layer.effect(
  Policies,
  Effect.gen(function* () {
    const log = yield* Log
    const operations = implement(
      { key: Policies.key, operations: policyOperations },
      { set: instructs(policyOperations.set, { members: {}, given: () => Effect.succeed({}), answers: nothing }) },
      yield* Effect.context<Intake | Showing>()
    )
    return Policies.of({
      ...operations.bind({ actor: "registrar", platform: undefined }),
      inForce: Effect.mapBoth(policyIn(log), {
        onFailure: unreadable,
        onSuccess: ({ policy, position }) => ({ policy, recorded: position > 0 })
      })
    })
  })
).pipe(Layer.fresh)
