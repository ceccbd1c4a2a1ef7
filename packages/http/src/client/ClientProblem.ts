/**
 * Reading an error of the server, this one's or another's. For the client. A member that is not understood never hides the others.
 *
 * Understood are problem details (RFC 9457), the errors of Django REST framework, `{"field": ["…"]}`, `non_field_errors` and `detail`, and
 * those of OAuth, `error` and `error_description`.
 */
import { Checking, Details, failureCode, MemberError, NotFound, Rejection } from "@effekten/services"
import { Option, Schema } from "effect"

/** What an error of a server says, as far as it is understood. @category models */
export interface SeenProblem {
  readonly code: string
  readonly message: string
  readonly isRetryable: boolean | undefined
  readonly requestId: string | undefined
  readonly executed: "no" | "unknown" | undefined
  readonly errors: ReadonlyArray<MemberError> | undefined
  readonly details: Details | undefined
  /** The register's own words: what it refuses under a key, it has recorded. */
  readonly isRegisters: boolean
}

const typePrefix = "urn:effekten:problem:"

interface Body {
  readonly [name: string]: unknown
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Body => typeof value === "object" && value !== null && !Array.isArray(value)

const textOf = (value: unknown): string | undefined => {
  if (typeof value === "string") return value === "" ? undefined : value
  if (!Array.isArray(value)) return undefined
  const texts = value.filter((each) => typeof each === "string")
  return texts.length === 0 ? undefined : texts.join(" ")
}

/** How deep the errors of members are looked for. */
const maximumDepth = 8

/** Errors of members as Django REST framework tells them: texts in lists, under the names and numbers of the members. */
const collect = (value: unknown, path: ReadonlyArray<PropertyKey>, found: Array<MemberError>): void => {
  if (found.length >= Checking.maximumErrors || path.length > maximumDepth) return
  if (typeof value === "string") {
    found.push({ pointer: Checking.pointerOf(path), code: "invalid_value", message: value })
  } else if (Array.isArray(value)) {
    for (const [at, each] of value.entries()) collect(each, typeof each === "string" ? path : [...path, at], found)
  } else if (isObject(value)) {
    for (const [name, each] of Object.entries(value)) {
      collect(each, name === "non_field_errors" ? path : [...path, name], found)
    }
  }
}

/** The errors of a body that is such a tree: every member holds a list or an object, and some text is in it. */
const memberErrorsIn = (body: Body): ReadonlyArray<MemberError> | undefined => {
  if (!Object.values(body).every((value) => typeof value === "object" && value !== null)) return undefined
  const found: Array<MemberError> = []
  collect(body, [], found)
  return found.length === 0 ? undefined : found
}

const decodeErrors = Schema.decodeUnknownOption(Schema.Array(MemberError))
const decodeDetails = Schema.decodeUnknownOption(Details)

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

const detailsIn = (body: Body): Details | undefined =>
  Option.getOrUndefined(
    Option.map(decodeDetails(body["details"]), (details) =>
      Object.fromEntries(Object.entries(details).map(([name, value]) => [camelCase(name), value]))
    )
  )

const errorsIn = (body: Body): ReadonlyArray<MemberError> | undefined => {
  const { errors } = body
  if (errors === undefined) return undefined
  return Option.getOrUndefined(decodeErrors(errors)) ?? (isObject(errors) ? memberErrorsIn(errors) : undefined)
}

const isRegistersType = (type: unknown): type is string => typeof type === "string" && type.startsWith(typePrefix)

/** The code of a problem, or the last part of its type, or what OAuth calls `error`. */
const codeIn = ({ code, error, type }: Body): string | undefined =>
  typeof code === "string" && code !== ""
    ? code
    : isRegistersType(type)
      ? type.slice(typePrefix.length)
      : typeof error === "string" && error !== ""
        ? error
        : undefined

const executedIn = ({ executed }: Body): "no" | "unknown" | undefined =>
  executed === "no" || executed === "unknown" ? executed : undefined

/** The code of an answer that has none. @category conversions */
export const codeOf = (status: number): string =>
  status === 401 ? "unauthorized" : status === 404 ? "not_found" : `http_${status}`

/** What is said where the server says nothing. @category conversions */
export const statusSentence = (status: number): string => `The server answered with status ${status}.`

/** What the body of an answer with this status says; `undefined` where it says nothing. @category conversions */
export const read = (status: number, text: string): SeenProblem | undefined => {
  const body = parsed(text)
  const nothing = {
    isRetryable: undefined,
    requestId: undefined,
    executed: undefined,
    details: undefined,
    isRegisters: false
  }
  if (!isObject(body)) {
    const message = textOf(body)
    return Array.isArray(body) && message !== undefined
      ? { ...nothing, code: codeOf(status), message, errors: undefined }
      : undefined
  }
  const code = codeIn(body)
  const said =
    textOf(body["detail"]) ??
    [body["error_description"], body["message"], body["title"]].find((each) => typeof each === "string" && each !== "")
  if (code === undefined && said === undefined) {
    const errors = memberErrorsIn(body)
    return errors === undefined
      ? undefined
      : {
          ...nothing,
          code: status === 400 ? "invalid_request" : codeOf(status),
          message: "The request is not valid.",
          errors
        }
  }
  return {
    code: code ?? codeOf(status),
    message: typeof said === "string" ? said : statusSentence(status),
    isRetryable: typeof body["retryable"] === "boolean" ? body["retryable"] : undefined,
    requestId: textOf(body["request_id"]),
    executed: executedIn(body),
    errors: errorsIn(body),
    details: detailsIn(body),
    isRegisters: isRegistersType(body["type"])
  }
}

/** The refusal or the missing object that an answer speaks of. @category conversions */
export const toFailure = (status: number, problem: SeenProblem | undefined): Rejection | NotFound => {
  const message = problem?.message ?? statusSentence(status)
  if (status === 404) {
    return new NotFound({ code: failureCode(problem?.code ?? codeOf(status)), message })
  }
  return new Rejection({
    code: failureCode(problem?.code ?? codeOf(status)),
    status,
    message,
    ...(problem?.errors === undefined ? {} : { errors: problem.errors }),
    ...(problem?.details === undefined ? {} : { details: problem.details })
  })
}
