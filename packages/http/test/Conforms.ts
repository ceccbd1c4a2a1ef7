/**
 * Whether an answer is one that the OpenAPI document says: status, media type, body and headers. For the tests, each of whose answers is
 * held to the document.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import formats from "ajv-formats"
import { OpenApi } from "effect/http-api"
import { DistributionApi, prefixes } from "../src/index.ts"
import { type Answered, observe } from "./Answers.ts"

type Json = Record<string, any>

export interface Exchanged {
  readonly method: string
  /** With prefix and query. */
  readonly path: string
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly text: string
}

export const document = OpenApi.fromApi(DistributionApi) as unknown as Json

const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true })
// The module is CommonJS: its types and its value differ.
;(formats as unknown as (ajv: Ajv2020) => void)(ajv)
ajv.addFormat("binary", true)
ajv.addSchema(document, "api")

const segment = (name: string): string => encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"))
const at = (...names: ReadonlyArray<string>): string => `api#${names.map((name) => `/${segment(name)}`).join("")}`

const compiled = new Map<string, ValidateFunction>()
/** The check of what stands at a place of the document. */
export const validatorAt = (...names: ReadonlyArray<string>): ValidateFunction => {
  const ref = at(...names)
  const known = compiled.get(ref) ?? ajv.compile({ $ref: ref })
  compiled.set(ref, known)
  return known
}

const paths = Object.keys(document["paths"]).map((template) => ({
  template,
  pattern: new RegExp(`^${template.replace(/\/$/, "").replace(/\{\w+\}/g, "[^/]+")}/?$`)
}))

/** The path of the document that is meant, the one with the fewest ids if several fit; `undefined` beside the API. */
export const templateOf = (path: string): string | undefined => {
  const [bare = ""] = path.split("?")
  const prefix = [...prefixes].toReversed().find((each) => bare.startsWith(`${each}/`))
  if (prefix === undefined) return undefined
  const fitting = paths.filter(({ pattern }) => pattern.test(bare.slice(prefix.length)))
  return fitting.toSorted((a, b) => a.template.split("{").length - b.template.split("{").length)[0]?.template
}

const resolved = (names: ReadonlyArray<string>): readonly [Json | undefined, ReadonlyArray<string>] => {
  const found = names.reduce((node: Json | undefined, name) => node?.[name], document)
  const ref: string | undefined = found?.["$ref"]
  return ref === undefined ? [found, names] : resolved(ref.slice(2).split("/"))
}

/** Headers that the document knows: where one is sent, the answer must name it. */
const known: ReadonlyArray<string> = Object.keys(document["components"].headers)
const componentOf = (header: string): string => header.replaceAll("-", "").toLowerCase()

/** What the document does not say of an answer. Nothing, if all is well. */
export const violations = ({ headers, method, path, status, text }: Exchanged): ReadonlyArray<string> => {
  const template = templateOf(path)
  const operation = method === "HEAD" ? "get" : method.toLowerCase()
  if (template === undefined || document["paths"][template][operation] === undefined) return []
  const [response, place] = resolved(["paths", template, operation, "responses", String(status)])
  if (response === undefined) return [`status ${status} is not in the document`]
  const named = Object.keys(response["headers"] ?? {}).map(componentOf)
  const unnamed = Object.keys(headers)
    .map(componentOf)
    .filter((name) => known.some((each) => each.toLowerCase() === name) && !named.includes(name))
    .map((name) => `header ${name} is not in the document`)
  if (method === "HEAD" || status === 304) return unnamed
  const mediaType = (headers["content-type"] ?? "").split(";")[0]!
  if (response["content"] === undefined) return text === "" ? unnamed : [...unnamed, "a body is not in the document"]
  if (response["content"][mediaType] === undefined)
    return [...unnamed, `a body of type "${mediaType}" is not in the document`]
  const validate = validatorAt(...place, "content", mediaType, "schema")
  const valid = validate(mediaType.endsWith("json") ? JSON.parse(text) : text)
  return [
    ...unnamed,
    ...(valid ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`))
  ]
}

/** Fails where an answer is not what the document says. */
export const expectConforming = (exchanged: Exchanged): void => {
  const found = violations(exchanged)
  if (found.length > 0)
    throw new Error(`${exchanged.method} ${exchanged.path} ${exchanged.status}: ${found.join("; ")}\n${exchanged.text}`)
}

const answers: Array<Answered> = []
observe((answered) => answers.push(answered))

/** Fails where a server of this process has given an answer that is not what the document says. */
export const expectAllConforming = (port: number): void => {
  for (const answered of answers) if (answered.port === port) expectConforming(answered)
}
