/**
 * Reversals of entries, embedded. For the registrar's side.
 */
import { Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, changeOf, Reversals } from "@effekten/services"
import { Effect, Layer } from "effect"
import { Settlement } from "../reactors/Settlement.ts"
import { implement, instructs, made, shows } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import type { Showing } from "./Showing.ts"
import { view } from "./View.ts"

const reversal = view(Api.reversalAnswer, Projections.reversals, {
  1: ({ basis, change, createdAt, id, productId, status, units }) => ({
    id,
    kind: change.kind,
    changeId: change.id,
    productId,
    units,
    basis,
    status,
    createdAt
  })
})

const { operations } = Reversals.resource

/** @category layers */
export const layer: Layer.Layer<Reversals, never, Intake | Settlement | Showing> = Layer.effect(
  Reversals,
  Effect.gen(function* () {
    const settlement = yield* Settlement
    return implement(
      { key: Reversals.key, operations },
      {
        request: instructs(operations.request, {
          members: {},
          given: ({ ids: [kind, id], newId }) =>
            Effect.map(newId, (made) => ({ reversalId: Id.ReversalId.make(made), change: changeOf(kind, id) })),
          answers: made(reversal),
          // A repeated answer says nothing of the outcome, so it does not wait for one.
          after: ({ replayed }, { id }) => (replayed ? Effect.void : settlement.wait(id))
        }),
        get: shows(operations.get, {
          view: reversal,
          key: ([kind, id, reversalId]) => Projections.reversalKey(changeOf(kind, id), reversalId),
          missing: "task_not_found"
        })
      },
      yield* Effect.context<Intake | Showing>()
    ).bind({ actor: "registrar", platform: undefined })
  })
).pipe(Layer.fresh)
