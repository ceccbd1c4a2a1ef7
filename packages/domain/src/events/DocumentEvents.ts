/**
 * Facts about documents. For readers of the log. The body must keep only the digest of the ciphertext: a digest of the content would
 * outlive an erasure.
 */
import { define } from "../Event.ts"
import { DocumentId } from "../Id.ts"
import * as Tag from "../Tag.ts"
import { Digest, Text } from "../Text.ts"
import { UnitCount } from "../Units.ts"

/** `digest` is the SHA-256 of the content. @category schemas */
export const documentPersonal = { fileName: Text, mediaType: Text, digest: Digest }

export const DocumentUploaded = define("DocumentUploaded", {
  /** `digest` is the SHA-256 of the ciphertext, `size` its content's length in bytes. */
  data: { documentId: DocumentId, digest: Digest, size: UnitCount },
  personal: { fields: documentPersonal, subject: (data) => Tag.document(data.documentId) },
  tags: (data) => [Tag.document(data.documentId)]
})

/** From its position on no command can refer to the document; its key, name and content are destroyed a moment later. */
export const DocumentErased = define("DocumentErased", {
  data: { documentId: DocumentId },
  tags: (data) => [Tag.document(data.documentId)]
})
