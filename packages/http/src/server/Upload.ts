/**
 * Reading an upload: one file of a `multipart/form-data` body, handed on while it comes. For the server's handlers. No part of a content may
 * be gathered here.
 */
import { Api, Checking, type PartyId, uploadBody } from "@effekten/services"
import { ByteSize, Clock, Duration, Effect, Pull, Result, type Scope, Stream } from "effect"
import { type HttpServerRequest, Multipart } from "effect/http"
import { createHash } from "node:crypto"
import { Refused } from "./Exchange.ts"
import { type Limits, maximumParts, multipartOverhead } from "./Limits.ts"
import { checkLength, mediaTypeOf, tooLarge, tooSlow } from "./RequestBody.ts"

/** @category models */
export interface Upload {
  /** Its content is read from the socket as it is asked for, once. */
  readonly input: Api.UploadDocument
  /** Why the content ended too early, if it did: what the request is refused with. */
  readonly refused: () => Refused | undefined
}

const malformed = (detail: string): Refused => new Refused({ code: "malformed_upload", detail })

const notOneFile = malformed("There must be one file, in the part named file.")

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

/** The parts of the body, one after the other, as long as there is time. */
const partsOf = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, limits: Limits) {
  const until = (yield* Clock.currentTimeMillis) + Duration.toMillis(limits.uploadTimeout)
  /** Waits also where the rest of the command is not interrupted. */
  const inTime = <A, E, R>(waiting: Effect.Effect<A, E, R>): Effect.Effect<A, E | Refused, R> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.timeoutOrElse(Effect.interruptible(waiting), {
        duration: Duration.millis(Math.max(0, until - now)),
        orElse: () => Effect.fail(tooSlow)
      })
    )
  const total = ByteSize.bytes(limits.uploadBytes + multipartOverhead)
  const body = request.multipartStream.pipe(
    Stream.provideContext(
      Multipart.limitsServices({
        maxParts: maximumParts,
        maxFieldSize: ByteSize.bytes(multipartOverhead),
        // The parser counts more than the content; the content itself is measured below.
        maxFileSize: total,
        maxTotalSize: total
      })
    ),
    Stream.rechunk(1)
  )
  const pull = yield* Stream.toPull(body)
  const readable = <A, R>(waiting: Effect.Effect<A, Multipart.MultipartError, R>) =>
    Effect.mapError(inTime(waiting), (error) =>
      error._tag === "Refused" ? error : multipartRefused(error, limits.uploadBytes)
    )
  return {
    next: readable(
      Pull.catchDone(
        Effect.map(pull, ([part]): Multipart.Part | undefined => part),
        () => Effect.undefined
      )
    ),
    contentOf: (file: Multipart.File): Stream.Stream<Uint8Array, Refused> =>
      Stream.transformPull(file.content, (pull) => Effect.succeed(inTime(pull))).pipe(
        Stream.mapError((error) => (error._tag === "Refused" ? error : multipartRefused(error, limits.uploadBytes)))
      )
  }
})

/** The file of the body, and its content: to its end, and to that of the body. */
const fileOf = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, limits: Limits) {
  const { contentOf, next } = yield* partsOf(request, limits)
  const nextFile = Effect.gen(function* () {
    for (;;) {
      const part = yield* next
      if (part?._tag !== "Field") return part
    }
  })
  const file = yield* nextFile
  if (file === undefined)
    return yield* new Refused({
      code: "invalid_request",
      detail: "The request is not valid.",
      errors: [{ pointer: "/file", code: "required", message: "Send one file, in the part named file." }]
    })
  if (file.key !== "file") return yield* notOneFile
  let size = 0
  const content = contentOf(file).pipe(
    Stream.tap((piece) =>
      (size += piece.length) > limits.uploadBytes ? Effect.fail(tooLarge(limits.uploadBytes)) : Effect.void
    ),
    // What comes after the file is part of the request too: until it is read, the file is not all there is.
    Stream.concat(
      Stream.drain(
        Stream.fromEffect(
          Effect.flatMap(nextFile, (another) => (another === undefined ? Effect.void : Effect.fail(notOneFile)))
        )
      )
    )
  )
  return { fileName: file.name, mediaType: file.contentType, content }
})

const { decode } = Checking.checks(Api.UploadDocument)

/**
 * The one file of a `multipart/form-data` body, in the part `file`. Text fields beside it are ignored.
 *
 * @category computing
 */
export const readUpload = Effect.fnUntraced(function* (
  request: HttpServerRequest.HttpServerRequest,
  limits: Limits
): Effect.fn.Return<Upload, Refused, Scope.Scope> {
  if (mediaTypeOf(request.headers["content-type"] ?? "") !== "multipart/form-data") {
    return yield* new Refused({ code: "unsupported_media_type", detail: "The body must be multipart/form-data." })
  }
  yield* checkLength(request, limits.uploadBytes + multipartOverhead)
  const file = yield* fileOf(request, limits)
  let refused: Refused | undefined
  const content = Stream.tapError(file.content, (error) => Effect.sync(() => void (refused = error)))
  const decoded = decode({ ...file, content })
  if (Result.isSuccess(decoded)) return { input: decoded.success, refused: () => refused }
  // It may have been accepted before, under its key: the server looks for what is recorded of it.
  const hash = createHash("sha256")
  yield* Stream.runForEach(file.content, (piece) => Effect.sync(() => hash.update(piece)))
  return yield* new Refused({
    code: "invalid_request",
    detail: "The request is not valid.",
    errors: [
      { pointer: "/file", code: "invalid_value", message: "File name and media type have 1 to 1000 characters." }
    ],
    received: uploadBody(file, hash.digest("hex"))
  })
})

/** Seconds after which an upload that had no place is worth another try. */
const retryAfter = "5"

const noPlace = new Refused({
  code: "unavailable",
  detail: "Too many uploads are under way. The request had no effect. Repeat it later.",
  executed: "no",
  // Its body is not read, so the connection cannot go on.
  headers: { "retry-after": retryAfter, connection: "close" }
})

/** A place among the uploads that are under way, as long as the scope lasts; a refusal where there is none. @category models */
export type Places = (platform: PartyId) => Effect.Effect<void, Refused, Scope.Scope>

/** The places of one server. One platform has at most half of them. @category constructors */
export const places = ({ uploads }: Limits): Places => {
  const taken = new Map<PartyId, number>()
  let all = 0
  const change = (platform: PartyId, by: 1 | -1) =>
    Effect.sync(() => {
      const own = (taken.get(platform) ?? 0) + by
      all += by
      if (own === 0) taken.delete(platform)
      else taken.set(platform, own)
    })
  return (platform) =>
    Effect.suspend(() =>
      all < uploads && (taken.get(platform) ?? 0) < Math.ceil(uploads / 2)
        ? Effect.acquireRelease(change(platform, 1), () => change(platform, -1))
        : Effect.fail(noPlace)
    )
}
