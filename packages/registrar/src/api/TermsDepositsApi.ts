/**
 * Deposited terms, embedded: stores them as documents are stored, lists and opens them. For the issuer's side.
 */
import type { Id } from "@effekten/domain"
import { Projection, FoldOne, Projections } from "@effekten/projections"
import { Api, TermsDeposits, termsOperations, Unavailable } from "@effekten/services"
import { Effect, Layer, Option, Stream } from "effect"
import { Blobs } from "../documents/Blobs.ts"
import type { Access } from "../log/Access.ts"
import { Log } from "../log/Log.ts"
import { keeping } from "./Documents.ts"
import { carries, implement, made, pages, view } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import { notFound, type Showing } from "./Showing.ts"

/** A version of the terms of a product. @category constructors */
export const terms = view(Api.depositedTermsAnswer, Projections.terms, {
  1: ({ createdAt, digest, documentId, productId, version }) => ({
    productId,
    version,
    documentId,
    sha256: digest,
    createdAt
  })
})

/** Stores a content, and records it as the next version. @category constructors */
export const depositing = (blobs: Blobs["Service"]) =>
  keeping<readonly [typeof Id.ProductId]>(blobs, ({ digest, documentId, sealed, size }, personal, [productId]) => ({
    operation: "DepositTerms",
    input: { productId, documentId, digest, sealed, size },
    personal
  }))

const opening: Access = { actor: "issuer", platform: undefined, purpose: "DownloadDocument" }

const unreadable = (error: { readonly message: string }): Unavailable =>
  new Unavailable({ executed: "no", message: error.message, cause: error })

/** @category layers */
export const layer: Layer.Layer<TermsDeposits, never, Blobs | Intake | Log | Showing> = Layer.effect(
  TermsDeposits,
  Effect.gen(function* () {
    const blobs = yield* Blobs
    const log = yield* Log
    const operations = implement(
      { key: TermsDeposits.key, operations: termsOperations },
      {
        deposit: carries(termsOperations.deposit, {
          carry: depositing(blobs),
          answers: made(terms)
        }),
        list: pages(termsOperations.list, {
          view: terms,
          scope: ([id]) => id,
          within: ([key]) => ({ projection: Projections.products, key, missing: "product_not_found" })
        })
      },
      yield* Effect.context<Intake | Showing>()
    )
    return TermsDeposits.of({
      ...operations.bind({ actor: "issuer", platform: undefined }),
      content: Effect.fnUntraced(function* (product, version) {
        const key = Projection.keyWithin(product, String(version))
        const deposited = yield* Effect.mapError(FoldOne.fold(log, Projections.terms, key), unreadable)
        if (deposited === undefined) return yield* notFound("document_not_found")
        const content = yield* Effect.mapError(blobs.get(opening, deposited.documentId), unreadable)
        // No erasure touches it: what is not there was lost.
        if (Option.isNone(content))
          return yield* unreadable({ message: `the content of the document ${deposited.documentId} is forgotten` })
        return Stream.mapError(content.value, unreadable)
      })
    })
  })
).pipe(Layer.fresh)
