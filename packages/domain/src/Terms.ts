/**
 * Terms of a product, deposited as documents with versions (eWpG § 5, eWpRV § 4). For the issuer, and for readers that ask which terms stood
 * when. Deposited terms are public: they must never hold a person, and nobody erases them.
 */
import * as Command from "./Command.ts"
import { decisionModel, read, refuse } from "./Decision.ts"
import { documentPersonal, DocumentUploaded } from "./events/DocumentEvents.ts"
import { TermsDeposited } from "./events/PlatformEvents.ts"
import { DocumentId, ProductId } from "./Id.ts"
import * as Product from "./Product.ts"
import * as Tag from "./Tag.ts"
import { Digest } from "./Text.ts"
import * as Units from "./Units.ts"

/** How many versions of its terms a product has. @category decision models */
export const versions = (id: ProductId) =>
  decisionModel({
    name: "Terms",
    types: ["TermsDeposited"],
    tags: [Tag.product(id)],
    initial: 0,
    evolve: (_state: Units.UnitCount, { data }) => data.version
  })

/**
 * The next version of the terms. Its content is stored as that of any document, and is recorded with it in one append. The same content again
 * is a version of its own: the issuer says when terms stand anew.
 *
 * @category commands
 */
export const DepositTerms = Command.make("DepositTerms", {
  /** `digest` is the SHA-256 of the content, `sealed` that of the ciphertext; `size` is the content's length in bytes. */
  input: { productId: ProductId, documentId: DocumentId, digest: Digest, sealed: Digest, size: Units.UnitCount },
  personal: documentPersonal,
  *decide({ productId, documentId, digest, sealed, size }, personal) {
    if ((yield* read(Product.model(productId))) === undefined) return yield* refuse({ code: "product_not_found" })
    const version = Units.Units.make((yield* read(versions(productId))) + 1)
    return [
      DocumentUploaded.make({ documentId, digest: sealed, size }, personal),
      TermsDeposited.make({ productId, version, documentId, digest })
    ]
  },
  recall: (events) => {
    const { version: _version, ...deposited } = Command.recorded(events, "TermsDeposited")
    const { digest: sealed, size } = Command.recorded(events, "DocumentUploaded")
    return { ...deposited, sealed, size }
  }
})
