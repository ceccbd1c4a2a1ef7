/**
 * Documents: uploaded once, then referred to by id. For platforms.
 */
import { DocumentId, NonEmptyText, Text, Timestamp } from "@effekten/domain"
import { Context, type Effect, Schema } from "effect"
import type { CommandFailure, ReadFailure } from "./Failure.ts"
import type { CommandOptions } from "./Instruction.ts"
import type { Page, PageOptions } from "./Page.ts"
import { erasable, wire } from "./Wire.ts"

/** Bytes of a document at the most: 25 MiB. @category limits */
export const maximumDocumentSize = 25 * 1024 * 1024

/** A file. Its content is taken as it is, whatever the media type says. @category inputs */
export const UploadDocument = Schema.Struct({
  fileName: NonEmptyText,
  mediaType: NonEmptyText,
  content: Schema.Uint8Array
})
export type UploadDocument = typeof UploadDocument.Type

/** @category models */
export const Document = wire({
  id: DocumentId,
  fileName: erasable(Text),
  mediaType: erasable(Text),
  /** Bytes. */
  size: Schema.Int,
  /** SHA-256 of the content, lower-case hexadecimal. */
  sha256: erasable(Schema.String),
  createdAt: Timestamp
})
export type Document = typeof Document.Type

/** @category services */
export class Documents extends Context.Service<
  Documents,
  {
    readonly upload: (input: UploadDocument, options?: CommandOptions) => Effect.Effect<Document, CommandFailure>
    readonly get: (id: DocumentId) => Effect.Effect<Document, ReadFailure>
    readonly list: (page?: PageOptions) => Effect.Effect<Page<Document>, ReadFailure>
  }
>()("effekten/services/Documents") {}
