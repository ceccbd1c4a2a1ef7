/**
 * Credits, redemptions and transfers: work for the ledger that takes its time. For platforms, and for the person that resolves an unknown outcome.
 */
import { EthereumAddress, Id, TaskStatus, Timestamp, Units } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { answer, input, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { ReversibleId, ReversibleKind } from "./Reversals.ts"
import { listed } from "./Shape.ts"
import type { Spellings } from "./Spellings.ts"

/** Adding an investment's units to its wallet. @category models */
export const Credit = answer("Credit", {
  id: Id.CreditId,
  investmentId: Id.InvestmentId,
  walletId: Id.WalletId,
  units: Units.Units,
  status: listed(TaskStatus.TaskStatus),
  createdAt: Timestamp.Timestamp
})
export type Credit = typeof Credit.Type

const wholly = "A credit is for all units of the investment, and goes to its wallet."

/** How programs of other generations write it. */
const ofCredit: Spellings = {
  notOffered: { units: wholly, amount: wholly, wallet: wholly, wallet_id: wholly }
}

/** @category schemas */
export const creditAnswer = Answer.first("Credit", Credit)

const redemption = {
  investorId: plain(Id.InvestorId),
  productId: plain(Id.ProductId),
  walletId: plain(Id.WalletId),
  units: plain(Units.Sent)
}

/** How programs of other generations write it. */
const ofRedemption: Spellings = {
  spellings: [
    { member: "/investor_id", names: ["investor"] },
    { member: "/product_id", names: ["product"] },
    { member: "/wallet_id", names: ["wallet", "source_wallet"] },
    { member: "/units", names: ["amount"] }
  ],
  notOffered: { target_address: "A redemption has no target: `POST /v2/transfers/` moves units." }
}

/** Units to take from a wallet forever. Which lots: first in, first out. @category schemas */
export const CreateRedemption = input("CreateRedemption", redemption)
export type CreateRedemption = typeof CreateRedemption.Type

/** The API spells a redemption's success `success`. @category models */
export const RedemptionStatus = Schema.Literals(["processing", "success", "failed", "unknown"])
export type RedemptionStatus = typeof RedemptionStatus.Type

/** @category models */
export const Redemption = answer("Redemption", {
  id: Id.RedemptionId,
  ...redemption,
  status: listed(RedemptionStatus),
  createdAt: Timestamp.Timestamp
})
export type Redemption = typeof Redemption.Type

/** @category schemas */
export const redemptionAnswer = Answer.first("Redemption", Redemption)

const transfer = {
  product: plain(Id.ProductId),
  /** A managed wallet. */
  sourceWallet: plain(Id.WalletId),
  /** Of a wallet that receives, here or on another platform. */
  targetAddress: plain(EthereumAddress.Written),
  amount: plain(Units.Sent)
}

const bySource = "The source wallet says whose units are moved."
const byAddress = "Name the target by its address, `target_address`."

/** How programs of other generations write it. */
const ofTransfer: Spellings = {
  spellings: [
    { member: "/product", names: ["product_id"] },
    { member: "/source_wallet", names: ["source_wallet_id", "wallet_id", "wallet"] },
    { member: "/amount", names: ["units"] }
  ],
  notOffered: {
    investor_id: bySource,
    investor: bySource,
    target_wallet: byAddress,
    target_wallet_id: byAddress
  }
}

/** Units to move to the wallet at an address. Which lots: first in, first out. @category schemas */
export const CreateTransfer = input("CreateTransfer", transfer)
export type CreateTransfer = typeof CreateTransfer.Type

/** As the sender sees it: nothing of the recipient but the address. @category models */
export const Transfer = answer("Transfer", {
  id: Id.TransferId,
  ...transfer,
  status: listed(TaskStatus.TaskStatus),
  createdAt: Timestamp.Timestamp
})
export type Transfer = typeof Transfer.Type

/** @category schemas */
export const transferAnswer = Answer.first("Transfer", Transfer)

/** What the feed of a platform tells of tasks. @category values */
export const taskEvents = ["credit.status_changed", "redemption.status_changed", "transfer.status_changed"] as const

/** @category services */
export class Credits extends Resource.Served<Credits>()("effekten/services/Credits", "credits", {
  /**
   * Starts the credit of an investment's units to its wallet. The answer says `processing`, whatever the ledger has said meanwhile. It is
   * sent once the outcome is recorded, or after a bounded wait.
   */
  create: Operation.bare({
    operation: "RequestCredit",
    route: "POST /v2/investments/:id/credits/",
    scope: "investments:write",
    ids: [Id.InvestmentId],
    reads: ofCredit,
    answer: creditAnswer,
    refusals: [
      "already_delivered",
      "credit_in_flight",
      "investment_ended",
      "investment_not_found",
      "investment_not_paid",
      "kyc_insufficient",
      "wallet_missing",
      "product_paused"
    ],
    summary: "Credit the units to the wallet"
  }),
  list: Operation.list({
    reading: "ListCredits",
    route: "GET /v2/investments/:id/credits/",
    scope: "investments:read",
    ids: [Id.InvestmentId],
    answer: creditAnswer,
    refusals: ["investment_not_found"],
    summary: "List credits"
  }),
  get: Operation.read({
    reading: "GetCredit",
    route: "GET /v2/investments/:id/credits/:credit/",
    scope: "investments:read",
    ids: [Id.InvestmentId, Id.CreditId],
    answer: creditAnswer,
    refusals: ["investment_not_found", "task_not_found"],
    summary: "Read a credit"
  })
}) {}

/** @category services */
export class Redemptions extends Resource.Served<Redemptions>()("effekten/services/Redemptions", "redemptions", {
  /** Starts a redemption. Answers as {@link Credits} does. */
  create: Operation.command({
    operation: "RequestRedemption",
    route: "POST /v2/redemptions/",
    scope: "investments:write",
    ids: [],
    input: CreateRedemption,
    reads: ofRedemption,
    answer: redemptionAnswer,
    refusals: [
      "insufficient_units",
      "investor_erased",
      "investor_not_found",
      "product_not_found",
      "product_paused",
      "redemption_of_crypto_security",
      "too_many_lots",
      "wallet_frozen",
      "wallet_not_found",
      "wallet_of_other_investor"
    ],
    summary: "Redeem units",
    example: {
      investor_id: "01a20498-e104-7063-9ae9-4e903587f58b",
      product_id: "01a20498-e0fc-7404-b886-798a53ef800f",
      wallet_id: "01a20498-e111-7329-8369-ea75342fd9f2",
      units: 300
    }
  }),
  list: Operation.list({
    reading: "ListRedemptions",
    route: "GET /v2/redemptions/",
    scope: "investments:read",
    ids: [],
    answer: redemptionAnswer,
    refusals: [],
    summary: "List redemptions"
  }),
  get: Operation.read({
    reading: "GetRedemption",
    route: "GET /v2/redemptions/:id/",
    scope: "investments:read",
    ids: [Id.RedemptionId],
    answer: redemptionAnswer,
    refusals: ["task_not_found"],
    summary: "Read a redemption"
  })
}) {}

/** @category services */
export class Transfers extends Resource.Served<Transfers>()("effekten/services/Transfers", "transfers", {
  /** Starts a transfer. Answers as {@link Credits} does. The recipient's investment appears once it has succeeded. */
  create: Operation.command({
    operation: "RequestTransfer",
    route: "POST /v2/transfers/",
    scope: "investments:write",
    ids: [],
    input: CreateTransfer,
    reads: ofTransfer,
    answer: transferAnswer,
    refusals: [
      "insufficient_units",
      "investor_erased",
      "locked_up",
      "product_not_found",
      "product_paused",
      "same_wallet",
      "target_cannot_receive",
      "too_many_lots",
      "wallet_frozen",
      "wallet_not_found",
      "wallet_not_managed"
    ],
    summary: "Move units to another wallet",
    example: {
      product: "01a20498-e0fc-7404-b886-798a53ef800f",
      source_wallet: "01a20498-e111-7329-8369-ea75342fd9f2",
      target_address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
      amount: 300
    }
  }),
  list: Operation.list({
    reading: "ListTransfers",
    route: "GET /v2/transfers/",
    scope: "investments:read",
    ids: [],
    answer: transferAnswer,
    refusals: [],
    summary: "List transfers"
  }),
  get: Operation.read({
    reading: "GetTransfer",
    route: "GET /v2/transfers/:id/",
    scope: "investments:read",
    ids: [Id.TransferId],
    answer: transferAnswer,
    refusals: ["task_not_found"],
    summary: "Read a transfer"
  })
}) {}

/** The registrar's decisions on tasks whose outcome is unknown. @category services */
export class Resolutions extends Resource.Service<Resolutions>()("effekten/services/Resolutions", "resolutions", {
  credit: Operation.command({
    operation: "ResolveCredit",
    ids: [Id.InvestmentId, Id.CreditId],
    input: TaskStatus.FinalOutcome,
    refusals: ["nothing_to_resolve", "task_not_found"],
    summary: "Decide what became of a credit",
    example: "succeeded"
  }),
  redemption: Operation.command({
    operation: "ResolveRedemption",
    ids: [Id.RedemptionId],
    input: TaskStatus.FinalOutcome,
    refusals: ["nothing_to_resolve", "task_not_found"],
    summary: "Decide what became of a redemption",
    example: "failed"
  }),
  transfer: Operation.command({
    operation: "ResolveTransfer",
    ids: [Id.TransferId],
    input: TaskStatus.FinalOutcome,
    refusals: ["nothing_to_resolve", "task_not_found"],
    summary: "Decide what became of a transfer",
    example: "succeeded"
  }),
  reversal: Operation.command({
    operation: "ResolveReversal",
    ids: [ReversibleKind, ReversibleId, Id.ReversalId],
    input: TaskStatus.FinalOutcome,
    refusals: ["nothing_to_resolve", "task_not_found"],
    summary: "Decide what became of a reversal",
    example: "succeeded"
  })
}) {}
