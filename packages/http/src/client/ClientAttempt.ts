/**
 * What became of one attempt: judged by its answer, or by how it failed. For the layers of the client. "No effect" is only said where it is
 * certain.
 */
import { type CommandFailure, type LastProblem, Unavailable } from "@effekten/services"
import { Data } from "effect"
import type { HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { AnswerTooLong } from "./ClientBounds.ts"
import type { Call } from "./ClientCall.ts"
import { isRead } from "./ClientIdempotency.ts"
import * as ClientProblem from "./ClientProblem.ts"

/** An attempt that is no success. @category models */
export interface Verdict {
  readonly failure: CommandFailure
  /** Whether this attempt had its effect: certainly not; perhaps; or it was answered for good. */
  readonly executed: "no" | "unknown" | "answered"
  /** A repeat may succeed. */
  readonly isRetryable: boolean
  /** The server asked for less: wait longer. */
  readonly isThrottled: boolean
  /** Milliseconds the server asked to wait. */
  readonly wait: number | undefined
  /** What the server said, where it said that it is no success. */
  readonly problem: LastProblem | undefined
  /** Whether it was tried at all. */
  readonly isTried: boolean
}

/** The cause of an error: the request was never sent, for this reason. @category errors */
export class NotSent extends Data.TaggedError("NotSent")<{ readonly failure: CommandFailure }> {}

const retryableStatuses: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])
/** Statuses that say the request was turned away. */
const untouchedStatuses: ReadonlySet<number> = new Set([425, 429])
/**
 * Statuses with which some proxies give up waiting for an answer: the request may have been carried out. A register says with 408 that it was
 * not, because it did not arrive whole.
 */
const abandonedStatuses: ReadonlySet<number> = new Set([408, 499])

const hasProperty = <Name extends string>(value: unknown, name: Name): value is Record<Name, unknown> =>
  typeof value === "object" && value !== null && name in value

/** Errors while a connection was being made: of the socket, the look-up of the name, or undici. */
const isConnectError = (error: unknown): boolean => {
  if (hasProperty(error, "errors") && Array.isArray(error.errors) && error.errors.length > 0) {
    return error.errors.every(isConnectError)
  }
  if (hasProperty(error, "syscall")) return error.syscall === "connect" || error.syscall === "getaddrinfo"
  if (hasProperty(error, "code") && error.code === "UND_ERR_CONNECT_TIMEOUT") return true
  return hasProperty(error, "cause") && isConnectError(error.cause)
}

const days = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
const months = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
const time = "\\d\\d:\\d\\d:\\d\\d"
/** The three forms of RFC 9110, section 5.6.7; the last has no zone of its own. */
const dateForms = [
  new RegExp(`^(?:${days}), \\d\\d (?:${months}) \\d{4} ${time} GMT$`),
  new RegExp(`^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, \\d\\d-(?:${months})-\\d\\d ${time} GMT$`),
  new RegExp(`^(?:${days}) (?:${months}) [ \\d]\\d ${time} \\d{4}$`)
]

