/**
 * Wallets: managed (the custodian holds the key) and generic (the investor does). For platforms.
 */
import { EthereumAddress, EthereumSignature, Id, Timestamp } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { answer, input, personal, plain, withDefault } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { listed } from "./Shape.ts"
import type { Spellings } from "./Spellings.ts"

const wallet = {
  /** `0x` and 40 hexadecimal digits; in mixed case the checksum of EIP-55 must fit. An answer shows the mixed case. */
  address: plain(EthereumAddress.Written),
  /** Whether transfers from others may arrive. Default: no. */
  receivingEnabled: withDefault(plain(Schema.Boolean))
}

/** How programs of other generations write it. */
const ofManagedWallet: Spellings = {
  notOffered: {
    address: "The register makes the address of a managed wallet.",
    receiving_enabled: "A new managed wallet does not receive from others: change it with PATCH."
  }
}

/** An address the investor controls. @category schemas */
export const CreateGenericWallet = input("CreateGenericWallet", wallet)
export type CreateGenericWallet = typeof CreateGenericWallet.Type

const fixed = "It is fixed at creation."

/** How programs of other generations write it. */
const ofAmendment: Spellings = {
  notOffered: { address: fixed, type: fixed, investor_id: fixed, investor: fixed }
}

/** Whether transfers from others may arrive. @category schemas */
export const AmendWallet = input("AmendWallet", { receivingEnabled: plain(Schema.Boolean) })
export type AmendWallet = typeof AmendWallet.Type

/** A signature (EIP-191) of the key of the address over `proof_text` of the wallet. @category schemas */
export const ProveAddress = input("ProveAddress", { signature: personal(EthereumSignature.Signature) })
export type ProveAddress = typeof ProveAddress.Type

const type = Schema.Literals(["eth-managed", "eth-generic"])

const shown = {
  id: Id.WalletId,
  investorId: Id.InvestorId,
  type: listed(type),
  ...wallet
}

const createdAt = Timestamp.Timestamp

/** @category models */
export const Wallet = answer("Wallet", {
  ...shown,
  /** A signature has shown that the investor has the key of the address. Null where a server does not know proofs. */
  proven: Schema.NullOr(Schema.Boolean),
  /** What the key of the address signs as a proof. Null for a managed wallet: the custodian has its key. */
  proofText: Schema.NullOr(Schema.String),
  createdAt
})
export type Wallet = typeof Wallet.Type

/** @category schemas */
export const walletAnswer = Answer.next(
  Answer.first("Wallet", answer("Wallet1", { ...shown, createdAt })),
  2,
  Wallet,
  (before) => ({ ...before, proven: null, proofText: null })
)

/** @category services */
export class Wallets extends Resource.Served<Wallets>()("effekten/services/Wallets", "wallets", {
  createManaged: Operation.bare({
    operation: "RegisterManagedWallet",
    route: "POST /v2/investors/:id/wallets/eth-managed/",
    scope: "investors:write",
    ids: [Id.InvestorId],
    reads: ofManagedWallet,
    answer: walletAnswer,
    refusals: [
      "investor_not_found",
      "investor_erased",
      "kyc_not_successful",
      "tax_information_missing",
      "managed_wallet_exists",
      "address_taken"
    ],
    summary: "Create a managed wallet"
  }),
  createGeneric: Operation.command({
    operation: "RegisterGenericWallet",
    route: "POST /v2/investors/:id/wallets/eth-generic/",
    scope: "investors:write",
    ids: [Id.InvestorId],
    input: CreateGenericWallet,
    answer: walletAnswer,
    refusals: [
      "investor_not_found",
      "investor_erased",
      "kyc_not_successful",
      "tax_information_missing",
      "address_taken"
    ],
    summary: "Register an address the investor controls",
    example: { address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", receiving_enabled: true }
  }),
  list: Operation.list({
    reading: "ListWallets",
    route: "GET /v2/investors/:id/wallets/",
    scope: "investors:read",
    ids: [Id.InvestorId],
    filters: { type, receivingEnabled: Schema.Boolean },
    answer: walletAnswer,
    refusals: ["investor_not_found"],
    summary: "List wallets"
  }),
  get: Operation.read({
    reading: "GetWallet",
    route: "GET /v2/investors/:id/wallets/:wallet/",
    scope: "investors:read",
    ids: [Id.InvestorId, Id.WalletId],
    answer: walletAnswer,
    refusals: ["investor_not_found", "wallet_not_found"],
    summary: "Read a wallet"
  }),
  /** What is on its way when receiving is switched off arrives nevertheless. */
  amend: Operation.command({
    operation: "SetReceiving",
    route: "PATCH /v2/investors/:id/wallets/:wallet/",
    scope: "investors:write",
    key: "optional",
    ids: [Id.InvestorId, Id.WalletId],
    input: AmendWallet,
    reads: ofAmendment,
    answer: walletAnswer,
    refusals: ["investor_erased", "investor_not_found", "wallet_not_found"],
    summary: "Set whether a wallet receives",
    example: { receiving_enabled: true }
  }),
  prove: Operation.command({
    operation: "ProveAddress",
    route: "POST /v2/investors/:id/wallets/:wallet/proofs/",
    scope: "investors:write",
    ids: [Id.InvestorId, Id.WalletId],
    input: ProveAddress,
    answer: walletAnswer,
    refusals: ["investor_erased", "investor_not_found", "signature_invalid", "wallet_not_found"],
    summary: "Prove that the investor has the key of an address",
    description:
      "An extension of Effekten: the Distribution API has no such endpoint. An unproven address is used the same.",
    example: {
      signature: `0x${"b9".repeat(64)}1c`
    }
  })
}) {}
