/**
 * Documents: uploaded once, then referred to by id. For platforms.
 */
import { Id, Text, Timestamp } from "@effekten/domain"
import { Schema, SchemaGetter, Stream } from "effect"
import * as Answer from "./Answer.ts"
import { answer, personal } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"

/** Bytes of a document at most: 25 MiB. @category values */
export const maximumDocumentSize = 25 * 1024 * 1024

/** A content that comes piece by piece. It is read once; its failure is the upload's. */
const Pieces = Schema.declare((value): value is Stream.Stream<Uint8Array, unknown> => Stream.isStream(value), {
  toCodecArbitrary: () =>
    Schema.link<Stream.Stream<Uint8Array, unknown>>()(Schema.Array(Schema.Uint8Array), {
      decode: SchemaGetter.transform((pieces) => Stream.fromIterable(pieces)),
      encode: SchemaGetter.forbiddenEncoding
    })
})

/**
 * A file: bytes, or a `Stream` of them, which the register stores as it comes. They are taken as they are, whatever the media type says.
 *
 * @category schemas
 */
export const UploadDocument = Schema.Struct({
  fileName: Text.NonEmpty,
  mediaType: Text.NonEmpty,
  content: Schema.Union([Schema.Uint8Array, Pieces])
})
export type UploadDocument = typeof UploadDocument.Type

/**
 * What the fingerprint of an upload is taken of: name, media type, and the SHA-256 of the bytes in lower-case hexadecimal. The boundary
 * between the parts of a body is no part of it.
 *
 * @category conversions
 */
export const uploadBody = (
  { fileName, mediaType }: Pick<UploadDocument, "fileName" | "mediaType">,
  sha256: string
) => ({
  file_name: fileName,
  media_type: mediaType,
  sha256
})

/** @category models */
export const Document = answer("Document", {
  id: Id.DocumentId,
  fileName: personal(Text.Text),
  mediaType: personal(Text.Text),
  /** Bytes. */
  size: Schema.Int,
  /** SHA-256 of the content, lower-case hexadecimal. */
  sha256: personal(Schema.String),
  createdAt: Timestamp.Timestamp
})
export type Document = typeof Document.Type

/** @category schemas */
export const documentAnswer = Answer.first("Document", Document)

/** @category services */
export class Documents extends Resource.Served<Documents>()("effekten/services/Documents", "documents", {
  upload: Operation.command({
    operation: "UploadDocument",
    route: "POST /v2/documents/",
    scope: "documents:write",
    ids: [],
    input: UploadDocument,
    body: "file",
    answer: documentAnswer,
    refusals: [],
    summary: "Upload a document",
    example: { fileName: "protocol.pdf", mediaType: "application/pdf", content: new Uint8Array() }
  }),
  list: Operation.list({
    reading: "ListDocuments",
    route: "GET /v2/documents/",
    scope: "documents:write",
    ids: [],
    answer: documentAnswer,
    refusals: [],
    summary: "List documents"
  }),
  get: Operation.read({
    reading: "GetDocument",
    route: "GET /v2/documents/:id/",
    scope: "documents:write",
    ids: [Id.DocumentId],
    answer: documentAnswer,
    refusals: ["document_not_found"],
    summary: "Read what is known of a document"
  })
}) {}
