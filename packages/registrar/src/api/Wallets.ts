/**
 * Wallets, embedded. For the services of a platform.
 */
import { AddressProof, EthereumAddress, Id } from "@effekten/domain"
import { Projections } from "@effekten/projections"
import { Api, Wallets } from "@effekten/services"
import { Context, Effect } from "effect"
import { noEffect } from "../base/Failures.ts"
import type { Custody } from "./Custody.ts"
import { changed, consumed, implement, type Implementation, instructs, made, pages, shows } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { ownInvestor } from "./InvestorView.ts"
import { type Owned, Showing } from "./Showing.ts"
import { view } from "./View.ts"

/** What every version of the answer shows. */
const shown = (state: Projections.WalletState) => ({
  id: state.id,
  investorId: state.investorId,
  type: state.kind === "managed" ? ("eth-managed" as const) : ("eth-generic" as const),
  address: EthereumAddress.checksum(state.address),
  receivingEnabled: state.receivingEnabled,
  createdAt: state.createdAt
})

const wallet = view(Api.walletAnswer, Projections.wallets, {
  1: shown,
  2: (state) => ({
    ...shown(state),
    proven: state.proven,
    proofText: state.kind === "managed" ? null : AddressProof.textOf(state, 1)
  })
})

/** The wallet is this investor's and platform's, or there is none. */
const ownWallet = (investorId: Id.InvestorId, key: Id.WalletId): Owned => ({
  projection: Projections.wallets,
  key,
  missing: "wallet_not_found",
  belongs: (state: Projections.WalletState) => state.investorId === investorId
})

const { operations } = Wallets.resource

/** @category constructors */
export const wallets = (
  context: Context.Context<Intake | Showing>,
  custody: Custody["Service"]
): Implementation<typeof Wallets.resource.operations> => {
  /** The wallet of the path is the platform's, or the call ends here. */
  const owned = Effect.fnUntraced(function* (
    [investorId, walletId]: readonly [Id.InvestorId, Id.WalletId],
    platform: Id.PlatformId | undefined
  ) {
    const showing = Context.get(context, Showing)
    yield* showing.own(platform, ownInvestor(investorId))
    yield* showing.own(platform, ownWallet(investorId, walletId))
    return walletId
  })
  return implement(
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
          const address = EthereumAddress.canonical(input.address)
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
      }),
      amend: instructs(operations.amend, {
        members: {},
        given: ({ ids, instructing: { platform } }) => Effect.map(owned(ids, platform), (walletId) => ({ walletId })),
        answers: changed(wallet, ([, id]) => id)
      }),
      prove: instructs(operations.prove, {
        members: {},
        given: ({ ids, instructing: { platform } }) =>
          Effect.map(owned(ids, platform), (walletId) => ({ walletId, textVersion: AddressProof.textVersion })),
        answers: changed(wallet, ([, id]) => id)
      })
    },
    context
  )
}
