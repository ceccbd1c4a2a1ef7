/**
 * Every command of the register by its operation. For the registrar, for replays, and for lists of the commands.
 */
import type { Schema } from "effect"
import { AmendInvestment } from "./Amendment.ts"
import * as AddressProof from "./AddressProof.ts"
import * as BenefitingPerson from "./BenefitingPerson.ts"
import * as Campaign from "./Campaign.ts"
import type { DomainEvent, RecordedDomainEvent } from "./Catalogue.ts"
import { type Definition, inputVersionOf, NewerRules, rulesOf } from "./Command.ts"
import { RequestCredit, ResolveCredit, SettleCredit, SubmitCredit } from "./Crediting.ts"
import type { Decision, DecisionContext, Model } from "./Decision.ts"
import * as Document from "./Document.ts"
import { CancelInvestment, EnforcePaymentDeadline, RejectInvestment } from "./Ending.ts"
import { InstructionNoted, InstructionRejected } from "./events/InstructionEvents.ts"
import { EraseDocument, EraseInvestor } from "./Erasure.ts"
import * as Freezing from "./Freezing.ts"
import * as Holding from "./Holding.ts"
import * as Identifying from "./Identifying.ts"
import * as Investment from "./Investment.ts"
import * as Investor from "./Investor.ts"
import { AmendInvestor } from "./InvestorAmendment.ts"
import * as LegalHold from "./LegalHold.ts"
import * as Platform from "./Platform.ts"
import * as Policy from "./Policy.ts"
import * as Product from "./Product.ts"
import { AmendProduct } from "./ProductAmendment.ts"
import * as Redemption from "./Redemption.ts"
import type { Refusal } from "./Refusal.ts"
import * as Reversal from "./Reversal.ts"
import { DecideReview } from "./Reviewing.ts"
import { SignInvestment } from "./Signing.ts"
import { AddSignedDocuments } from "./SigningDocuments.ts"
import * as Statement from "./Statement.ts"
import * as Terms from "./Terms.ts"
import * as Transfer from "./Transfer.ts"
import * as Wallet from "./Wallet.ts"

/** @category values */
export const all = {
  SeedPolicy: Policy.SeedPolicy,
  SetPolicy: Policy.SetPolicy,
  RegisterPlatform: Platform.RegisterPlatform,
  RegisterIssuer: Platform.RegisterIssuer,
  AmendIssuer: Platform.AmendIssuer,
  RegisterProduct: Product.RegisterProduct,
  AmendProduct,
  DepositTerms: Terms.DepositTerms,
  PauseProduct: Product.PauseProduct,
  ResumeProduct: Product.ResumeProduct,
  ListProduct: Product.ListProduct,
  DelistProduct: Product.DelistProduct,
  OpenCampaign: Campaign.OpenCampaign,
  ResizeCampaign: Campaign.ResizeCampaign,
  CloseCampaign: Campaign.CloseCampaign,
  RegisterInvestor: Investor.RegisterInvestor,
  AmendInvestor,
  AddBenefitingPerson: BenefitingPerson.AddBenefitingPerson,
  RecordIdentification: Identifying.RecordIdentification,
  DecideKyc: Identifying.DecideKyc,
  EraseInvestor,
  PlaceLegalHold: LegalHold.PlaceLegalHold,
  ReleaseLegalHold: LegalHold.ReleaseLegalHold,
  UploadDocument: Document.UploadDocument,
  EraseDocument,
  RegisterManagedWallet: Wallet.RegisterManagedWallet,
  RegisterGenericWallet: Wallet.RegisterGenericWallet,
  SetReceiving: Wallet.SetReceiving,
  ProveAddress: AddressProof.ProveAddress,
  FreezeWallet: Freezing.FreezeWallet,
  UnfreezeWallet: Freezing.UnfreezeWallet,
  FreezeUnits: Freezing.FreezeUnits,
  UnfreezeUnits: Freezing.UnfreezeUnits,
  SignInvestment,
  AmendInvestment,
  AddSignedDocuments,
  DecideReview,
  RejectInvestment,
  CancelInvestment,
  EnforcePaymentDeadline,
  RequestCredit,
  SubmitCredit,
  SettleCredit,
  ResolveCredit,
  RequestRedemption: Redemption.RequestRedemption,
  RedeemCrypto: Redemption.RedeemCrypto,
  SubmitRedemption: Redemption.SubmitRedemption,
  SettleRedemption: Redemption.SettleRedemption,
  ResolveRedemption: Redemption.ResolveRedemption,
  RequestTransfer: Transfer.RequestTransfer,
  ForceTransfer: Transfer.ForceTransfer,
  SubmitTransfer: Transfer.SubmitTransfer,
  SettleTransfer: Transfer.SettleTransfer,
  ResolveTransfer: Transfer.ResolveTransfer,
  IssueStatement: Statement.IssueStatement,
  ReverseChange: Reversal.ReverseChange,
  SubmitReversal: Reversal.SubmitReversal,
  SettleReversal: Reversal.SettleReversal,
  ResolveReversal: Reversal.ResolveReversal
} as const

