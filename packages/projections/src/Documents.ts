/**
 * Uploaded documents of a platform. For the registrar's reads.
 */
import { documentTag, type DocumentId, type PlatformId, type Timestamp } from "@effekten/domain"
import { personalPosition, recordedAt, type Projection } from "./Projection.ts"

/** A document without its name, media type and the digest of its content, which are personal. @category models */
export interface DocumentState {
  readonly id: DocumentId
  readonly platform: PlatformId | null
  /** Bytes of the content. */
  readonly size: number
  readonly createdAt: Timestamp
  /** Nothing personal of it is shown any more. */
  readonly erased: boolean
  readonly personalAt: ReadonlyArray<number>
}

/** Keyed by document, listed by platform. @category projections */
export const documents: Projection<DocumentState> = {
  name: "documents",
  version: 2,
  types: ["DocumentUploaded", "DocumentErased"],
  keys: (event) =>
    event.type === "DocumentUploaded" || event.type === "DocumentErased" ? [event.data.documentId] : [],
  evolve(state, event) {
    if (event.type === "DocumentErased") return state && { ...state, erased: true }
    if (event.type !== "DocumentUploaded") return state
    return {
      id: event.data.documentId,
      platform: event.meta.platform ?? null,
      size: event.data.size,
      createdAt: recordedAt(event),
      erased: false,
      personalAt: personalPosition(event)
    }
  },
  scope: (state) => state.platform ?? "",
  subject: (state) => documentTag(state.id),
  query: (key) => [{ types: documents.types, tags: [documentTag(key as DocumentId)] }]
}
