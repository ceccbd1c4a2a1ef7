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
  readonly personalAt: ReadonlyArray<number>
}

/** Keyed by document, listed by platform. @category projections */
export const documents: Projection<DocumentState> = {
  name: "documents",
  version: 1,
  types: ["DocumentUploaded"],
  keys: (event) => (event.type === "DocumentUploaded" ? [event.data.documentId] : []),
  evolve(state, event) {
    if (event.type !== "DocumentUploaded") return state
    return {
      id: event.data.documentId,
      platform: event.meta.platform ?? null,
      size: event.data.size,
      createdAt: recordedAt(event),
      personalAt: personalPosition(event)
    }
  },
  scope: (state) => state.platform ?? "",
  query: (key) => [{ types: documents.types, tags: [documentTag(key as DocumentId)] }]
}