/** Milliseconds since 1970 of an HTTP date. */
const dateOf = (text: string | undefined): number | undefined => {
  if (text === undefined || !dateForms.some((form) => form.test(text))) return undefined
  const millis = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`)
  return Number.isFinite(millis) ? millis : undefined
}

/**
 * Milliseconds that `Retry-After` asks to wait, in seconds or as a date (RFC 9110, section 10.2.3). A date is compared with the answer's own
 * `Date` where there is one, so that no clock needs to be right. Nonsense and the past are ignored.
 *
 * @category computing
 */
export const retryAfterOf = (
  headers: { readonly [name: string]: string | undefined },
  now: number
): number | undefined => {
  const text = headers["retry-after"]?.trim()
  if (text !== undefined && /^\d{1,10}$/.test(text)) return Number(text) * 1000
  const date = dateOf(text)
  const wait = date === undefined ? 0 : date - (dateOf(headers["date"]) ?? now)
  return wait > 0 ? wait : undefined
}

/** No answer, or none that can be understood. */
const notAnswered = (
  request: HttpClientRequest.HttpClientRequest,
  told: Partial<Verdict> & { readonly message: string; readonly cause?: unknown }
): Verdict => {
  const executed = isRead(request) ? "no" : (told.executed ?? "unknown")
  const { cause, message, ...rest } = told
  return {
    isRetryable: true,
    isThrottled: false,
    wait: undefined,
    problem: undefined,
    isTried: true,
    ...rest,
    executed,
    failure: new Unavailable({
      executed: executed === "unknown" ? "unknown" : "no",
      message,
      ...(cause === undefined ? {} : { cause })
    })
  }
}

/** A request that failed without an answer, or with one that could not be read. @category conversions */
export const ofError = (
  request: HttpClientRequest.HttpClientRequest,
  error: HttpClientError.HttpClientError
): Verdict => {
  const { reason } = error
  const told = { message: error.message, cause: error }
  const unsent = { isRetryable: false, executed: "no" } as const
  if (reason.cause instanceof NotSent) {
    return { ...notAnswered(request, { ...told, ...unsent, isTried: false }), failure: reason.cause.failure }
  }
  if (reason._tag === "EncodeError" || reason._tag === "InvalidUrlError") {
    return notAnswered(request, { ...told, ...unsent })
  }
  if (reason._tag === "TransportError") {
    return isConnectError(error)
      ? notAnswered(request, { ...told, ...unsent, isRetryable: true })
      : notAnswered(request, told)
  }
  if (!(reason.cause instanceof AnswerTooLong)) return notAnswered(request, told)
  // What is too long now is too long next time; its status still says whether anything happened.
  const { status } = reason.response
  return notAnswered(request, { ...told, isRetryable: false, ...(isRefusal(status) ? { executed: "no" } : {}) })
}

/** Whether a status alone says that nothing was done. */
const isRefusal = (status: number): boolean => status >= 400 && status < 500 && !abandonedStatuses.has(status)

/** A success that cannot be read as an answer: to a command it is as good as a lost one. @category constructors */
export const misunderstood = (request: HttpClientRequest.HttpClientRequest, cause?: unknown): Verdict =>
  notAnswered(request, { message: "The answer could not be understood.", isRetryable: !isRead(request), cause })

const lastProblem = (
  { headers, status }: HttpClientResponse.HttpClientResponse,
  problem: ClientProblem.SeenProblem | undefined
): LastProblem => {
  const requestId = problem?.requestId ?? headers["x-request-id"]
  return {
    status,
    code: problem?.code ?? ClientProblem.codeOf(status),
    message: problem?.message ?? ClientProblem.statusSentence(status),
    ...(requestId === undefined ? {} : { requestId })
  }
}

/** An answer that is no success. @category conversions */
export const ofResponse = (
  request: HttpClientRequest.HttpClientRequest,
  response: HttpClientResponse.HttpClientResponse,
  body: string,
  now: number
): Verdict => {
  const { headers, status } = response
  const problem = ClientProblem.read(status, body)
  const wait = retryAfterOf(headers, now)
  const isInProgress = problem?.code === "idempotency_in_progress"
  const common = {
    isRetryable: (retryableStatuses.has(status) || isInProgress) && problem?.isRetryable !== false,
    isThrottled: status === 429 || status === 503,
    wait,
    problem: lastProblem(response, problem),
    isTried: true
  }
  const failure = ClientProblem.toFailure(status, problem)
  if (isRefusal(status) && !untouchedStatuses.has(status) && !isInProgress) {
    // Only what the register recorded is the answer for good. All else says of this attempt alone that it did nothing. A conflict of another
    // server may be one with an earlier attempt.
    const isAnswer = (status === 409 || status === 422) && problem?.isRegisters === true
    return { ...common, failure, executed: isAnswer ? "answered" : "no" }
  }
  const isUntouched =
    untouchedStatuses.has(status) ||
    (status === 408 && problem?.isRegisters === true) ||
    problem?.executed === "no" ||
    isRead(request)
  const executed = isUntouched ? "no" : "unknown"
  return {
    ...common,
    executed,
    failure: new Unavailable({
      executed,
      message: failure.message,
      ...(executed === "no" && problem?.code === "deadline_exceeded" ? { code: problem.code } : {}),
      ...(wait === undefined ? {} : { retryAfter: wait / 1000 })
    })
  }
}

/** What a call remembers of an attempt. @category running */
export const note = (call: Call, { isTried, problem }: Verdict): void => {
  if (isTried) call.attempts++
  if (problem !== undefined) call.problem = problem
}
