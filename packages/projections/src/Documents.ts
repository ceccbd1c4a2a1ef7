/**
 * Uploaded documents of a platform. For the registrar's reads.
 */
import {
  documentAfter,
  type DocumentId,
  type DocumentState as DecidedDocument,
  documentTag,
  documentTypes
} from "@effekten/domain"
import { type Created, createdWithPersonal, entity, withAdded, type WithPersonal } from "./Entity.ts"
import type { Projection } from "./Projection.ts"

/** A document without its name, media type and the digest of its content, which are personal. @category models */
export interface DocumentState extends DecidedDocument, Created, WithPersonal {}

/** Keyed by document, listed by platform. @category projections */
export const documents: Projection<DocumentState> = entity({
  name: "documents",
  version: 2,
  types: documentTypes,
  key: (event) => event.data.documentId,
  evolve: withAdded(documentAfter, createdWithPersonal),
  scope: (state) => state.platform ?? "",
  subject: (state) => documentTag(state.id),
  query: (key) => [{ types: documentTypes, tags: [documentTag(key as DocumentId)] }]
})
