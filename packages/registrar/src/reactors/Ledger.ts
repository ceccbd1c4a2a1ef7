/**
 * The port to a ledger, where units really move, and the book-entry ledger that is the register itself. For developers that connect a
 * register to a blockchain or a custodian.
 */
import type { EthereumAddress, Events, Id } from "@effekten/domain"
import { Clock, Context, Duration, Effect, Layer, Schema } from "effect"

interface Moved {
  /** The id of the credit, the redemption, the transfer or the reversal. */
  readonly taskId: string
  readonly productId: Id.ProductId
  readonly units: number
}

/**
 * What the ledger has to do: add units to a wallet, take them out of it, or move them to another one. A reversal takes units out of
 * the one wallet, adds them to the other, or does both; it undoes what another task has done.
 *
 * @category models
 */
export type LedgerTask =
  | (Moved & { readonly kind: "credit" | "redemption"; readonly walletId: Id.WalletId })
  | (Moved & {
      readonly kind: "transfer"
      /** Where the units are. */
      readonly walletId: Id.WalletId
      readonly targetWalletId: Id.WalletId
      /** In lower case. */
      readonly targetAddress: EthereumAddress.EthereumAddress
    })
  | (Moved & {
      readonly kind: "reversal"
      readonly fromWalletId: Id.WalletId | undefined
      readonly toWalletId: Id.WalletId | undefined
      /** The change that it undoes; a credit is named by its investment. */
      readonly undoes: Events.Change
    })

/** How a task ended, as far as the ledger knows. `unknown` is an answer too: then a person decides. @category models */
export type LedgerOutcome =
  | { readonly _tag: "Succeeded" }
  | { readonly _tag: "Failed" }
  | { readonly _tag: "Unknown" }
  /** Accepted, not settled yet: ask again. */
  | { readonly _tag: "Processing" }

/** The ledger gave no answer. What it was asked to do may have happened. @category errors */
export class LedgerUnavailable extends Schema.TaggedError<LedgerUnavailable>()("LedgerUnavailable", {
  message: Schema.String
}) {}

/** @category services */
export class Ledger extends Context.Service<
  Ledger,
  {
    /** Called at most once per task, forever. After an error it is unknown whether it happened. */
    readonly submit: (task: LedgerTask) => Effect.Effect<LedgerOutcome, LedgerUnavailable>
    /** What became of a task that was, or may have been, submitted. None: the ledger has never heard of it. */
    readonly find: (task: LedgerTask) => Effect.Effect<LedgerOutcome | undefined, LedgerUnavailable>
  }
>()("effekten/registrar/Ledger") {
  /**
   * The book-entry ledger: the register's own entry is the movement, so every submitted task has succeeded. With `settleAfter` the outcome
   * comes so much later, for clients that test their polling.
   */
  static readonly layerBookEntry = (options: { readonly settleAfter?: Duration.Input } = {}): Layer.Layer<Ledger> =>
    Layer.effect(
      Ledger,
      Effect.gen(function* () {
        const clock = yield* Clock.Clock
        const wait = Duration.toMillis(options.settleAfter ?? Duration.zero)
        const due = new Map<string, number>()
        const outcome = (taskId: string): LedgerOutcome => {
          if ((due.get(taskId) ?? 0) > clock.currentTimeMillisUnsafe()) return { _tag: "Processing" }
          due.delete(taskId)
          return { _tag: "Succeeded" }
        }
        return Ledger.of({
          submit: ({ taskId }) =>
            Effect.sync(() => {
              if (wait > 0) due.set(taskId, clock.currentTimeMillisUnsafe() + wait)
              return outcome(taskId)
            }),
          find: ({ taskId }) => Effect.sync(() => outcome(taskId))
        })
      })
    )
}
