/**
 * Deposited terms of products: documents with versions (eWpG § 5, eWpRV § 4). For the issuer, and for readers that ask which terms stood when.
 * They are public and stay: never deposit what names a person.
 */
import { Id, Timestamp, Units } from "@effekten/domain"
import { Context, type Effect, Schema, type Stream } from "effect"
import * as Answer from "./Answer.ts"
import { UploadDocument } from "./Documents.ts"
import type { ReadFailure } from "./Failure.ts"
import { answer } from "./Member.ts"
import * as Operation from "./Operation.ts"

/** A version of the terms of a product. @category models */
export const DepositedTerms = answer("DepositedTerms", {
  productId: Id.ProductId,
  /** From 1 on, within the product. */
  version: Units.Units,
  documentId: Id.DocumentId,
  /** SHA-256 of the content, lower-case hexadecimal, as the log has it. */
  sha256: Schema.String,
  createdAt: Timestamp.Timestamp
})
export type DepositedTerms = typeof DepositedTerms.Type

/** @category schemas */
export const depositedTermsAnswer = Answer.first("DepositedTerms", DepositedTerms)

/** @category models */
export const termsOperations = {
  /** The next version. The same content again is a version of its own. */
  deposit: Operation.command({
    operation: "DepositTerms",
    ids: [Id.ProductId],
    input: UploadDocument,
    body: "file",
    answer: depositedTermsAnswer,
    refusals: ["product_not_found"],
    summary: "Deposit the terms of a product",
    example: { fileName: "terms.pdf", mediaType: "application/pdf", content: new Uint8Array() }
  }),
  list: Operation.list({
    reading: "ListTerms",
    ids: [Id.ProductId],
    answer: depositedTermsAnswer,
    refusals: ["product_not_found"],
    summary: "List the versions of the terms of a product"
  })
}

/** @category services */
export class TermsDeposits extends Context.Service<
  TermsDeposits,
  Operation.Methods<typeof termsOperations> & {
    /** What was deposited, in its bytes. That it is all of it is known at its end. Fails with `document_not_found` where there is none. */
    readonly content: (
      product: Id.ProductId,
      version: Units.Units
    ) => Effect.Effect<Stream.Stream<Uint8Array, ReadFailure>, ReadFailure>
  }
>()("effekten/services/TermsDeposits") {}
