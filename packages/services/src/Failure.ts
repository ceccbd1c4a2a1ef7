/**
 * The ways a call can fail, embedded and remote alike. For callers of the services.
 */
import type { Refusal } from "@effekten/domain"
import { Schema, SchemaGetter, SchemaTransformation, Struct } from "effect"

/** What is wrong with one member of a request. `pointer` is a JSON Pointer (RFC 6901) into the body. @category models */
export const MemberError = Schema.Struct({
  pointer: Schema.String,
  code: Schema.String,
  message: Schema.String
})
export type MemberError = typeof MemberError.Type

/** Numbers, ids of the caller's own objects, statuses and instants; never text of the request. @category models */
export const Details = Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite]))
export type Details = typeof Details.Type

/** The last problem a server answered with. @category models */
export const LastProblem = Schema.Struct({
  status: Schema.Int,
  code: Schema.String,
  message: Schema.String,
  /** Names the request in the server's log. */
  requestId: Schema.optionalKey(Schema.String)
})
export type LastProblem = typeof LastProblem.Type

/**
 * What is known of a call that failed, beside its failure. Every failure of the remote services has it. Of the embedded ones it is on an
 * `Unavailable` command, which can be repeated by its key.
 *
 * @category models
 */
export const Call = Schema.Struct({
  /** The idempotency key of all its attempts, given by the caller or made for the call. Absent from a read. */
  key: Schema.optionalKey(Schema.String),
  /** Attempts made. None is made where the input is refused at once, or where no token can be had. */
  attempts: Schema.Int,
  problem: Schema.optionalKey(LastProblem)
})
export type Call = typeof Call.Type

/**
 * A code that is not listed: a server of another version may send it. Its type bears a mark that no code has, so that a comparison with a code
 * that is misspelled does not compile. To compare with an unlisted code, take it as text: `const code: string = failure.code`.
 *
 * @category models
 */
export type UnlistedCode = `${string} (unlisted)`

/** Codes about the request itself, whatever the register holds. @category models */
export type RequestCode =
  | "expectation_failed"
  | "headers_too_large"
  | "idempotency_in_progress"
  | "idempotency_key_invalid"
  | "idempotency_key_missing"
  | "idempotency_key_reused"
  | "insufficient_scope"
  | "invalid_request"
  | "malformed_json"
  | "malformed_upload"
  | "method_not_allowed"
  | "not_found"
  | "payload_too_large"
  | "precondition_failed"
  | "unauthorized"
  | "unsupported_media_type"

/** What a call can be refused with. `http_409`, for example, is the code of an answer that has none. @category models */
export type FailureCode = Refusal.Code | RequestCode | `http_${number}` | UnlistedCode

/** A code as a server has sent it, listed or not. @category conversions */
export const failureCode = (code: string): FailureCode => code as FailureCode

/** Any text: a failure of another version is one too. */
const code = Schema.String as unknown as Schema.refine<FailureCode, typeof Schema.String>

/**
 * The request was understood and refused. The register's codes are those of `Refusal.Code`; the codes below concern the request itself.
 *
 * | code | status | meaning |
 * |---|---|---|
 * | `invalid_request` | 400 | `errors` name the members that are wrong |
 * | `idempotency_key_missing`, `idempotency_key_invalid` | 400 | send 1 to 255 visible ASCII characters |
 * | `precondition_failed` | 412 | the object is not any more as the caller has seen it |
 * | `idempotency_key_reused` | 422 | the key belongs to a request with another body |
 * | `unauthorized`, `insufficient_scope` | 401, 403 | remote only |
 *
 * @category errors
 */
export class Rejection extends Schema.TaggedError<Rejection>()(
  "Rejection",
  {
    code,
    /** The HTTP status this refusal has on the wire: 400, 401, 403, 409, 412, 413, 415 or 422. */
    status: Schema.Int,
    message: Schema.String,
    details: Schema.optionalKey(Details),
    errors: Schema.optionalKey(Schema.Array(MemberError)),
    call: Schema.optionalKey(Call)
  },
  { httpApiStatus: 409 }
) {
  /** A refusal is the answer to all attempts of a call: none of them had an effect. */
  get executed(): "no" {
    return "no"
  }
}

