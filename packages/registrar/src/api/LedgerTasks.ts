/**
 * Credits and redemptions, embedded, and a person's decisions on tasks with an unknown outcome. For the services of a platform and of the
 * registrar.
 */
import { Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, Credits, Redemptions, Resolutions } from "@effekten/services"
import { type Context, Effect } from "effect"
import type { Answered } from "../deciding/Instruction.ts"
import type { Settlement } from "../reactors/Settlement.ts"
import { implement, type Implementation, instructs, made, nothing, pages, shows } from "./Implement.ts"
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

/** A first answer waits for the outcome. A repeated answer does not wait, and says nothing of the outcome. */
const settled =
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
      })
    },
    context
  )
