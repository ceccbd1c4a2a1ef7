/**
 * The services of one platform, embedded. For `Registrar.layer` and for servers of many platforms.
 */
import {
  type Command,
  CreditId,
  DocumentId,
  IdentificationId,
  InvestmentId,
  InvestorId,
  parseAddress,
  type PlatformId,
  RedemptionId,
  WalletId
} from "@effekten/domain"
import {
  creditKey,
  credits,
  documents,
  identificationKey,
  identifications,
  investments,
  investors,
  redemptions,
  wallets
} from "@effekten/projections"
import {
  AmendInvestment,
  CancelInvestment,
  type CommandFailure,
  CreateGenericWallet,
  CreateIdentification,
  CreateInvestment,
  CreateInvestor,
  CreateRedemption,
  Credits,
  Documents,
  Investments,
  Investors,
  maximumDocumentSize,
  PlatformServices,
  type PlatformService,
  Redemptions,
  Rejection,
  Unavailable,
  Wallets
} from "@effekten/services"
import { Context, Effect, Exit, Layer, Option } from "effect"
import { createHash } from "node:crypto"
import type { Access, Purpose } from "../log/Access.ts"
import { Blobs } from "../documents/Blobs.ts"
import { Custody } from "./Custody.ts"
import { type Asked, Desk, accepting, notFound } from "./Desk.ts"
import type { Answered } from "../deciding/Instruction.ts"
import * as Render from "./Render.ts"
import { Settlement } from "../reactors/Settlement.ts"

/** @category layers */
export const layer: Layer.Layer<PlatformServices, never, Blobs | Custody | Desk | Settlement> = Layer.effect(
  PlatformServices,
  Effect.gen(function* () {
    const context = yield* Effect.context<Blobs | Custody | Desk | Settlement>()
    return PlatformServices.of({ forPlatform: (platform) => make(platform, context) })
  })
)

