/**
 * Documents: files that a platform uploaded and that investors and investments refer to. For platforms. Their content is in the vault;
 * never put it into an event.
 */
import { Schema } from "effect"
import type { Recorded } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { decisionModel, read, refuse, type Read, type Refuse } from "./Decision.ts"
import { DocumentUploaded, documentPersonal } from "./events/DocumentEvents.ts"
import { DocumentId, type InvestorId, type PlatformId } from "./Id.ts"
import { maximumNamedDocuments } from "./Policy.ts"
import * as Tag from "./Tag.ts"
import { Digest } from "./Text.ts"
import { UnitCount } from "./Units.ts"
import { platformOf } from "./Visibility.ts"

/** @category models */
export interface State {
  readonly id: DocumentId
  readonly platform: PlatformId | null
  /** Bytes of the content. */
  readonly size: UnitCount
  /** Nothing personal of it is shown any more, and nothing can refer to it. */
  readonly erased: boolean
  /** It holds the terms of a product: nothing else refers to it, and it stays. */
  readonly deposited: boolean
}

/** Raised when the same events come to mean another state: a stored state of another version is folded again. @category values */
export const stateVersion = 3

/** @category values */
export const types = ["DocumentUploaded", "TermsDeposited", "DocumentErased"] as const

/** The document after one more of its events. @category computing */
export const after = (document: State | undefined, event: Recorded<(typeof types)[number]>): State | undefined => {
  switch (event.type) {
    case "DocumentUploaded": {
      const { documentId, size } = event.data
      return { id: documentId, platform: platformOf(event.meta), size, erased: false, deposited: false }
    }
    case "TermsDeposited":
      return document && { ...document, deposited: true }
    case "DocumentErased":
      return document && { ...document, erased: true }
  }
}

/** Whether a document is present, and whose. @category decision models */
export const model = (id: DocumentId) =>
  decisionModel({
    name: "Document",
    types: types,
    tags: [Tag.document(id)],
    initial: undefined,
    evolve: after
  })

const nobody: ReadonlyArray<InvestorId> = []

/** The investors that refer to a document, each once, living or erased. @category decision models */
export const references = (id: DocumentId) =>
  decisionModel({
    name: "References",
    version: 3,
    types: [
      "InvestorRegistered",
      "InvestorAmended",
      "IdentificationRecorded",
      "InvestmentSigned",
      "SignedDocumentsAdded"
    ],
    tags: [Tag.document(id)],
    initial: nobody,
    evolve: (state: ReadonlyArray<InvestorId>, { data }) =>
      state.includes(data.investorId) ? state : [...state, data.investorId]
  })

/**
 * Documents a request names. The schema lets in more documents than a decision accepts, so that the refusal has its code. An event that
 * records the refusal still stays below the limit of a body.
 *
 * @category schemas
 */
export const Named = Schema.Array(DocumentId).check(Schema.isMaxLength(maximumNamedDocuments))

/** None named twice; each present, not erased, no deposited terms, and uploaded by that platform. @category predicates */
export function* check(
  ids: ReadonlyArray<DocumentId>,
  platform: PlatformId | null
): Generator<Read | Refuse, void, any> {
  if (new Set(ids).size < ids.length) yield* refuse({ code: "document_repeated" })
  for (const id of ids) {
    const document = yield* read(model(id))
    const isFree = document !== undefined && !document.erased && !document.deposited
    if (!isFree || document.platform !== platform) yield* refuse({ code: "document_not_found" })
  }
}

/** @category commands */
export const UploadDocument = Command.make("UploadDocument", {
  /** `digest`: SHA-256 of the ciphertext; `size`: the content's length in bytes. */
  input: { documentId: DocumentId, digest: Digest, size: UnitCount },
  personal: documentPersonal,
  *decide(input, personal) {
    return [DocumentUploaded.make(input, personal)]
  },
  recall: (events) => Command.recorded(events, "DocumentUploaded")
})
