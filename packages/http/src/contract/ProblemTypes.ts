/**
 * Every type of problem there is: what it means, what a client does about it, and whether it repeats the request. For the server, for
 * `/problems/<code>`, and for the OpenAPI document. The register's own codes come from {@link Refusal.byCode}.
 *
 * Add a type here when a module raises one. Never change a title: it stands in recorded answers.
 */
import { Refusal } from "@effekten/domain"
import type { RequestCode } from "@effekten/services"

/** What there is to say about a type of problem. @category models */
export interface Told {
  readonly status: number
  readonly title: string
  /** What has happened, in one sentence. */
  readonly meaning: string
  /** What a client does about it. */
  readonly advice: string
  /** The `detail` of an example, where it says more than the meaning. */
  readonly detail?: string
}

/** What the server says about requests that reach no service. @category values */
export const edgeProblems = {
  malformed_json: {
    status: 400,
    title: "Malformed JSON",
    meaning: "The body is not JSON in UTF-8, or names a member twice.",
    advice: "Write the body with a JSON library."
  },
  invalid_request: {
    status: 400,
    title: "Invalid request",
    meaning: "The request is wrong, whatever the state of the register. `errors` names the members.",
    advice: "Correct each member that `errors` names.",
    detail: "The request is not valid."
  },
  malformed_upload: {
    status: 400,
    title: "Malformed upload",
    meaning: "The body is not `multipart/form-data`, or broke off.",
    advice: "Upload with an HTTP library: one part, named `file`, with a file name."
  },
  idempotency_key_missing: {
    status: 400,
    title: "Idempotency key missing",
    meaning: "This call needs an idempotency key, so that it has its effect once.",
    advice: "Make a key before the first attempt, store it, and send it with every attempt.",
    detail: "Send X-Idempotency-Key with 1 to 255 visible ASCII characters."
  },
  idempotency_key_invalid: {
    status: 400,
    title: "Idempotency key invalid",
    meaning: "The idempotency key is not 1 to 255 visible ASCII characters, or the two headers name two keys.",
    advice: "Send one key, in one header."
  },
  unauthorized: {
    status: 401,
    title: "Unauthorized",
    meaning: "The request bears no token that is valid now.",
    advice: "Get a new token, and send the request with it. `WWW-Authenticate` says whether there was a token at all.",
    detail: "The token is unknown or has expired."
  },
  insufficient_scope: {
    status: 403,
    title: "Insufficient scope",
    meaning: "The token is valid, and lacks the scope that this call needs.",
    advice:
      "Get a token with the scope that `WWW-Authenticate` names. If the client may not have it, ask the registrar.",
    detail: "The token lacks the scope investments:write."
  },
  not_found: {
    status: 404,
    title: "Not found",
    meaning: "There is no such path, or no such object for this client.",
    advice: "Check the path, the id and the prefix."
  },
  method_not_allowed: {
    status: 405,
    title: "Method not allowed",
    meaning: "This path has other methods.",
    advice: "Use a method that `Allow` names."
  },
  request_timeout: {
    status: 408,
    title: "Request timeout",
    meaning: "The body did not arrive in time. Nothing was done.",
    advice: "Send it again on a new connection."
  },
  precondition_failed: {
    status: 412,
    title: "Precondition failed",
    meaning: "The object is not any more what the entity tag in `If-Match` says. Nothing was done.",
    advice: "Read the object again, and send the change with its new tag and the same key."
  },
  payload_too_large: {
    status: 413,
    title: "Payload too large",
    meaning: "The body is larger than this call takes: 256 KiB of JSON, 25 MiB of a document.",
    advice: "Send less."
  },
  unsupported_media_type: {
    status: 415,
    title: "Unsupported media type",
    meaning: "The body has another `Content-Type` than this call takes, or a `Content-Encoding`.",
    advice: "Send `application/json`, and a document as `multipart/form-data`, both uncompressed."
  },
  expectation_failed: {
    status: 417,
    title: "Expectation failed",
    meaning: "`Expect` asks for something else than `100-continue`.",
    advice: "Leave `Expect` out."
  },
  rate_limited: {
    status: 429,
    title: "Rate limited",
    meaning: "The client has asked for more than it may in that time. Nothing was done.",
    advice: "Wait as long as `Retry-After` says, and send less at a time: `RateLimit` says what is left."
  },
  headers_too_large: {
    status: 431,
    title: "Request header fields too large",
    meaning: "The request has more than 16 KiB of headers, or more than 100.",
    advice: "Send fewer headers. Cookies are of no use here."
  },
  internal_error: {
    status: 500,
    title: "Internal error",
    meaning: "The server has a fault. Whether the request had its effect is not known.",
    advice: "Repeat it with the same key to learn the answer. If that goes on, tell the registrar the `request_id`.",
    detail: "Something went wrong here. Repeat the request with the same key."
  },
  not_implemented: {
    status: 501,
    title: "Not implemented",
    meaning: "The request has another `Transfer-Encoding` than `chunked`.",
    advice: "Send `Content-Length`, or `chunked`."
  },
  unavailable: {
    status: 503,
    title: "Unavailable",
    meaning: "The register cannot answer now. `executed` says whether the request may have had its effect.",
    advice:
      "Wait as long as `Retry-After` says. With `executed: unknown`, the repeat brings the answer of the first attempt.",
    detail: "The request may have had its effect. Repeat it with the same idempotency key to learn the answer."
  },
  deadline_exceeded: {
    status: 503,
    title: "Deadline exceeded",
    meaning: "The time that `Request-Timeout` gave was over before the request was carried out. Nothing was done.",
    advice: "Repeat it with more time."
  },
  version_not_supported: {
    status: 505,
    title: "HTTP version not supported",
    meaning: "The request is in another version of HTTP than 1.1 and 1.0.",
    advice: "Speak HTTP/1.1."
  }
} as const satisfies { readonly [code: string]: Told } & {
  readonly [C in Exclude<RequestCode, keyof typeof ofKeys | "idempotency_in_progress">]: Told
}