/** There is no such object for this platform. @category errors */
export class NotFound extends Schema.TaggedError<NotFound>()(
  "NotFound",
  {
    /** `investor_not_found`, for example. */
    code,
    message: Schema.String,
    call: Schema.optionalKey(Call)
  },
  { httpApiStatus: 404 }
) {
  /** What is not there cannot change: no attempt of the call had an effect. */
  get executed(): "no" {
    return "no"
  }
}

/**
 * The call could not be carried out now. `executed: "no"` means that it had no effect and will have none. `"unknown"` means that it may
 * have had an effect: send it again with the same idempotency key to learn the answer.
 *
 * @category errors
 */
export class Unavailable extends Schema.TaggedError<Unavailable>()(
  "Unavailable",
  {
    executed: Schema.Literals(["no", "unknown"]),
    message: Schema.String,
    /** Why, where a caller may want to tell it from other reasons: the call's own deadline passed. */
    code: Schema.optionalKey(Schema.Literals(["deadline_exceeded"])),
    /** Seconds to wait, where the unavailable service said so. */
    retryAfter: Schema.optionalKey(Schema.Finite),
    cause: Schema.optionalKey(Schema.Defect()),
    call: Schema.optionalKey(Call)
  },
  { httpApiStatus: 503 }
) {}

/** What a command can fail with. @category errors */
export type CommandFailure = Rejection | NotFound | Unavailable

/** What a read can fail with. @category errors */
export type ReadFailure = Rejection | NotFound | Unavailable

/** The same failure, with what is known of its call. @category conversions */
export const ofCall = (failure: CommandFailure, call: Call): CommandFailure => {
  // The sentence and the cause of an error are no properties that a copy takes along by itself.
  const { message } = failure
  switch (failure._tag) {
    case "Rejection":
      return new Rejection({ ...failure, message, call })
    case "NotFound":
      return new NotFound({ ...failure, message, call })
    case "Unavailable":
      return new Unavailable({
        ...failure,
        message,
        call,
        ...(failure.cause === undefined ? {} : { cause: failure.cause })
      })
  }
}

/** What of a failure stays in the house: its cause, and what is known of the call, its key too. */
interface Kept {
  readonly call?: unknown
  readonly cause?: unknown
}

/** A failure as an API shows it to others, with its status. */
const shown = <F extends CommandFailure, E extends object>(failure: Schema.Codec<F, E>, httpApiStatus: number) =>
  Schema.toEncoded(failure)
    .pipe(
      Schema.decodeTo(
        failure,
        SchemaTransformation.transform({
          decode: (encoded: E): E => encoded,
          encode: (encoded: E & Kept): E => Struct.omit(encoded, ["call", "cause"]) as unknown as E
        })
      )
    )
    .annotate({ httpApiStatus }) as Schema.Codec<F, Omit<E, keyof Kept>>

/** A refusal of one status, and how `Arbitrary` makes one. */
const refusedWith = (status: number) =>
  shown(
    Rejection.annotate({
      toCodecArbitrary: () =>
        Schema.link<Rejection>()(Schema.Struct({ ...Rejection.fields, status: Schema.Literal(status) }), {
          decode: SchemaGetter.transform((members) => new Rejection(members)),
          encode: SchemaGetter.forbiddenEncoding
        })
    }).check(
      Schema.makeFilter((rejection) => rejection.status === status, { expected: `a refusal with status ${status}` })
    ),
    status
  )

/**
 * The failures of the services as errors of an `HttpApi` of the application's own, each with the status that it has in the Distribution API.
 * Neither the cause of a failure nor what is known of its call is shown.
 *
 * @example
 * ```ts
 * HttpApiEndpoint.post("subscribe", "/subscriptions", { payload: Subscription, success: Subscribed, error: failures })
 * ```
 *
 * @category errors
 */
export const failures = [
  shown(NotFound, 404),
  shown(Unavailable, 503),
  refusedWith(400),
  refusedWith(401),
  refusedWith(403),
  refusedWith(409),
  refusedWith(412),
  refusedWith(413),
  refusedWith(415),
  refusedWith(422)
] as const
