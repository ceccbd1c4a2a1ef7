/**
 * The form that a document is uploaded in. For the client.
 */
import { type Api, type CommandFailure, maximumDocumentSize, Rejection, Unavailable } from "@effekten/services"
import { Effect, Stream } from "effect"

/** The form of a file. A content that comes piece by piece is gathered first: every attempt has to send the same bytes. @category conversions */
export const formOf = Effect.fnUntraced(function* ({ content, fileName, mediaType }: Api.UploadDocument) {
  const pieces = content instanceof Uint8Array ? [content.slice()] : yield* gathered(content)
  const form = new FormData()
  form.append("file", new Blob(pieces, { type: mediaType }), fileName)
  return form
})

const gathered = (
  content: Stream.Stream<Uint8Array, unknown>
): Effect.Effect<Array<Uint8Array<ArrayBuffer>>, CommandFailure> =>
  Effect.suspend(() => {
    let size = 0
    return content.pipe(
      Stream.mapError(
        (cause) =>
          new Unavailable({ executed: "no", message: "The document's content could not be read to its end.", cause })
      ),
      Stream.mapEffect((piece) =>
        (size += piece.length) > maximumDocumentSize ? Effect.fail(tooLarge) : Effect.succeed(Uint8Array.from(piece))
      ),
      Stream.runCollect
    )
  })

const tooLarge = new Rejection({
  code: "payload_too_large",
  status: 413,
  message: `A document has at most ${maximumDocumentSize} bytes.`
})
