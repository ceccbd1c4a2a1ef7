/**
 * Facts about statements of the register. For readers of the log. No event holds what a statement says, or a digest of it: that would outlive
 * an erasure.
 */
import { Schema } from "effect"
import { define } from "../Event.ts"
import { InvestmentId, StatementId } from "../Id.ts"
import * as Tag from "../Tag.ts"
import { Units } from "../Units.ts"

/** Why a statement is issued (eWpG § 19): the first entry, a later change, a year that began, or because the investor asks. @category schemas */
export const StatementCause = Schema.Literals(["entry", "change", "yearly", "request"])
export type StatementCause = typeof StatementCause.Type

/** @category schemas */
export const statement = {
  statementId: StatementId,
  investmentId: InvestmentId,
  cause: StatementCause,
  /** What caused it: the position of an entry or a change, a year, or the statement itself where it was asked for. */
  about: Schema.String.check(Schema.isPattern(/^[0-9A-Za-z_-]{1,64}$/, { expected: "a position, a year or an id" })),
  /** The position up to which the log is told. */
  asOf: Units,
  /** The version of the renderer: it makes the same bytes again. */
  renderer: Units
}

export const RegistryStatementIssued = define("RegistryStatementIssued", {
  data: statement,
  tags: (data) => [Tag.investment(data.investmentId)]
})
