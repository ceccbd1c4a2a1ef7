import { EthereumAddress, Id, Timestamp } from "@effekten/domain"
import { Answer, type Api, Member, Operation, Resource } from "@effekten/services"
import { Schema } from "effect"

// The members that input and answer share: an input is checked in full, an answer for its shape only.
const wallet = {
  address: Member.plain(EthereumAddress.Written),
  receivingEnabled: Member.withDefault(Member.plain(Schema.Boolean))
}
const CreateGenericWallet = Member.input("CreateGenericWallet", wallet)
const Wallet = Member.answer("Wallet", { id: Id.WalletId, ...wallet, createdAt: Timestamp.Timestamp })
const walletAnswer = Answer.first("Wallet", Wallet)

export class Wallets extends Resource.Served<Wallets>()("example/Wallets", "wallets", {
  createGeneric: Operation.command({
    operation: "RegisterGenericWallet", // the command of the domain
    route: "POST /v2/investors/:id/wallets/eth-generic/",
    scope: "investors:write",
    ids: [Id.InvestorId],
    input: CreateGenericWallet,
    answer: walletAnswer,
    refusals: ["investor_not_found", "investor_erased", "address_taken"],
    summary: "Register an address the investor controls",
    example: { address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" }
  }),
  get: Operation.read({
    reading: "GetWallet", // the name in the record of openings of personal data
    route: "GET /v2/investors/:id/wallets/:wallet/",
    scope: "investors:read",
    ids: [Id.InvestorId, Id.WalletId],
    answer: walletAnswer,
    refusals: ["investor_not_found", "wallet_not_found"],
    summary: "Read a wallet"
  })
}) {}

// The class is the service. Arguments: the ids of the path, then the input or the page, then the options.
export const create = (investor: Id.InvestorId, input: Api.CreateGenericWallet) =>
  Wallets.use((wallets) => wallets.createGeneric(investor, input, { key: "order-4711" }))
