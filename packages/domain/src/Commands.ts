/**
 * Every command of the register by its operation. For the registrar, for replays, and for lists of the commands.
 */
import type { Schema } from "effect"
import { AmendInvestment } from "./Amendment.ts"
import { CloseCampaign, OpenCampaign } from "./Campaign.ts"
import type { DomainEvent, RecordedDomainEvent } from "./Catalogue.ts"
import { type Definition, inputVersionOf, NewerRules, rulesOf } from "./Command.ts"
import { RequestCredit, ResolveCredit, SettleCredit, SubmitCredit } from "./Crediting.ts"
import type { Decision, DecisionContext } from "./Decision.ts"
import { UploadDocument } from "./Document.ts"
import { CancelInvestment, EnforcePaymentDeadline, RejectInvestment } from "./Ending.ts"
import { InstructionNoted, InstructionRejected } from "./events/InstructionEvents.ts"
import { EraseDocument, EraseInvestor } from "./Erasure.ts"
import { RecordIdentification, RegisterInvestor } from "./Investor.ts"
import { PlaceLegalHold, ReleaseLegalHold } from "./LegalHold.ts"
import { RegisterIssuer, RegisterPlatform } from "./Platform.ts"
import { SeedPolicy, SetPolicy } from "./Policy.ts"
import { DelistProduct, ListProduct, RegisterProduct } from "./Product.ts"
import { RequestRedemption, ResolveRedemption, SettleRedemption, SubmitRedemption } from "./Redemption.ts"
import type { Refusal } from "./Refusal.ts"
import { SignInvestment } from "./Signing.ts"
import { RegisterGenericWallet, RegisterManagedWallet } from "./Wallet.ts"

/** @category values */
export const all = {
  SeedPolicy,
  SetPolicy,
  RegisterPlatform,
  RegisterIssuer,
  RegisterProduct,
  ListProduct,
  DelistProduct,
  OpenCampaign,
  CloseCampaign,
  RegisterInvestor,
  RecordIdentification,
  EraseInvestor,
  PlaceLegalHold,
  ReleaseLegalHold,
  UploadDocument,
  EraseDocument,
  RegisterManagedWallet,
  RegisterGenericWallet,
  SignInvestment,
  AmendInvestment,
  RejectInvestment,
  CancelInvestment,
  EnforcePaymentDeadline,
  RequestCredit,
  SubmitCredit,
  SettleCredit,
  ResolveCredit,
  RequestRedemption,
  SubmitRedemption,
  SettleRedemption,
  ResolveRedemption
} as const

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