/** @category models */
export type EdgeCode = keyof typeof edgeProblems

/** What the register says of a key, before it decides anything. */
const ofKeys = {
  idempotency_key_reused: {
    status: 422,
    title: "Idempotency key reused",
    meaning: "The key was used for a request with another body. Nothing was done.",
    advice:
      "A key belongs to one request: send the first body again to learn its answer, or a new key for a new request."
  }
} as const satisfies { readonly [code: string]: Told }

/** `insufficient_units` is "Insufficient units". @category conversions */
export const titleOf = (code: string): string => {
  const words = code.replaceAll("_", " ")
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** @category conversions */
export const typeOf = (code: string): string => `urn:effekten:problem:${code}`

/** Where a type is explained. @category conversions */
export const pageOf = (code: string): string => `/problems/${code}`

/** The header that leads to the explanation (RFC 8288). @category conversions */
export const linkTo = (code: string): string => `<${pageOf(code)}>; rel="help"`

const retryableStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

/** Whether the same request, with the same key, may succeed without any change. @category predicates */
export const isRetryable = (status: number): boolean => retryableStatuses.has(status)

/** Whether a request is repeated after a problem, and with which key. @category conversions */
export const repeatOf = (status: number): string =>
  isRetryable(status)
    ? "Yes, as it is, with the same key."
    : status === 409
      ? "Once the state has changed, with a new key. This answer stays with its key."
      : status === 422
        ? "With a new key."
        : "Corrected, with the same key: it is still free."

/** Codes that no call is refused with: schemas have looked at the input before, or only the register itself gives such an instruction. */
const neverMet: ReadonlyArray<string> = [
  ...Object.values(Refusal.reservedCodes).flat(),
  ...([
    "units_invalid",
    "deadline_not_reached",
    "awaiting_resolution",
    "outcome_contradicts"
  ] satisfies ReadonlyArray<Refusal.RaisedCode>)
]

const ofRegister = Object.fromEntries(
  Object.entries(Refusal.byCode)
    .filter(([code]) => !neverMet.includes(code))
    .map(([code, { advice, class: status, message }]): [string, Told] => [
      code,
      { status, title: status === 404 ? edgeProblems.not_found.title : titleOf(code), meaning: message, advice }
    ])
)

/** All types, by code: of the request first, then of the register. @category values */
export const problemTypes: { readonly [code: string]: Told } = { ...edgeProblems, ...ofKeys, ...ofRegister }
