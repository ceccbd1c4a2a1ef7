/**
 * Legal holds, embedded. For the registrar's side: whose data must be kept, and no longer.
 */
import { type InvestorId, LegalHoldId } from "@effekten/domain"
import type { EventStoreError } from "@effekten/event-store"
import { holdsOf, ReadModels, type ReadModelsUnavailable, retentions } from "@effekten/projections"
import { type LegalHold, LegalHolds, PlaceLegalHold, Unavailable } from "@effekten/services"
import { Effect, Layer } from "effect"
import { accepting, Desk, type Instructing, notFound } from "./Desk.ts"
import { dataOf } from "../deciding/Instruction.ts"
import { now } from "../base/Now.ts"

const registrar: Instructing = { actor: "registrar", platform: undefined }
const accept = accepting(PlaceLegalHold)

const unreadable = (error: EventStoreError | ReadModelsUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.fail(new Unavailable({ executed: "no", message: error.message, cause: error }))

/** @category layers */
export const layer: Layer.Layer<LegalHolds, never, Desk | ReadModels> = Layer.effect(
  LegalHolds,
  Effect.gen(function* () {
    const desk = yield* Desk
    const readModels = yield* ReadModels
    return LegalHolds.of({
      place: Effect.fnUntraced(function* (investorId: InvestorId, given: PlaceLegalHold, options) {
        const { body, input } = yield* accept(given)
        const asked = { operation: "PlaceLegalHold", ids: [investorId], body, options } as const
        const received = yield* desk.receive(registrar, asked)
        const holdId = LegalHoldId.make(yield* desk.newId)
        const answered = yield* desk.execute({
          ...received,
          command: { operation: "PlaceLegalHold", input: { ...input, investorId, holdId } }
        })
        const placed = dataOf(answered, "LegalHoldPlaced")
        return { id: placed.holdId, investorId, basis: placed.basis, until: placed.until ?? null }
      }),
      release: Effect.fnUntraced(function* (investorId: InvestorId, holdId: LegalHoldId, options) {
        const asked = { operation: "ReleaseLegalHold", ids: [investorId, holdId], body: null, options } as const
        const received = yield* desk.receive(registrar, asked)
        yield* desk.execute({ ...received, command: { operation: "ReleaseLegalHold", input: { investorId, holdId } } })
      }),
      standing: Effect.fnUntraced(
        function* (investorId: InvestorId) {
          const state = yield* readModels.get(retentions, investorId)
          if (state === undefined) return yield* notFound("investor_not_found")
          const at = yield* now
          return holdsOf(state, at).map(({ holdId, basis, end }): LegalHold => ({
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
)
