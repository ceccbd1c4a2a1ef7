/**
 * Legal holds, embedded: places, releases and lists them. For the registrar's side.
 */
import { Id } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import { Projections, ReadModels } from "@effekten/projections"
import { Api, legalHoldOperations, LegalHolds, Unavailable } from "@effekten/services"
import { Effect, Layer } from "effect"
import { now } from "../base/Now.ts"
import { dataOf } from "../deciding/Instruction.ts"
import { implement, instructs, nothing, recorded } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { notFound, type Showing } from "./Showing.ts"

const unreadable = (error: EventStoreError | ReadModels.ReadModelsUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.fail(new Unavailable({ executed: "no", message: error.message, cause: error }))

/** @category layers */
export const layer: Layer.Layer<LegalHolds, never, Intake | ReadModels.ReadModels | Showing> = Layer.effect(
  LegalHolds,
  Effect.gen(function* () {
    const readModels = yield* ReadModels.ReadModels
    const operations = implement(
      { key: LegalHolds.key, operations: legalHoldOperations },
      {
        place: instructs(legalHoldOperations.place, {
          members: {},
          given: ({ ids: [investorId], newId }) =>
            Effect.map(newId, (id) => ({ investorId, holdId: Id.LegalHoldId.make(id) })),
          answers: recorded(Api.legalHoldAnswer, {
            1: (answered) => {
              const { basis, holdId, investorId, until } = dataOf(answered, "LegalHoldPlaced")
              return { id: holdId, investorId, basis, until: until ?? null }
            }
          })
        }),
        release: instructs(legalHoldOperations.release, {
          members: {},
          given: ({ ids: [investorId, holdId] }) => Effect.succeed({ investorId, holdId }),
          answers: nothing
        })
      },
      yield* Effect.context<Intake | Showing>()
    )
    return LegalHolds.of({
      ...operations.bind({ actor: "registrar", platform: undefined }),
      standing: Effect.fnUntraced(
        function* (investorId: Id.InvestorId) {
          const state = yield* readModels.get(Projections.retentions, investorId)
          if (state === undefined) return yield* notFound("investor_not_found")
          const at = yield* now
          return Projections.holdsOf(state, at).map(({ holdId, basis, end }): Api.LegalHold => ({
            id: holdId,
            investorId,
            basis,
            until: end?.text ?? null
          }))
        },
        Effect.catchTags({ EventStoreError: unreadable, ReadModelsUnavailable: unreadable })
      )
    })
  })
).pipe(Layer.fresh)
