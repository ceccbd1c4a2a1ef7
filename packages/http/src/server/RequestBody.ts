/**
 * Reading a request's body: bounded in bytes and in time. For the server's handlers.
 */
import type { Json } from "@effekten/event-store"
import { ByteSize, type Duration, Effect, Fiber, Result } from "effect"
import { HttpIncomingMessage, type HttpServerError, type HttpServerRequest } from "effect/http"
import { IncomingMessage } from "node:http"
import { Refused } from "./Exchange.ts"
import { parse } from "./JsonBody.ts"
import type { Limits } from "./Limits.ts"

type Request = HttpServerRequest.HttpServerRequest

/** @category errors */
export const tooLarge = (limit: number): Refused =>
  new Refused({ code: "payload_too_large", detail: `The body must not exceed ${limit} bytes.` })

/** @category errors */
export const tooSlow = new Refused({
  code: "request_timeout",
  detail: "The body did not arrive in time.",
  headers: { connection: "close" }
})

const unreadable = new Refused({ code: "invalid_request", detail: "The body could not be read." })

/** Refuses a body whose declared length is above a limit, before anything is read. @category predicates */
export const checkLength = (request: Request, limit: number): Effect.Effect<void, Refused> =>
  Number(request.headers["content-length"] ?? 0) > limit ? Effect.fail(tooLarge(limit)) : Effect.void

/** Waits for a body that is not there yet. */
const inTime = (
  reading: Effect.Effect<Uint8Array, Refused>,
  duration: Duration.Duration
): Effect.Effect<Uint8Array, Refused> => Effect.timeoutOrElse(reading, { duration, orElse: () => Effect.fail(tooSlow) })

/**
 * Reads a body from Node's request. Nothing but the listeners ends with it: a request that is destroyed takes the socket along, and with it
 * the answer. What comes after that is dropped, until the answer has closed the connection.
 */
const ofNode = (
  source: IncomingMessage,
  limit: number,
  timeout: Duration.Duration
): Effect.Effect<Uint8Array, Refused> =>
  Effect.callback((resume) => {
    const pieces: Array<Uint8Array> = []
    let size = 0
    let read: Effect.Effect<Uint8Array, Refused> | undefined
    let wake = (): void => {}
    const end = (result: Effect.Effect<Uint8Array, Refused>): void => {
      source.off("data", onData).off("end", onEnd).off("error", onFailure).off("close", onFailure).resume()
      read = result
      wake()
    }
    const onData = (piece: Uint8Array): void => {
      size += piece.length
      if (size > limit) end(Effect.fail(tooLarge(limit)))
      else pieces.push(piece)
    }
    const onEnd = (): void => end(Effect.succeed(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)))
    const onFailure = (): void => end(Effect.fail(unreadable))
    source.on("data", onData).on("end", onEnd).on("error", onFailure).on("close", onFailure)
    const later = Effect.callback<Uint8Array, Refused>((resume) => {
      wake = () => read !== undefined && resume(read)
      wake()
    })
    // Node has told of a body that came with its head before a microtask runs.
    queueMicrotask(() => resume(read ?? inTime(later, timeout)))
  })

/** Reads a body as the platform does: it is not Node's, or the client waits for a word before it sends. */
const ofPlatform = (
  request: Request,
  limit: number,
  timeout: Duration.Duration
): Effect.Effect<Uint8Array, Refused> => {
  const refused = ({ reason }: HttpServerError.HttpServerError): Refused =>
    reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge" ? tooLarge(limit) : unreadable
  const reading = Effect.map(request.arrayBuffer, (buffer) => new Uint8Array(buffer)).pipe(
    Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(limit)),
    Effect.mapError(refused)
  )
  // Gives up waiting, not reading, for the same reason as above.
  return Effect.flatMap(Effect.forkDetach(reading, { startImmediately: true }), (fiber) =>
    Effect.flatMap(Effect.yieldNow, () => fiber.pollUnsafe() ?? inTime(Fiber.join(fiber), timeout))
  )
}

/** Node's request, if it can be read from directly. */
const nodesOf = ({ headers, source }: Request): IncomingMessage | undefined =>
  source instanceof IncomingMessage && !source.readableDidRead && headers["expect"] === undefined ? source : undefined

const nothing = new Uint8Array()

/** A body that another platform hands over, whose headers need not tell of it. */
const isHandedOver = ({ source }: Request): boolean =>
  !(source instanceof IncomingMessage) && "body" in source && source.body !== null

/**
 * The whole body, at most `limit` bytes, or a refusal.
 *
 * A body that came with its head is complete a moment later. Only the others need a timer, which costs a request a tenth of its time at
 * the edge (`npm run bench -- http`).
 *
 * @category computing
 */
export const readBytes = (
  request: Request,
  limit: number,
  timeout: Duration.Duration
): Effect.Effect<Uint8Array, Refused> => {
  const { headers } = request
  const length = Number(headers["content-length"] ?? 0)
  if (length > limit) return Effect.fail(tooLarge(limit))
  if (length === 0 && headers["transfer-encoding"] === undefined && !isHandedOver(request))
    return Effect.succeed(nothing)
  const source = nodesOf(request)
  return source === undefined ? ofPlatform(request, limit, timeout) : ofNode(source, limit, timeout)
}

/** @category predicates */
export const mediaTypeOf = (contentType: string): string => (contentType.split(";")[0] ?? "").trim().toLowerCase()

/** A change may be said to be a merge patch (RFC 7396): absent members stay as they are. */
const mediaTypes = (method: string): ReadonlyArray<string> =>
  method === "PATCH" ? ["application/json", "application/merge-patch+json"] : ["application/json"]

const isJson = ({ headers, method }: Request): boolean => {
  const contentType = headers["content-type"]
  if (contentType === undefined) return true
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(contentType)?.[1]
  return mediaTypes(method).includes(mediaTypeOf(contentType)) && (charset === undefined || /^utf-?8$/i.test(charset))
}

/** The bytes of a body that should be JSON; none if there is no body. @category computing */
export const readJsonBytes = (
  request: Request,
  { bodyTimeout, jsonBytes }: Limits
): Effect.Effect<Uint8Array, Refused> =>
  Effect.flatMap(readBytes(request, jsonBytes, bodyTimeout), (bytes) =>
    bytes.length === 0 || isJson(request)
      ? Effect.succeed(bytes)
      : Effect.fail(
          new Refused({
            code: "unsupported_media_type",
            detail: `The body must be ${mediaTypes(request.method).join(" or ")} in UTF-8.`
          })
        )
  )

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
