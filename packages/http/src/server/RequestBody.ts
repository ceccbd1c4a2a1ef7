/**
 * Reading a request's body: bounded in bytes and in time, JSON or one uploaded file. For the server's handlers.
 */
import type { Json } from "@effekten/event-store"
import { Api, Checking } from "@effekten/services"
import { ByteSize, type Duration, Effect, Fiber, Result, Stream } from "effect"
import { HttpIncomingMessage, type HttpServerError, HttpServerRequest, Multipart } from "effect/http"
import { createHash } from "node:crypto"
import { Refused } from "./Exchange.ts"
import { parse } from "./JsonBody.ts"
import { Limits, maximumParts, multipartOverhead } from "./Limits.ts"

const tooLarge = (limit: number): Refused =>
  new Refused({ code: "payload_too_large", detail: `The body must not exceed ${limit} bytes.` })

const tooSlow = new Refused({
  code: "request_timeout",
  detail: "The body did not arrive in time.",
  headers: { connection: "close" }
})

const checkLength = (request: HttpServerRequest.HttpServerRequest, limit: number): Effect.Effect<void, Refused> =>
  Number(request.headers["content-length"] ?? 0) > limit ? Effect.fail(tooLarge(limit)) : Effect.void

/**
 * Gives up waiting, not reading: a reader that is interrupted takes the socket along, and with it the answer. The reader ends by itself
 * when the answer has closed the connection.
 */
const inTime = <A, E, R>(
  reading: Effect.Effect<A, E, R>,
  duration: Duration.Duration
): Effect.Effect<A, E | Refused, R> =>
  Effect.flatMap(Effect.forkDetach(reading), (fiber) =>
    Effect.timeoutOrElse(Fiber.join(fiber), { duration, orElse: () => Effect.fail(tooSlow) })
  )

const unreadable = (error: HttpServerError.HttpServerError, limit: number): Refused =>
  error.reason._tag === "RequestParseError" && error.reason.reason === "BodyTooLarge"
    ? tooLarge(limit)
    : new Refused({ code: "invalid_request", detail: "The body could not be read." })

/** The whole body, at most `limit` bytes, or a refusal. @category computing */
export const readBytes = Effect.fnUntraced(function* (
  limit: number,
  timeout: Duration.Duration
): Effect.fn.Return<Uint8Array, Refused, HttpServerRequest.HttpServerRequest> {
  const request = yield* HttpServerRequest.HttpServerRequest
  yield* checkLength(request, limit)
  const buffer = yield* request.arrayBuffer.pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limit)),
    Effect.mapError((error) => unreadable(error, limit)),
    (reading) => inTime(reading, timeout)
  )
  return new Uint8Array(buffer)
})

/** @category predicates */
export const mediaTypeOf = (contentType: string): string => (contentType.split(";")[0] ?? "").trim().toLowerCase()

const isJson = (contentType: string | undefined): boolean => {
  if (contentType === undefined) return true
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1]
  return mediaTypeOf(contentType) === "application/json" && (charset === undefined || /^utf-?8$/i.test(charset))
}

/**
 * The JSON body as received, parsed but not decoded; `undefined` if there is none. A body without a content type is taken for JSON.
 *
 * @category computing
 */
export const readJson = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const limits = yield* Limits
  const bytes = yield* readBytes(limits.jsonBytes, limits.bodyTimeout)
  if (bytes.length === 0) return undefined
  if (!isJson(request.headers["content-type"])) {
    return yield* new Refused({ code: "unsupported_media_type", detail: "The body must be application/json in UTF-8." })
  }
  const parsed = parse(bytes)
  if (Result.isSuccess(parsed)) return parsed.success
  const { code, message } = parsed.failure
  return yield* code === "malformed_json"
    ? new Refused({ code, detail: message })
    : new Refused({ code: "invalid_request", detail: message, errors: [parsed.failure] })
})

/** @category models */
export interface Upload {
  readonly input: Api.UploadDocument
  /** What the request's fingerprint is taken of. */
  readonly body: Json.JsonObject
}

const malformed = (detail: string): Refused => new Refused({ code: "malformed_upload", detail })

const multipartRefused = (error: Multipart.MultipartError, limit: number): Refused => {
  switch (error.reason._tag) {
    case "FileTooLarge":
    case "BodyTooLarge":
      return tooLarge(limit)
    case "FieldTooLarge":
    case "TooManyParts":
      return new Refused({ code: "payload_too_large", detail: "The upload has too many or too large parts." })
    default:
      return malformed("The body is not valid multipart/form-data.")
  }
}

const { decode: decodeUpload } = Checking.checks(Api.UploadDocument)

/**
 * What the fingerprint of an upload is taken of: the part's metadata and the SHA-256 of its bytes (lower-case hexadecimal), whatever the
 * boundary was.
 *
 * @category conversions
 */
export const uploadBody = (input: Api.UploadDocument): Json.JsonObject => ({
  file_name: input.fileName,
  media_type: input.mediaType,
  sha256: createHash("sha256").update(input.content).digest("hex")
})

/** The one file of a `multipart/form-data` body, in the part `file`. Text fields beside it are ignored. @category computing */
export const readUpload = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const limits = yield* Limits
  if (mediaTypeOf(request.headers["content-type"] ?? "") !== "multipart/form-data") {
    return yield* new Refused({ code: "unsupported_media_type", detail: "The body must be multipart/form-data." })
  }
  const total = limits.uploadBytes + multipartOverhead
  yield* checkLength(request, total)
  const files: Array<Api.UploadDocument> = []
  const reading = Stream.runForEach(
    request.multipartStream,
    (part): Effect.Effect<void, Multipart.MultipartError | Refused> => {
      if (part._tag === "Field") return Effect.void
      if (part.key !== "file" || files.length > 0) {
        return Effect.fail(malformed("There must be one file, in the part named file."))
      }
      return Effect.map(part.contentEffect, (content) => {
        files.push({ fileName: part.name, mediaType: part.contentType, content })
      })
    }
  ).pipe(
    Effect.provideContext(
      Multipart.limitsServices({
        maxParts: maximumParts,
        maxFieldSize: ByteSize.bytes(multipartOverhead),
        // The parser counts more than the content; the content itself is measured below.
        maxFileSize: ByteSize.bytes(total),
        maxTotalSize: ByteSize.bytes(total)
      })
    ),
    Effect.mapError((error) => (error._tag === "MultipartError" ? multipartRefused(error, limits.uploadBytes) : error))
  )
  yield* inTime(reading, limits.uploadTimeout)
  const [file] = files
  if (file !== undefined && file.content.length > limits.uploadBytes) return yield* tooLarge(limits.uploadBytes)
  if (file === undefined) {
    return yield* new Refused({
      code: "invalid_request",
      detail: "The request is not valid.",
      errors: [{ pointer: "/file", code: "required", message: "Send one file, in the part named file." }]
    })
  }
  const decoded = decodeUpload(file)
  if (Result.isFailure(decoded)) {
    return yield* new Refused({
      code: "invalid_request",
      detail: "The request is not valid.",
      errors: [
        { pointer: "/file", code: "invalid_value", message: "File name and media type have 1 to 1000 characters." }
      ],
      received: uploadBody(file)
    })
  }
  return { input: decoded.success, body: uploadBody(decoded.success) } satisfies Upload
})
