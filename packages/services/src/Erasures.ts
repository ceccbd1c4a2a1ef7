/**
 * What a person may ask of the register about their data: erasure and disclosure. For the registrar's side; never reached through the
 * distribution API.
 */
import { Events, Id, Timestamp } from "@effekten/domain"
import { Context, type Effect, Schema } from "effect"
import type { ReadFailure } from "./Failure.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { Erased, wire } from "./Wire.ts"

/** @category services */
export class Erasures extends Resource.Service<Erasures>()("effekten/services/Erasures", "erasures", {
  /**
   * Forgets an investor forever (GDPR Art. 17), and each document that no other living investor refers to. When it returns, the keys and
   * ciphertexts are gone. Refused while the investor holds units (`investor_holds_units`), units are on their way to them
   * (`investor_has_tasks_in_flight`), or subscriptions are neither ended nor delivered (`investor_has_open_investments`). Refused while a legal hold stands (`legal_hold`), or a duty to keep the data runs
   * (`retention_running`). `until` in the details is the instant from which it is granted, if nothing else happens. It is missing where
   * only the release of a hold can end the waiting. Forgetting again changes nothing.
   */
  investor: Operation.command({
    operation: "EraseInvestor",
    ids: [Id.InvestorId],
    input: Events.ErasureGround,
    refusals: [
      "investor_has_open_investments",
      "investor_has_tasks_in_flight",
      "investor_holds_units",
      "investor_not_found",
      "legal_hold",
      "retention_running"
    ],
    summary: "Forget an investor",
    example: "request"
  }),
  /** Forgets a document that no living investor refers to; else `document_in_use`. Deposited terms stay: `terms_deposited`. */
  document: Operation.bare({
    operation: "EraseDocument",
    ids: [Id.DocumentId],
    refusals: ["document_in_use", "document_not_found", "terms_deposited"],
    summary: "Forget a document"
  })
}) {}

/** One thing that was recorded about a person, as it was sent. @category models */
export const DisclosedEntry = wire({
  /** `investor:…`, or `document:…` for what is known of one of their documents. */
  subject: Schema.String,
  /** The event that recorded it, `InvestorRegistered` for example. */
  type: Schema.String,
  recordedAt: Timestamp.Timestamp,
  personal: Schema.Union([Schema.JsonObject, Erased])
})
export type DisclosedEntry = typeof DisclosedEntry.Type

/** Everything personal the register holds of an investor, oldest first. @category models */
export const Disclosure = wire({
  investorId: Id.InvestorId,
  erased: Schema.Boolean,
  entries: Schema.Array(DisclosedEntry)
})
export type Disclosure = typeof Disclosure.Type

/** @category services */
export class Disclosures extends Context.Service<
  Disclosures,
  {
    /** What is known of an investor (GDPR Art. 15): the personal part of every event about them, and of the documents they refer to. */
    readonly investor: (id: Id.InvestorId) => Effect.Effect<Disclosure, ReadFailure>
  }
>()("effekten/services/Disclosures") {}
