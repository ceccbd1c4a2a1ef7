/**
 * Wallets, embedded. For the services of a platform.
 */
import { EthereumAddress, Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, Wallets } from "@effekten/services"
import { type Context, Effect } from "effect"
import { noEffect } from "../base/Failures.ts"
import type { Custody } from "./Custody.ts"
import { consumed, implement, type Implementation, instructs, made, pages, shows } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { ownInvestor } from "./Investors.ts"
import type { Showing } from "./Showing.ts"
import { view } from "./View.ts"

const wallet = view(Api.walletAnswer, Projections.wallets, {
  1: (state) => ({
    id: state.id,
    investorId: state.investorId,
    type: state.kind === "managed" ? ("eth-managed" as const) : ("eth-generic" as const),
    address: EthereumAddress.checksum(state.address),
    receivingEnabled: state.receivingEnabled,
    createdAt: state.createdAt
  })
})

const { operations } = Wallets.resource

/** @category constructors */
export const wallets = (
  context: Context.Context<Intake | Showing>,
  custody: Custody["Service"]
): Implementation<typeof Wallets.resource.operations> =>
  implement(
    { key: Wallets.key, operations },
    {
      createManaged: instructs(operations.createManaged, {
        members: {},
        given: Effect.fnUntraced(function* ({ ids: [investorId], newId }) {
          const walletId = Id.WalletId.make(yield* newId)
          const address = yield* Effect.mapError(custody.addressOf(walletId), noEffect)
          return { walletId, investorId, address, receivingEnabled: false }
        }),
        answers: made(wallet)
      }),
      createGeneric: instructs(operations.createGeneric, {
        members: { address: consumed, receivingEnabled: consumed },
        given: Effect.fnUntraced(function* ({ ids: [investorId], input, newId }) {
          // The schema has checked the address; this gives its canonical form.
          const address = EthereumAddress.parse(input.address)
          if (address === undefined) return yield* Effect.die(new Error("an address that was checked cannot be read"))
          const receivingEnabled = input.receivingEnabled ?? false
          return { walletId: Id.WalletId.make(yield* newId), investorId, address, receivingEnabled }
        }),
        answers: made(wallet)
      }),
      list: pages(operations.list, { view: wallet, scope: ([id]) => id, within: ([id]) => ownInvestor(id) }),
      get: shows(operations.get, {
        view: wallet,
        key: ([, id]) => id,
        missing: "wallet_not_found",
        within: ([investor]) => ownInvestor(investor),
        belongs: (state, [investor]) => state.investorId === investor
      })
    },
    context
  )
