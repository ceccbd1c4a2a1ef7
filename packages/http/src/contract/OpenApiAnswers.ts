/**
 * The answers in the OpenAPI document: every status, with its headers, and the problems that it can mean. For the document.
 */
import { Refusal } from "@effekten/domain"
import type { Operation } from "@effekten/services"
import { answerHeaders, type Json } from "./OpenApiWords.ts"
import { exampleOf, problemMediaType } from "./Problem.ts"
import { edgeProblems, problemTypes } from "./ProblemTypes.ts"

const componentOf = (header: string): string => header.replaceAll("-", "")

const headersOf = (names: ReadonlyArray<string>): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${componentOf(name)}` }]))

const always = ["X-Request-Id", "X-Correlation-Id", "RateLimit", "RateLimit-Policy"]

/** Headers of a problem, besides, by its status. */
const ofStatus: { readonly [status: number]: ReadonlyArray<string> } = {
  400: ["X-Ignored-Members"],
  401: ["WWW-Authenticate"],
  403: ["WWW-Authenticate"],
  404: ["X-Ignored-Members"],
  405: ["Allow"],
  409: ["Idempotent-Replayed", "Answer-Version", "X-Ignored-Members", "Retry-After"],
  422: ["X-Ignored-Members"],
  429: ["Retry-After"],
  500: ["X-Ignored-Members"],
  503: ["X-Ignored-Members", "Retry-After"]
}

const codesOf = (status: number): ReadonlyArray<string> =>
  Object.entries(edgeProblems)
    .filter(([, told]) => told.status === status)
    .map(([code]) => code)

const problemResponse = (status: number, codes: ReadonlyArray<string>): Json => ({
  description: codes.map((code) => `[\`${code}\`](/problems/${code}) ${problemTypes[code]!.meaning}`).join("\n\n"),
  headers: headersOf([...always, "Link", ...(ofStatus[status] ?? [])]),
  content: {
    [problemMediaType]: {
      schema: { $ref: "#/components/schemas/Problem" },
      examples: Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]))
    }
  }
})

/** What any request can be refused with, whatever it asks for. */
const anyStatus = [...new Set(Object.values(edgeProblems).map(({ status }) => status))].toSorted()

const shared = (status: number): Json => ({ $ref: `#/components/responses/Problem${status}` })

/** What a refusal of the register comes as: an object that is read and is not there is a 404, whatever its code. */
const statusOf = (operation: Operation.Any, code: Refusal.Code): number =>
  operation._tag === "Command" ? Refusal.byCode[code].class : 404

/** The problems that an operation answers with. */
const problemsOf = (operation: Operation.Any): Json => {
  const own = new Map<number, Array<string>>()
  const add = (status: number, code: string) => own.set(status, [...(own.get(status) ?? []), code])
  for (const code of operation.refusals) add(statusOf(operation, code), code)
  if (operation._tag === "Command") add(422, "idempotency_key_reused")
  return Object.fromEntries([
    ...anyStatus.map((status) => [status, shared(status)]),
    ...Array.from(own, ([status, codes]) => [status, problemResponse(status, [...codesOf(status), ...codes])])
  ])
}

const ofSuccess = (operation: Operation.Any, status: string): ReadonlyArray<string> => [
  ...always,
  "Answer-Version",
  ...(operation._tag === "Command" ? ["Idempotent-Replayed"] : []),
  ...(operation._tag === "List" ? [] : ["ETag"]),
  ...(operation._tag === "Command" && operation.body !== "file" ? ["X-Ignored-Members"] : []),
  ...(status === "201" ? ["Location"] : [])
]

/** All answers of an operation. @category conversions */
export const ofOperation = (operation: Operation.Any, generated: Json): Json => ({
  ...Object.fromEntries(
    Object.entries<Json>(generated)
      .filter(([status]) => Number(status) < 400)
      .map(([status, response]) => [
        status,
        {
          ...response,
          description: status === "201" ? "It is created." : "It is shown.",
          headers: headersOf(ofSuccess(operation, status)),
          ...(operation._tag === "Read" && operation.text !== undefined
            ? { content: { ...response["content"], "text/plain": { schema: { type: "string" } } } }
            : {})
        }
      ])
  ),
  ...(operation._tag === "Read"
    ? { 304: { description: "The client has it as it is.", headers: headersOf(ofSuccess(operation, "304")) } }
    : {}),
  ...problemsOf(operation)
})

/** All answers of an endpoint of tokens: errors of its own, and problems of requests that do not get there. @category conversions */
export const ofToken = (generated: Json): Json => {
  const sentence = (status: string) => (Number(status) < 400 ? "Done." : "Refused, in the words of RFC 6749 §5.2.")
  const headers = (status: string) =>
    headersOf(["X-Request-Id", "X-Correlation-Id", ...(ofStatus[Number(status)] ?? [])])
  return {
    ...Object.fromEntries(
      anyStatus.filter((status) => ![403, 404, 412].includes(status)).map((status) => [status, shared(status)])
    ),
    ...Object.fromEntries(
      Object.entries<Json>(generated)
        .filter(([status]) => status !== "500" && status !== "503")
        .map(([status, { content, ...response }]) => [
          status,
          {
            ...response,
            description: sentence(status),
            headers: headers(status),
            ...(content === undefined ? {} : { content: { ...content, ...orProblem(Number(status)) } })
          }
        ])
    )
  }
}

const orProblem = (status: number): Json =>
  status < 400 ? {} : { [problemMediaType]: { schema: { $ref: "#/components/schemas/Problem" } } }

const responses: Json = Object.fromEntries(
  anyStatus.map((status) => [`Problem${status}`, problemResponse(status, codesOf(status))])
)

/** What the answers refer to. @category conversions */
export const componentsFor = (paths: Json): Json => {
  const text = JSON.stringify([paths, responses])
  const used = Object.entries(problemTypes).filter(([code]) => text.includes(`"#/components/examples/${code}"`))
  return {
    headers: Object.fromEntries(Object.entries(answerHeaders).map(([name, header]) => [componentOf(name), header])),
    responses,
    examples: Object.fromEntries(
      used.map(([code, { meaning }]) => [code, { summary: meaning, value: exampleOf(code) }])
    )
  }
}
