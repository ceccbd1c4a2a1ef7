/**
 * What the registrar takes from a wallet on a legal basis: redemptions of crypto securities, and forced transfers. For the registrar's side;
 * never reached through the distribution API.
 *
 * Both are work for the ledger. The holder's platform reads them as redemptions and transfers of its own.
 */
import { Basis, EthereumAddress, Id, TaskStatus, Text, Timestamp, Units } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { answer, input, optional, personal, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { listed } from "./Shape.ts"

/** @category schemas */
export const RegistrarTaskKind = Schema.Literals(["redemption", "transfer"])
export type RegistrarTaskKind = typeof RegistrarTaskKind.Type

/** @category schemas */
export const RegistrarTaskId = Schema.Union([Id.RedemptionId, Id.TransferId])
export type RegistrarTaskId = typeof RegistrarTaskId.Type

/** @category models */
export const RegistrarTask = answer("RegistrarTask", {
  id: RegistrarTaskId,
  kind: listed(RegistrarTaskKind),
  walletId: Id.WalletId,
  productId: Id.ProductId,
  /** Of a transfer. */
  targetAddress: Schema.NullOr(EthereumAddress.Written),
  units: Units.Units,
  basis: listed(Basis.Basis),
  status: listed(TaskStatus.TaskStatus),
  createdAt: Timestamp.Timestamp
})
export type RegistrarTask = typeof RegistrarTask.Type

/** @category schemas */
export const registrarTaskAnswer = Answer.first("RegistrarTask", RegistrarTask)

const taking = {
  productId: plain(Id.ProductId),
  units: plain(Units.Sent)
}

const decision = {
  /** By whose right (eWpG § 18(1)). */
  basis: plain(Basis.Basis),
  /** Where the decision is filed. It is forgotten with the investor, and so is the note. */
  reference: optional(personal(Text.NonEmpty)),
  note: optional(personal(Text.NonEmpty))
}

/** @category schemas */
export const RedeemCrypto = input("RedeemCrypto", { ...taking, ...decision })
export type RedeemCrypto = typeof RedeemCrypto.Type

/** @category schemas */
export const ForceTransfer = input("ForceTransfer", {
  ...taking,
  /** Of a wallet here or on another platform. */
  targetAddress: plain(EthereumAddress.Written),
  ...decision
})
export type ForceTransfer = typeof ForceTransfer.Type

const example = { product_id: "01a20498-e0fc-7404-b886-798a53ef800f", units: 15, basis: "court" } as const

/** Takes the oldest free units: neither frozen ones, nor those that another task has reserved. @category services */
export class RegistrarTasks extends Resource.Service<RegistrarTasks>()(
  "effekten/services/RegistrarTasks",
  "registrarTasks",
  {
    /** Crypto securities are transferred to the issuer and deleted (eWpG § 29). Of other products: `not_a_crypto_security`. */
    redeem: Operation.command({
      operation: "RedeemCrypto",
      ids: [Id.WalletId],
      input: RedeemCrypto,
      refusals: [
        "insufficient_units",
        "investor_erased",
        "not_a_crypto_security",
        "product_not_found",
        "product_paused",
        "too_many_lots",
        "wallet_frozen",
        "wallet_not_found"
      ],
      summary: "Redeem crypto securities",
      answer: registrarTaskAnswer,
      example: { ...example, basis: "statute" }
    }),
    /** No frozen wallet, no pause, no lock-up and no listing stands in the way. */
    transfer: Operation.command({
      operation: "ForceTransfer",
      ids: [Id.WalletId],
      input: ForceTransfer,
      refusals: [
        "insufficient_units",
        "investor_erased",
        "product_not_found",
        "same_wallet",
        "target_cannot_receive",
        "too_many_lots",
        "wallet_not_found"
      ],
      summary: "Move units without their holder",
      answer: registrarTaskAnswer,
      example: { ...example, target_address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", reference: "00 AB 3/26" }
    }),
    get: Operation.read({
      reading: "GetRegistrarTask",
      ids: [RegistrarTaskKind, RegistrarTaskId],
      refusals: ["task_not_found"],
      summary: "Show what the registrar instructed",
      answer: registrarTaskAnswer
    })
  }
) {}
