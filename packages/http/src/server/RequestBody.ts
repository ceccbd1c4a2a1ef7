/**
 * Reading a request's body: bounded in bytes and in time. For the server's handlers.
 */
import type { Json } from "@effekten/event-store"
import { ByteSize, type Duration, Effect, Fiber, Result } from "effect"
import { HttpIncomingMessage, type HttpServerError, HttpServerRequest } from "effect/http"
import { Refused } from "./Exchange.ts"
import { parse } from "./JsonBody.ts"
import { Limits } from "./Limits.ts"

/** @category errors */
export const tooLarge = (limit: number): Refused =>
  new Refused({ code: "payload_too_large", detail: `The body must not exceed ${limit} bytes.` })

/** @category errors */
export const tooSlow = new Refused({
  code: "request_timeout",
  detail: "The body did not arrive in time.",
  headers: { connection: "close" }
})

/** Refuses a body whose declared length is above a limit, before anything is read. @category predicates */
export const checkLength = (
  request: HttpServerRequest.HttpServerRequest,
  limit: number
): Effect.Effect<void, Refused> =>
  Number(request.headers["content-length"] ?? 0) > limit ? Effect.fail(tooLarge(limit)) : Effect.void

/**
 * Gives up waiting, not reading: a reader that is interrupted takes the socket along, and with it the answer. The reader ends by itself
 * when the answer has closed the connection.
 *
 * A body that came with its head is complete a moment later. Only the others need a timer, which costs a request a tenth of its time at
 * the edge (`npm run bench -- http`).
 */
const inTime = <A, E, R>(
  reading: Effect.Effect<A, E, R>,
  duration: Duration.Duration
): Effect.Effect<A, E | Refused, R> =>
  Effect.flatMap(Effect.forkDetach(reading, { startImmediately: true }), (fiber) =>
    Effect.flatMap(
      Effect.yieldNow,
      () =>
        fiber.pollUnsafe() ?? Effect.timeoutOrElse(Fiber.join(fiber), { duration, orElse: () => Effect.fail(tooSlow) })
    )
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

/** The bytes of a body that should be JSON; none if there is no body. @category computing */
export const readJsonBytes = Effect.gen(function* (): Effect.fn.Return<
  Uint8Array,
  Refused,
  HttpServerRequest.HttpServerRequest
> {
  const request = yield* HttpServerRequest.HttpServerRequest
  const limits = yield* Limits
  const bytes = yield* readBytes(limits.jsonBytes, limits.bodyTimeout)
  if (bytes.length === 0 || isJson(request.headers["content-type"])) return bytes
  return yield* new Refused({ code: "unsupported_media_type", detail: "The body must be application/json in UTF-8." })
})

/**
 * The JSON body as received, parsed but not decoded; `undefined` if there is none. A body without a content type is taken for JSON.
 *
 * @category conversions
 */
export const jsonOf = (bytes: Uint8Array): Result.Result<Json.Json | undefined, Refused> => {
  if (bytes.length === 0) return Result.succeed(undefined)
  return Result.mapError(parse(bytes), (error) => {
    const { code, message } = error
    return code === "malformed_json"
      ? new Refused({ code, detail: message })
      : new Refused({ code: "invalid_request", detail: message, errors: [error] })
  })
}
