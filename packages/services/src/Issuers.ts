/**
 * Issuers: what is known of them. For clients of issuers, each of its own issuer, and for the registrar, which admits them.
 */
import { Id, Person } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { BankAccount, NaturalPerson } from "./Investors.ts"
import { answer, named, optional, personal } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import type { Spellings } from "./Spellings.ts"
import { wire } from "./Wire.ts"

/** A company that issues. @category models */
export const IssuingCompany = wire(Person.LegalPerson.fields)
export type IssuingCompany = typeof IssuingCompany.Type

/** An issuer. A member that was not sent is null. @category models */
export const Issuer = answer("Issuer", {
  id: Id.IssuerId,
  /** The person that acts for it. */
  naturalPerson: optional(personal(NaturalPerson)),
  legalPerson: optional(personal(IssuingCompany)),
  /** Where it is paid. */
  bankAccount: optional(personal(BankAccount))
})
export type Issuer = typeof Issuer.Type

/** @category schemas */
export const issuerAnswer = Answer.next(
  Answer.first("Issuer", answer("Issuer1", { id: Id.IssuerId })),
  2,
  Issuer,
  (before) => ({ ...before, naturalPerson: null, legalPerson: null, bankAccount: null })
)

const atLeastOne = Schema.isMinProperties(1, { expected: "a member to set" })

/** A member that a merge patch sets, or takes away by null. */
const removable = <S extends Schema.Codec<any, any>>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const changes = {
  naturalPerson: removable(wire(Person.changesOf(Person.NaturalPerson.fields)).check(atLeastOne)),
  legalPerson: removable(wire(Person.changesOf(Person.LegalPerson.fields)).check(atLeastOne)),
  bankAccount: removable(wire(Person.changesOf(Person.BankAccount.fields)).check(atLeastOne))
}

/**
 * A JSON merge patch (RFC 7396): what it names is set, and null takes away. What is so already stays so. An object that was not known before
 * is sent whole.
 *
 * @category schemas
 */
export const AmendIssuer = named<typeof changes>("AmendIssuer", changes).check(
  Schema.isMinProperties(1, { expected: "a member to set, or null for a member to take away" })
)
export type AmendIssuer = typeof AmendIssuer.Type

/** How programs of other generations write it. */
const ofAmendment: Spellings = {
  merges: true,
  spellings: [{ member: "/bank_account", names: ["bank_account_information"] }]
}

/** What of the operation is the same for both sides. */
const amendment = {
  operation: "AmendIssuer",
  ids: [Id.IssuerId],
  input: AmendIssuer,
  reads: ofAmendment,
  answer: issuerAnswer,
  refusals: ["issuer_not_found"],
  summary: "Amend an issuer",
  example: {
    bank_account: {
      account_holder: "Muster GmbH",
      iban: "DE89370400440532013000",
      bic: "COBADEFFXXX",
      currency: "EUR"
    }
  }
} as const

/** The registrar amends any issuer, as an issuer amends itself. @category models */
export const amendIssuer = Operation.command(amendment)

/** @category services */
export class Issuers extends Resource.Served<Issuers>()("effekten/services/Issuers", "issuers", {
  list: Operation.list({
    reading: "ListOwnIssuers",
    route: "GET /issuer/v2/issuers/",
    scope: "issuers:read",
    ids: [],
    answer: issuerAnswer,
    refusals: [],
    summary: "List the issuers that the client speaks for"
  }),
  get: Operation.read({
    reading: "GetOwnIssuer",
    route: "GET /issuer/v2/issuers/:id/",
    scope: "issuers:read",
    ids: [Id.IssuerId],
    answer: issuerAnswer,
    refusals: ["issuer_not_found"],
    summary: "Read an issuer"
  }),
  amend: Operation.command({
    ...amendment,
    route: "PATCH /issuer/v2/issuers/:id/",
    scope: "issuers:write",
    key: "optional"
  })
}) {}
