/**
 * Reversals of entries in the register, on a legal basis. For the registrar's side; never reached through the distribution API.
 *
 * The wrong entry stays. A reversal is work for the ledger, as the entry was: it takes its time, and may fail.
 */
import { Basis, type Events, Id, TaskStatus, Text, Timestamp, Units } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { answer, input, optional, personal, plain } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { listed } from "./Shape.ts"

/** What can be reversed. @category schemas */
export const ReversibleKind = Schema.Literals(["credit", "redemption", "transfer"])
export type ReversibleKind = typeof ReversibleKind.Type

/** The id of a redemption or a transfer; of a credit that of its investment. @category schemas */
export const ReversibleId = Schema.Union([Id.InvestmentId, Id.RedemptionId, Id.TransferId])
export type ReversibleId = typeof ReversibleId.Type

/** The change that two ids of a path name. @category conversions */
export const changeOf = (kind: ReversibleKind, id: string): Events.Change => {
  switch (kind) {
    case "credit":
      return { kind, id: Id.InvestmentId.make(id) }
    case "redemption":
      return { kind, id: Id.RedemptionId.make(id) }
    case "transfer":
      return { kind, id: Id.TransferId.make(id) }
  }
}

/** @category models */
export const Reversal = answer("Reversal", {
  id: Id.ReversalId,
  kind: listed(ReversibleKind),
  /** Of the change: a credit is named by its investment. */
  changeId: ReversibleId,
  productId: Id.ProductId,
  units: Units.Units,
  basis: listed(Basis.Basis),
  status: listed(TaskStatus.TaskStatus),
  createdAt: Timestamp.Timestamp
})
export type Reversal = typeof Reversal.Type

/** @category schemas */
export const reversalAnswer = Answer.first("Reversal", Reversal)

/** @category schemas */
export const ReverseChange = input("ReverseChange", {
  /** Only a transfer can be reversed in part. Default: all that is left of it. */
  units: optional(plain(Units.Sent)),
  /** By whose right (eWpG § 18(1)). */
  basis: plain(Basis.Basis),
  /** Where the decision is filed. It is forgotten with the investor, and so is the note. */
  reference: optional(personal(Text.NonEmpty)),
  note: optional(personal(Text.NonEmpty))
})
export type ReverseChange = typeof ReverseChange.Type

/** What undoes an entry. @category services */
export class Reversals extends Resource.Service<Reversals>()("effekten/services/Reversals", "reversals", {
  /**
   * Asks the ledger to undo a change that was entered, on the lots that it touched. A credit takes the whole lot, a redemption gives all of it back.
   * A pause or a frozen wallet does not stop it.
   */
  request: Operation.command({
    operation: "ReverseChange",
    ids: [ReversibleKind, ReversibleId],
    input: ReverseChange,
    refusals: [
      "investment_not_found",
      "task_not_found",
      "change_not_reversible",
      "reversal_in_flight",
      "investor_erased",
      "units_moved_on",
      "units_frozen"
    ],
    summary: "Reverse a credit, a redemption or a transfer",
    answer: reversalAnswer,
    example: { basis: "court", reference: "00 AB 2/26" }
  }),
  get: Operation.read({
    reading: "GetReversal",
    ids: [ReversibleKind, ReversibleId, Id.ReversalId],
    refusals: ["task_not_found"],
    summary: "Show a reversal",
    answer: reversalAnswer
  })
}) {}
