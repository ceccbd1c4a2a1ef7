/**
 * The form that a document is uploaded in. For the client.
 */
import { type Api, type CommandFailure, maximumDocumentSize, Rejection, Unavailable } from "@effekten/services"
import { Effect, Random, Stream } from "effect"
import { joined } from "./ClientBounds.ts"

/** A body, and the media type that it is sent as. @category models */
export interface Form {
  readonly body: Uint8Array
  readonly contentType: string
}

/**
 * The form of a file (RFC 7578), its name escaped as browsers do. A content that comes piece by piece is gathered first: every attempt has to
 * send the same bytes.
 *
 * @category conversions
 */
export const formOf = Effect.fnUntraced(function* ({ content, fileName, mediaType }: Api.UploadDocument) {
  const pieces = content instanceof Uint8Array ? [content] : yield* gathered(content)
  const boundary = yield* newBoundary
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${escaped(fileName)}"\r\nContent-Type: ${mediaType}\r\n\r\n`
  const encoder = new TextEncoder()
  const body = joined([encoder.encode(head), ...pieces, encoder.encode(`\r\n--${boundary}--\r\n`)])
  return { body, contentType: `multipart/form-data; boundary=${boundary}` } satisfies Form
})

/** No content has it by accident. */
const newBoundary = Effect.map(
  Effect.all([Random.nextInt, Random.nextInt, Random.nextInt]),
  (drawn) => `effekten-${drawn.map((each) => Math.abs(each).toString(36)).join("")}`
)

const escapes: { readonly [character: string]: string } = { '"': "%22", "\r": "%0D", "\n": "%0A" }
const escaped = (name: string): string => name.replace(/["\r\n]/g, (character) => escapes[character]!)

const gathered = (content: Stream.Stream<Uint8Array, unknown>): Effect.Effect<Array<Uint8Array>, CommandFailure> =>
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
