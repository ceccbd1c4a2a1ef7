/**
 * Deposited terms of an issuer's products, through the API: the next version, and what was deposited. For clients of issuers.
 */
import { Id } from "@effekten/domain"
import { UploadDocument } from "./Documents.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { depositedTermsAnswer } from "./TermsDeposits.ts"

/** @category services */
export class IssuedTerms extends Resource.Served<IssuedTerms>()("effekten/services/IssuedTerms", "issued-terms", {
  /** The next version. The same content again is a version of its own. */
  deposit: Operation.command({
    operation: "DepositTerms",
    route: "POST /issuer/v2/products/:id/terms/",
    scope: "products:write",
    ids: [Id.ProductId],
    input: UploadDocument,
    body: "file",
    answer: depositedTermsAnswer,
    refusals: ["product_not_found"],
    summary: "Deposit the terms of a product",
    description: "They are public and stay: never deposit what names a person.",
    example: { fileName: "terms.pdf", mediaType: "application/pdf", content: new Uint8Array() }
  }),
  list: Operation.list({
    reading: "ListIssuedTerms",
    route: "GET /issuer/v2/products/:id/terms/",
    scope: "products:read",
    ids: [Id.ProductId],
    answer: depositedTermsAnswer,
    refusals: ["product_not_found"],
    summary: "List the versions of the terms of a product"
  })
}) {}
