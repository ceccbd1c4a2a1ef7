/**
 * Statements of the register about an investment (eWpG § 19). For platforms, which hand them to the investor, and for the registrar's side. The
 * register issues them by itself after an entry, at each change and once a year; a platform asks for one more.
 */
import { Id, Statement, Timestamp, Units } from "@effekten/domain"
import { Context, Schema } from "effect"
import * as Answer from "./Answer.ts"
import { answer } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { listed } from "./Shape.ts"
import { wire } from "./Wire.ts"

const issued = {
  id: Id.StatementId,
  investmentId: Id.InvestmentId,
  cause: listed(Statement.Cause),
  /** The position that caused it, the year, or the statement itself where it was asked for. */
  about: Schema.String,
  /** The position of the log up to which it tells. */
  asOf: Units.Units,
  /** The version of the form: statements of one version have one form. */
  renderer: Units.Units,
  createdAt: Timestamp.Timestamp
}

/** That a statement was issued, and for what. @category models */
export const RegistryStatement = answer("RegistryStatement", issued)
export type RegistryStatement = typeof RegistryStatement.Type

/** @category schemas */
export const registryStatementAnswer = Answer.first("RegistryStatement", RegistryStatement)

/** That the statement is in the log (RFC 6962): the way from its leaf to the first kept checkpoint that covers it. */
const proof = wire({
  /** The body of the event, byte for byte: its hash is the leaf, and it names the statement. */
  event: Schema.String,
  /** Of the leaf; its index is one less. */
  position: Units.Units,
  /** A signed note. */
  checkpoint: Schema.String,
  /** Hashes in Base64, deepest first. */
  path: Schema.Array(Schema.String)
})

/** A statement with what it says. @category models */
export const RegistryStatementContent = answer("RegistryStatementContent", {
  ...issued,
  /** For a person. */
  text: Schema.String,
  /** The same as canonical JSON (RFC 8785), for a program. */
  content: Schema.String,
  /** Null until a checkpoint covers it. */
  proof: Schema.NullOr(proof)
})
export type RegistryStatementContent = typeof RegistryStatementContent.Type

/** @category schemas */
export const registryStatementContentAnswer = Answer.first("RegistryStatementContent", RegistryStatementContent)

/** @category services */
export class RegistryStatements extends Resource.Served<RegistryStatements>()(
  "effekten/services/RegistryStatements",
  "registry-statements",
  {
    /** Tells the register as it is now. Each request is a statement of its own. */
    create: Operation.bare({
      operation: "IssueStatement",
      route: "POST /v2/investments/:id/registry-statements/",
      scope: "investments:write",
      ids: [Id.InvestmentId],
      answer: registryStatementAnswer,
      refusals: ["investment_not_found", "investor_erased", "not_a_crypto_security", "statement_not_due"],
      summary: "Ask for a statement of the register"
    }),
    list: Operation.list({
      reading: "ListRegistryStatements",
      route: "GET /v2/investments/:id/registry-statements/",
      scope: "investments:read",
      ids: [Id.InvestmentId],
      answer: registryStatementAnswer,
      refusals: ["investment_not_found"],
      summary: "List statements of the register"
    }),
    /** The same bytes forever, until the investor is erased: then what is personal reads `erased`. */
    get: Operation.read({
      reading: "GetRegistryStatement",
      route: "GET /v2/investments/:id/registry-statements/:statement/",
      scope: "investments:read",
      ids: [Id.InvestmentId, Id.StatementId],
      answer: registryStatementContentAnswer,
      text: "text",
      refusals: ["investment_not_found", "statement_not_found"],
      summary: "Read a statement of the register"
    })
  }
) {}

/**
 * The same for the registrar's side: statements about the investments of any platform. Never reached through the distribution API.
 *
 * @category services
 */
export class RegistrarStatements extends Context.Service<
  RegistrarStatements,
  Operation.Methods<(typeof RegistryStatements)["resource"]["operations"]>
>()("effekten/services/RegistrarStatements") {}
