/**
 * Credits, redemptions and transfers, embedded, and a person's decisions on tasks with an unknown outcome. For the services of a platform and of the
 * registrar.
 */
import { EthereumAddress, Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, changeOf, Credits, Redemptions, Resolutions, Transfers } from "@effekten/services"
import { type Context, Effect } from "effect"
import type { Answered } from "../deciding/Instruction.ts"
import type { Settlement } from "../reactors/Settlement.ts"
import { consumed, implement, type Implementation, instructs, made, nothing, pages, shows } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { ownInvestment } from "./Investments.ts"
import type { Showing } from "./Showing.ts"
import { view } from "./View.ts"

const credit = view(Api.creditAnswer, Projections.credits, {
  1: (state) => ({
    id: state.id,
    investmentId: state.investmentId,
    walletId: state.walletId,
    units: state.units,
    status: state.status,
    createdAt: state.createdAt
  })
})

const redemption = view(Api.redemptionAnswer, Projections.redemptions, {
  1: (state) => ({
    id: state.id,
    investorId: state.investorId,
    productId: state.productId,
    walletId: state.walletId,
    units: state.units,
    status: state.status === "succeeded" ? ("success" as const) : state.status,
    createdAt: state.createdAt
  })
})

const transfer = view(Api.transferAnswer, Projections.transfers, {
  1: (state) => ({
    id: state.id,
    product: state.productId,
    sourceWallet: state.walletId,
    targetAddress: EthereumAddress.checksum(state.targetAddress),
    amount: state.units,
    status: state.status,
    createdAt: state.createdAt
  })
})

/** A first answer waits for the outcome. A repeated answer does not wait, and says nothing of the outcome. @category computing */
export const settled =
  (settlement: Settlement["Service"]) =>
  ({ replayed }: Answered, { id }: { readonly id: string }): Effect.Effect<void> =>
    replayed ? Effect.void : settlement.wait(id)

const ofCredits = Credits.resource.operations

/** @category constructors */
export const credits = (
  context: Context.Context<Intake | Showing>,
  settlement: Settlement["Service"]
): Implementation<typeof Credits.resource.operations> =>
  implement(
    { key: Credits.key, operations: ofCredits },
    {
      create: instructs(ofCredits.create, {
        members: {},
        given: ({ ids: [investmentId], newId }) =>
          Effect.map(newId, (id) => ({ investmentId, creditId: Id.CreditId.make(id) })),
        answers: made(credit),
        after: settled(settlement)
      }),
      list: pages(ofCredits.list, { view: credit, scope: ([id]) => id, within: ([id]) => ownInvestment(id) }),
      get: shows(ofCredits.get, {
        view: credit,
        key: ([investment, id]) => Projections.creditKey(investment, id),
        missing: "task_not_found",
        within: ([investment]) => ownInvestment(investment)
      })
    },
    context
  )

const ofRedemptions = Redemptions.resource.operations

/** @category constructors */
export const redemptions = (
  context: Context.Context<Intake | Showing>,
  settlement: Settlement["Service"]
): Implementation<typeof Redemptions.resource.operations> =>
  implement(
    { key: Redemptions.key, operations: ofRedemptions },
    {
      create: instructs(ofRedemptions.create, {
        members: {},
        given: ({ newId }) => Effect.map(newId, (id) => ({ redemptionId: Id.RedemptionId.make(id) })),
        answers: made(redemption),
        after: settled(settlement)
      }),
      list: pages(ofRedemptions.list, { view: redemption }),
      get: shows(ofRedemptions.get, { view: redemption, key: ([id]) => id, missing: "task_not_found" })
    },
    context
  )

const ofTransfers = Transfers.resource.operations

/** @category constructors */
export const transfers = (
  context: Context.Context<Intake | Showing>,
  settlement: Settlement["Service"]
): Implementation<typeof Transfers.resource.operations> =>
  implement(
    { key: Transfers.key, operations: ofTransfers },
    {
      create: instructs(ofTransfers.create, {
        members: { product: "productId", sourceWallet: "sourceWalletId", amount: "units", targetAddress: consumed },
        given: Effect.fnUntraced(function* ({ input, newId }) {
          // The id of the recipient's investment is fixed here: it is the same whatever the ledger says, and when.
          const recipientInvestmentId = Id.InvestmentId.make(yield* newId)
          const targetAddress = EthereumAddress.canonical(input.targetAddress)
          return { transferId: Id.TransferId.make(yield* newId), recipientInvestmentId, targetAddress }
        }),
        answers: made(transfer),
        after: settled(settlement)
      }),
      list: pages(ofTransfers.list, { view: transfer }),
      get: shows(ofTransfers.get, { view: transfer, key: ([id]) => id, missing: "task_not_found" })
    },
    context
  )

const ofResolutions = Resolutions.resource.operations

/** A person looked at the ledger. A task is known by its own id alone. @category constructors */
export const resolutions = (
  context: Context.Context<Intake | Showing>
): Implementation<typeof Resolutions.resource.operations> =>
  implement(
    { key: Resolutions.key, operations: ofResolutions },
    {
      credit: instructs(ofResolutions.credit, {
        members: {},
        given: ({ ids: [investmentId, creditId], input: outcome }) =>
          Effect.succeed({ investmentId, creditId, outcome, reason: undefined, resolution: "observed" as const }),
        answers: nothing,
        identity: ([, creditId]) => [creditId]
      }),
      redemption: instructs(ofResolutions.redemption, {
        members: {},
        given: ({ ids: [redemptionId], input: outcome }) =>
          Effect.succeed({ redemptionId, outcome, reason: undefined, resolution: "observed" as const }),
        answers: nothing
      }),
      transfer: instructs(ofResolutions.transfer, {
        members: {},
        given: ({ ids: [transferId], input: outcome }) =>
          Effect.succeed({ transferId, outcome, reason: undefined, resolution: "observed" as const }),
        answers: nothing
      }),
      reversal: instructs(ofResolutions.reversal, {
        members: {},
        given: ({ ids: [kind, id, reversalId], input: outcome }) => {
          const change = changeOf(kind, id)
          return Effect.succeed({ reversalId, change, outcome, reason: undefined, resolution: "observed" as const })
        },
        answers: nothing,
        identity: ([, , reversalId]) => [reversalId]
      })
    },
    context
  )
