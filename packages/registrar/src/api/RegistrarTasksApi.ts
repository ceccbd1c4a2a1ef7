/**
 * What the registrar takes from wallets, embedded: redemptions of crypto securities, and forced transfers. For the registrar's side.
 */
import { EthereumAddress, Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, RegistrarTasks } from "@effekten/services"
import { Effect, Layer } from "effect"
import { Settlement } from "../reactors/Settlement.ts"
import { consumed, implement, instructs, made, shows } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { settled } from "./LedgerTasks.ts"
import type { Showing } from "./Showing.ts"
import { view } from "./View.ts"

const task = view(Api.registrarTaskAnswer, Projections.registrarTasks, {
  1: ({ basis, createdAt, id, kind, productId, status, targetAddress, units, walletId }) => ({
    id,
    kind,
    walletId,
    productId,
    targetAddress: targetAddress === null ? null : EthereumAddress.checksum(targetAddress),
    units,
    basis,
    status,
    createdAt
  })
})

const { operations } = RegistrarTasks.resource

/** @category layers */
export const layer: Layer.Layer<RegistrarTasks, never, Intake | Settlement | Showing> = Layer.effect(
  RegistrarTasks,
  Effect.gen(function* () {
    const settlement = yield* Settlement
    return implement(
      { key: RegistrarTasks.key, operations },
      {
        redeem: instructs(operations.redeem, {
          members: {},
          given: ({ ids: [walletId], newId }) =>
            Effect.map(newId, (id) => ({ walletId, redemptionId: Id.RedemptionId.make(id) })),
          answers: made(task),
          after: settled(settlement)
        }),
        transfer: instructs(operations.transfer, {
          members: { targetAddress: consumed },
          given: Effect.fnUntraced(function* ({ ids: [sourceWalletId], input, newId }) {
            const recipientInvestmentId = Id.InvestmentId.make(yield* newId)
            const targetAddress = EthereumAddress.canonical(input.targetAddress)
            const transferId = Id.TransferId.make(yield* newId)
            return { transferId, recipientInvestmentId, sourceWalletId, targetAddress }
          }),
          answers: made(task),
          after: settled(settlement)
        }),
        get: shows(operations.get, {
          view: task,
          key: ([kind, id]) => Projections.registrarTaskKey(kind, id),
          missing: "task_not_found"
        })
      },
      yield* Effect.context<Intake | Showing>()
    ).bind({ actor: "registrar", platform: undefined })
  })
).pipe(Layer.fresh)