/**
 * The decision models of each kind that a command reads, by the ids in their tags. How a model folds does not depend on its ids; how it
 * begins may.
 *
 * @category decision models
 */
export const models: ReadonlyArray<(...ids: ReadonlyArray<never>) => Model<unknown>> = [
  () => Policy.model,
  Platform.model,
  Platform.issuer,
  Product.model,
  Terms.versions,
  Campaign.model,
  Campaign.ofProduct,
  Campaign.used,
  Investor.model,
  Investor.waitingSubscriptions,
  Investor.subscriptions,
  LegalHold.ofInvestor,
  Document.model,
  Document.references,
  Wallet.model,
  Wallet.ofInvestor,
  Wallet.unitsIn,
  Wallet.atAddress,
  Freezing.ofWallet,
  Investment.model,
  Statement.ofInvestment,
  Holding.model,
  Redemption.model,
  Transfer.model,
  Reversal.ofInvestment,
  Reversal.ofRedemption,
  Reversal.ofTransfer
]

/** @category models */
export type Operation = keyof typeof all

/** The non-personal members of a command. @category models */
export type Input<O extends Operation> = (typeof all)[O]["input"]["Type"]

/** The personal members of a command, `{}` where it has none. @category models */
export type Personal<O extends Operation> =
  NonNullable<(typeof all)[O]["personal"]> extends Schema.Struct<infer F> ? Schema.Struct.Type<F> : never

type CommandOf<O extends Operation> = keyof Personal<O> extends never
  ? { readonly operation: O; readonly input: Input<O> }
  : { readonly operation: O; readonly input: Input<O>; readonly personal?: Personal<O> }

/** A command to be decided. @category models */
export type Command = { readonly [O in Operation]: CommandOf<O> }[Operation]

/** Commands by their operations: those of the register, or those of a test. @category models */
export type Table = { readonly [O in Operation]: Definition<O, any, any> }

/** By the rules of today, or by those of another version. @category computing */
export const decide = (
  command: Command,
  context: DecisionContext,
  options: { readonly rules?: number | undefined; readonly table?: Table } = {}
): Decision => {
  const { table = all, rules } = options
  const definition: Definition<string, any, any> = table[command.operation]
  const today = rulesOf(definition)
  if (rules !== undefined && rules > today) throw new NewerRules(command.operation, rules, today)
  const decision = rules === undefined || rules === today ? definition.decide : definition.formerly[rules - 1]!
  return decision(command.input, "personal" in command ? command.personal : undefined, context)
}

/** The version of the rules that is recorded with an instruction: none for the first, so that its events keep their bytes. @category computing */
export const recordedRules = ({ operation }: Pick<Command, "operation">, table: Table = all): number | undefined => {
  const rules = rulesOf(table[operation])
  return rules === 1 ? undefined : rules
}

/** Whether a name is that of an operation. @category predicates */
export const isOperation = (name: string): name is Operation => Object.hasOwn(all, name)

/** The command an instruction was, without its personal members, from its events. @category running */
export const recall = (operation: Operation, events: ReadonlyArray<RecordedDomainEvent>, table: Table = all): Command =>
  ({ operation, input: table[operation].recall(events) }) as Command

/** What a refused instruction leaves in the log. @category computing */
export const eventOfRefusal = (command: Command, refusal: Refusal): DomainEvent =>
  InstructionRejected.make({
    code: refusal.code,
    details: refusal.details,
    input: { ...command.input },
    inputVersion: inputVersionOf(all[command.operation])
  })

/** What an instruction that changed nothing leaves in the log. @category computing */
export const eventOfNoChange = (command: Command): DomainEvent =>
  InstructionNoted.make({ input: { ...command.input }, inputVersion: inputVersionOf(all[command.operation]) })
