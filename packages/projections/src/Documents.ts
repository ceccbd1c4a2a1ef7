/**
 * Uploaded documents of a platform. For the registrar's reads.
 */
import { Document, type Id, Tag } from "@effekten/domain"
import { type Created, createdWithPersonal, entity, withAdded, type WithPersonal } from "./Entity.ts"
import type { Projection } from "./Projection.ts"

/** A document without its name, media type and the digest of its content, which are personal. @category models */
export interface DocumentState extends Document.State, Created, WithPersonal {}

/** Keyed by document, listed by platform. @category projections */
export const documents: Projection<DocumentState> = entity({
  name: "documents",
  version: Document.stateVersion,
  types: Document.types,
  key: (event) => event.data.documentId,
  evolve: withAdded(Document.after, createdWithPersonal),
  scope: (state) => state.platform ?? "",
  subject: (state) => Tag.document(state.id),
  query: (key) => [{ types: Document.types, tags: [Tag.document(key as Id.DocumentId)] }]
})
