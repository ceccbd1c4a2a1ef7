/**
 * Problem details (RFC 9457): the one shape of every error but the token endpoint's. For both ends of the wire.
 *
 * A refusal with status 409 is recorded and has the same bytes forever. Put no request id, no path, no host and no time into its problem.
 * Every other problem names its request in `request_id` and `instance`.
 */
import { Refusal } from "@effekten/domain"
import {
  type CommandFailure,
  Details,
  failureCode,
  MemberError,
  NotFound,
  Rejection,
  snakeCase,
  type Unavailable
} from "@effekten/services"
import { Schema } from "effect"
import { HttpServerResponse } from "effect/http"
import { type EdgeCode, edgeProblems, isRetryable, linkTo, problemTypes, titleOf, typeOf } from "./ProblemTypes.ts"

/** The media type of a problem. @category models */
export const problemMediaType = "application/problem+json"

/** A problem on the wire. @category schemas */
export const Problem = Schema.Struct({
  /** `urn:effekten:problem:` and the code. */
  type: Schema.String,
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  code: Schema.String,
  /** Whether the same request, with the same idempotency key, may succeed later. */
  retryable: Schema.Boolean,
  instance: Schema.optionalKey(Schema.String),
  request_id: Schema.optionalKey(Schema.String),
  errors: Schema.optionalKey(Schema.Array(MemberError)),
  details: Schema.optionalKey(Details),
  /** With status 503: `"no"` if the request had no effect, `"unknown"` if it may have had one. */
  executed: Schema.optionalKey(Schema.Literals(["no", "unknown"]))
}).annotate({ identifier: "Problem", title: "Problem details (RFC 9457)" })
export type Problem = typeof Problem.Type

/** Which request a problem belongs to. @category models */
export interface Occurrence {
  readonly requestId: string
  /** The path, without host and query; missing where the request could not even be read. */
  readonly path?: string
}

const occurred = ({ path, requestId }: Occurrence): Pick<Problem, "instance" | "request_id"> => ({
  ...(path === undefined ? {} : { instance: path }),
  request_id: requestId
})

/** @category constructors */
export const edgeProblem = (
  code: EdgeCode,
  detail: string,
  occurrence: Occurrence,
  extra?: Pick<Problem, "errors" | "executed">
): Problem => {
  const { status, title } = edgeProblems[code]
  return {
    type: typeOf(code),
    title,
    status,
    detail,
    code,
    retryable: isRetryable(status),
    ...occurred(occurrence),
    ...extra
  }
}

const renamed = (details: Details, rename: (name: string) => string): Details =>
  Object.fromEntries(Object.entries(details).map(([name, value]) => [rename(name), value]))

/** A call that is still being decided elsewhere is refused with 409 too. Nothing was recorded, so a client may send it again. */
const inProgress = "idempotency_in_progress"

const rejectionProblem = (rejection: Rejection, occurrence: Occurrence): Problem => ({
  type: typeOf(rejection.code),
  title: titleOf(rejection.code),
  status: rejection.status,
  detail: rejection.message,
  code: rejection.code,
  retryable: rejection.code === inProgress || isRetryable(rejection.status),
  ...(rejection.status === 409 ? {} : occurred(occurrence)),
  ...(rejection.errors === undefined ? {} : { errors: rejection.errors }),
  ...(rejection.details === undefined ? {} : { details: renamed(rejection.details, snakeCase) })
})

/**
 * What a refusal looks like, by the version of its words. A version that was ever recorded stays: it is the same bytes forever, title
 * included.
 *
 * @category values
 */
export const refusalBodies: { readonly [version: number]: typeof rejectionProblem } = {
  1: rejectionProblem,
  2: rejectionProblem
}

/** A failure of a service as a problem. The cause of an `Unavailable` stays in the house. @category conversions */
export const ofFailure = (
  failure: CommandFailure,
  occurrence: Occurrence,
  version: number = Refusal.wordsVersion
): Problem => {
  switch (failure._tag) {
    case "Rejection":
      return refusalBodies[version]!(failure, occurrence)
    case "NotFound":
      return {
        ...edgeProblem("not_found", failure.message, occurrence),
        type: typeOf(failure.code),
        code: failure.code
      }
    case "Unavailable":
      return edgeProblem(failure.code ?? "unavailable", unavailableDetail(failure), occurrence, {
        executed: failure.executed
      })
  }
}

const unavailableDetail = ({ code, executed }: Unavailable): string =>
  code === "deadline_exceeded"
    ? "The time that Request-Timeout gave was over before the request was carried out. It had no effect."
    : executed === "no"
      ? "The request had no effect. Repeat it later."
      : "The request may have had its effect. Repeat it with the same idempotency key to learn the answer."

/** Seconds a client should wait before it repeats, if the failure names no time. @category values */
export const defaultRetryAfter = 1

const isThrottled = (status: number): boolean => status === 429 || status === 503

/** @category conversions */
export const toResponse = (
  problem: Problem,
  headers: Record<string, string> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify(problem), {
    status: problem.status,
    contentType: problemMediaType,
    headers: {
      link: linkTo(problem.code),
      ...(isThrottled(problem.status) ? { "retry-after": String(defaultRetryAfter) } : {}),
      ...headers
    }
  })

/** @category conversions */
export const failureResponse = (
  failure: CommandFailure,
  occurrence: Occurrence,
  version?: number
): HttpServerResponse.HttpServerResponse => {
  const wait = failure._tag === "Unavailable" ? failure.retryAfter : undefined
  const problem = ofFailure(failure, occurrence, version)
  return toResponse(problem, {
    ...(problem.code === inProgress ? { "retry-after": String(defaultRetryAfter) } : {}),
    ...(wait === undefined ? {} : { "retry-after": String(Math.max(0, Math.ceil(wait))) })
  })
}

/** What examples say beside the sentence. */
const exampleExtras: { readonly [code: string]: Pick<Problem, "errors" | "executed" | "details"> } = {
  invalid_request: { errors: [{ pointer: "/units", code: "required", message: "This member is required." }] },
  unavailable: { executed: "unknown" },
  deadline_exceeded: { executed: "no" },
  insufficient_units: { details: { free: 120 } },
  allocation_exhausted: { details: { free: 120 } },
  retention_running: { details: { until: "2034-12-31T23:00:00.000000Z" } }
}

const exampleOccurrence: Occurrence = {
  requestId: "8a6e0804c61f4e3e8f2a3d1b5c7e9f00",
  path: "/api/external/v2/investments/"
}

/** A problem of a type, as the server writes it. @category constructors */
export const exampleOf = (code: string): Problem => {
  const told = problemTypes[code]
  if (told === undefined) throw new RangeError(`there is no type of problem ${code}`)
  const { details, ...extra } = exampleExtras[code] ?? {}
  if (Object.hasOwn(edgeProblems, code))
    return edgeProblem(code as EdgeCode, told.detail ?? told.meaning, exampleOccurrence, extra)
  if (told.status === 404)
    return ofFailure(new NotFound({ code: failureCode(code), message: told.meaning }), exampleOccurrence)
  const { message, status } = isRefusal(code)
    ? Refusal.words(code, Refusal.wordsVersion)
    : { message: told.meaning, status: told.status }
  return ofFailure(
    new Rejection({ code: failureCode(code), status, message, ...(details === undefined ? {} : { details }) }),
    exampleOccurrence
  )
}

const isRefusal = (code: string): code is Refusal.Code => Object.hasOwn(Refusal.byCode, code)
