/**
 * Freezes of wallets and units, embedded. For the registrar's side.
 */
import { Freezes } from "@effekten/services"
import { Effect, Layer } from "effect"
import { implement, instructs, nothing } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import type { Showing } from "./Showing.ts"

const { operations } = Freezes.resource

/** @category layers */
export const layer: Layer.Layer<Freezes, never, Intake | Showing> = Layer.effect(
  Freezes,
  Effect.map(Effect.context<Intake | Showing>(), (context) =>
    implement(
      { key: Freezes.key, operations },
      {
        wallet: instructs(operations.wallet, {
          members: {},
          given: ({ ids: [walletId] }) => Effect.succeed({ walletId }),
          answers: nothing
        }),
        releaseWallet: instructs(operations.releaseWallet, {
          members: {},
          given: ({ ids: [walletId] }) => Effect.succeed({ walletId }),
          answers: nothing
        }),
        units: instructs(operations.units, {
          members: {},
          given: ({ ids: [walletId] }) => Effect.succeed({ walletId }),
          answers: nothing
        }),
        releaseUnits: instructs(operations.releaseUnits, {
          members: {},
          given: ({ ids: [walletId] }) => Effect.succeed({ walletId }),
          answers: nothing
        })
      },
      context
    ).bind({ actor: "registrar", platform: undefined })
  )
).pipe(Layer.fresh)