const make = (
  platform: PlatformId,
  context: Context.Context<Blobs | Custody | Desk | Settlement>
): Context.Context<PlatformService> => {
  const desk = Context.get(context, Desk)
  const blobs = Context.get(context, Blobs)
  const custody = Context.get(context, Custody)
  const settlement = Context.get(context, Settlement)
  const who = { actor: "platform", platform } as const
  /** Who opens what is personal in an answer, and for what. */
  const to = (purpose: Purpose): Access => ({ ...who, purpose })

  /** Receives, makes the command, decides and records it. */
  const instruct = <E>(asked: Asked, command: Effect.Effect<Command, E>): Effect.Effect<Answered, CommandFailure | E> =>
    Effect.flatMap(desk.receive(who, asked), (received) =>
      Effect.flatMap(command, (command) => desk.execute({ ...received, command }))
    )

  /** The investor is this platform's, or there is none. */
  const ownInvestor = (id: InvestorId) => desk.own(platform, investors, id, "investor_not_found")
  const ownInvestment = (id: InvestmentId) => desk.own(platform, investments, id, "investment_not_found")

  const investorsApi = Investors.of({
    create: Effect.fnUntraced(function* (given, options) {
      const { body, input } = yield* accept.createInvestor(given)
      const answered = yield* instruct(
        { operation: "RegisterInvestor", ids: [], body, options },
        Effect.map(desk.newId, (id) => ({
          operation: "RegisterInvestor",
          input: {
            investorId: InvestorId.make(id),
            custodianBank: false,
            ownAccount: input.isBeneficiary,
            hasTaxInformation: input.taxInformation !== undefined,
            pep: input.naturalPerson.isPep,
            documentIds: []
          },
          personal: {
            naturalPerson: input.naturalPerson,
            ...(input.bankAccount === undefined ? {} : { bankAccount: input.bankAccount }),
            ...(input.taxInformation === undefined ? {} : { taxInformation: input.taxInformation }),
            ...(input.communication === undefined ? {} : { communication: input.communication })
          }
        }))
      )
      return yield* desk.made(to("RegisterInvestor"), answered, investors, Render.investor)
    }),
    get: (id) => desk.get(to("GetInvestor"), investors, id, "investor_not_found", Render.investor),
    list: (page) => desk.list(to("ListInvestors"), investors, platform, page, Render.investor),
    identify: Effect.fnUntraced(function* (investorId, given, options) {
      const { body, input } = yield* accept.createIdentification(given)
      const { legitimationProtocolId: protocolDocumentId, verifiedAt, ...personal } = input
      const answered = yield* instruct(
        { operation: "RecordIdentification", ids: [investorId], body, options },
        Effect.map(desk.newId, (id) => ({
          operation: "RecordIdentification",
          input: { identificationId: IdentificationId.make(id), investorId, protocolDocumentId, verifiedAt },
          personal
        }))
      )
      return yield* desk.made(to("RecordIdentification"), answered, identifications, Render.identification)
    }),
    identification: (investor, id) =>
      desk.get(
        to("GetIdentification"),
        identifications,
        identificationKey(investor, id),
        "investor_not_found",
        Render.identification
      ),
    identifications: (investor, page) =>
      Effect.andThen(
        ownInvestor(investor),
        desk.list(to("ListIdentifications"), identifications, investor, page, Render.identification)
      )
  })

  const walletsApi = Wallets.of({
    createManaged: Effect.fnUntraced(function* (investorId, options) {
      const answered = yield* instruct(
        { operation: "RegisterManagedWallet", ids: [investorId], body: null, options },
        Effect.gen(function* () {
          const walletId = WalletId.make(yield* desk.newId)
          const address = yield* Effect.mapError(custody.addressOf(walletId), noEffect)
          return {
            operation: "RegisterManagedWallet",
            input: { walletId, investorId, address, receivingEnabled: false }
          } as const
        })
      )
      return yield* desk.made(to("RegisterManagedWallet"), answered, wallets, Render.wallet)
    }),
    createGeneric: Effect.fnUntraced(function* (investorId, given, options) {
      const { body, input } = yield* accept.createGenericWallet(given)
      const answered = yield* instruct(
        { operation: "RegisterGenericWallet", ids: [investorId], body, options },
        Effect.gen(function* () {
          const walletId = WalletId.make(yield* desk.newId)
          // The schema has checked the address; this gives its canonical form.
          const address = parseAddress(input.address)
          if (address === undefined) return yield* Effect.die(new Error("an address that was checked cannot be read"))
          const receivingEnabled = input.receivingEnabled ?? false
          return {
            operation: "RegisterGenericWallet",
            input: { walletId, investorId, address, receivingEnabled }
          } as const
        })
      )
      return yield* desk.made(to("RegisterGenericWallet"), answered, wallets, Render.wallet)
    }),
    get: (investor, wallet) =>
      Effect.andThen(
        ownInvestor(investor),
        Effect.filterOrFail(
          desk.get(to("GetWallet"), wallets, wallet, "wallet_not_found", Render.wallet),
          (found) => found.investorId === investor,
          () => notFound("wallet_not_found")
        )
      ),
    list: (investor, page) =>
      Effect.andThen(ownInvestor(investor), desk.list(to("ListWallets"), wallets, investor, page, Render.wallet))
  })

  const documentsApi = Documents.of({
    upload: Effect.fnUntraced(function* (given, options) {
      const { fileName, mediaType } = given
      if (given.content.byteLength > maximumDocumentSize) {
        return yield* new Rejection({
          code: "payload_too_large",
          status: 413,
          message: `A document has at most ${maximumDocumentSize} bytes.`
        })
      }
      // The caller may fill its buffer anew while this one waits its turn.
      const content = given.content.slice()
      const digest = createHash("sha256").update(content).digest("hex")
      const received = yield* desk.receive(who, {
        operation: "UploadDocument",
        ids: [],
        body: { file_name: fileName, media_type: mediaType, sha256: digest },
        options
      })
      // A repeated upload stores nothing: its content lies there already.
      const before = yield* desk.find(received)
      if (before !== undefined) return yield* desk.made(to("UploadDocument"), before, documents, Render.document)
      const documentId = DocumentId.make(yield* desk.newId)
      const answered = yield* Effect.acquireUseRelease(
        Effect.mapError(blobs.put(documentId, content), noEffect),
        (sealed) =>
          desk.execute({
            ...received,
            command: {
              operation: "UploadDocument",
              input: { documentId, digest: sealed, size: content.byteLength },
              personal: { fileName, mediaType, digest }
            }
          }),
        (_, exit) =>
          // What became of the content is settled by its event. Without an answer the next start looks at it.
          Effect.ignore(
            exit._tag === "Success" && !exit.value.replayed
              ? blobs.keep(documentId)
              : exit._tag === "Success" || isWithoutEffect(exit)
                ? blobs.remove(documentId)
                : Effect.void
          )
      )
      return yield* desk.made(to("UploadDocument"), answered, documents, Render.document)
    }),
    get: (id) => desk.get(to("GetDocument"), documents, id, "document_not_found", Render.document),
    list: (page) => desk.list(to("ListDocuments"), documents, platform, page, Render.document)
  })

  const investmentsApi = Investments.of({
    create: Effect.fnUntraced(function* (given, options) {
      const { body, input } = yield* accept.createInvestment(given)
      const { campaignId, investorId, units, wallet, signedDocuments = [] } = input
      const answered = yield* instruct(
        { operation: "SignInvestment", ids: [], body, options },
        Effect.map(desk.newId, (id) => ({
          operation: "SignInvestment",
          input: {
            investmentId: InvestmentId.make(id),
            investorId,
            campaignId,
            units,
            documentIds: signedDocuments.map(({ documentId }) => documentId),
            ...(input.signedAt === undefined ? {} : { signedAt: input.signedAt }),
            ...(input.acceptedAt === undefined ? {} : { acceptedAt: input.acceptedAt }),
            ...(input.paidAt === undefined ? {} : { paidAt: input.paidAt }),
            ...(wallet === undefined ? {} : { walletId: wallet })
          },
          // Where nothing was signed, nothing personal was said.
          ...(signedDocuments.length === 0 ? {} : { personal: { signedDocuments } })
        }))
      )
      return yield* desk.made(to("SignInvestment"), answered, investments, Render.investment)
    }),
    get: (id) => desk.get(to("GetInvestment"), investments, id, "investment_not_found", Render.investment),
    list: (page) => desk.list(to("ListInvestments"), investments, platform, page, Render.investment),
    amend: Effect.fnUntraced(function* (investmentId, given, options) {
      const { body, input } = yield* accept.amendInvestment(given)
      const { acceptedAt, paidAt, wallet } = input
      const answered = yield* instruct(
        { operation: "AmendInvestment", ids: [investmentId], body, options },
        Effect.succeed({
          operation: "AmendInvestment",
          input: {
            investmentId,
            ...(acceptedAt === undefined ? {} : { acceptedAt }),
            ...(paidAt === undefined ? {} : { paidAt }),
            ...(wallet === undefined ? {} : { walletId: wallet })
          }
        })
      )
      return yield* desk.changed(to("AmendInvestment"), answered, investments, investmentId, Render.investment)
    }),
    cancel: Effect.fnUntraced(function* (investmentId, given, options) {
      const { body, input } = yield* accept.cancelInvestment(given)
      const { cancelledAt } = input
      const answered = yield* instruct(
        { operation: "CancelInvestment", ids: [investmentId], body, options },
        Effect.succeed({
          operation: "CancelInvestment",
          input: { investmentId, late: false, ...(cancelledAt === undefined ? {} : { cancelledAt }) }
        })
      )
      return yield* desk.changed(to("CancelInvestment"), answered, investments, investmentId, Render.investment)
    })
  })

  const creditsApi = Credits.of({
    create: Effect.fnUntraced(function* (investmentId, options) {
      const answered = yield* instruct(
        { operation: "RequestCredit", ids: [investmentId], body: null, options },
        Effect.map(desk.newId, (id) => ({
          operation: "RequestCredit",
          input: { creditId: CreditId.make(id), investmentId }
        }))
      )
      const credit = yield* desk.made(to("RequestCredit"), answered, credits, Render.credit)
      // A repeated answer is at hand, and says nothing of the outcome.
      if (!answered.replayed) yield* settlement.wait(credit.id)
      return credit
    }),
    get: (investment, credit) =>
      Effect.andThen(
        ownInvestment(investment),
        desk.get(to("GetCredit"), credits, creditKey(investment, credit), "task_not_found", Render.credit)
      ),
    list: (investment, page) =>
      Effect.andThen(ownInvestment(investment), desk.list(to("ListCredits"), credits, investment, page, Render.credit))
  })

  const redemptionsApi = Redemptions.of({
    create: Effect.fnUntraced(function* (given, options) {
      const { body, input } = yield* accept.createRedemption(given)
      const answered = yield* instruct(
        { operation: "RequestRedemption", ids: [], body, options },
        Effect.map(desk.newId, (id) => ({
          operation: "RequestRedemption",
          input: { redemptionId: RedemptionId.make(id), ...input }
        }))
      )
      const redemption = yield* desk.made(to("RequestRedemption"), answered, redemptions, Render.redemption)
      if (!answered.replayed) yield* settlement.wait(redemption.id)
      return redemption
    }),
    get: (id) => desk.get(to("GetRedemption"), redemptions, id, "task_not_found", Render.redemption),
    list: (page) => desk.list(to("ListRedemptions"), redemptions, platform, page, Render.redemption)
  })

  return Context.mergeAll(
    Context.make(Investors, investorsApi),
    Context.make(Wallets, walletsApi),
    Context.make(Documents, documentsApi),
    Context.make(Investments, investmentsApi),
    Context.make(Credits, creditsApi),
    Context.make(Redemptions, redemptionsApi)
  )
}

const accept = {
  createInvestor: accepting(CreateInvestor),
  createIdentification: accepting(CreateIdentification),
  createGenericWallet: accepting(CreateGenericWallet),
  createInvestment: accepting(CreateInvestment),
  amendInvestment: accepting(AmendInvestment),
  cancelInvestment: accepting(CancelInvestment),
  createRedemption: accepting(CreateRedemption)
}

/** What had to be there before a decision could not be made: nothing was recorded. */
const noEffect = (error: { readonly message: string }): Unavailable =>
  new Unavailable({ executed: "no", message: error.message, cause: error })

/** Whether a failed instruction has certainly left nothing behind. */
const isWithoutEffect = (exit: Exit.Exit<unknown, CommandFailure>): boolean =>
  Option.exists(Exit.findErrorOption(exit), (failure) => failure._tag !== "Unavailable" || failure.executed === "no")
