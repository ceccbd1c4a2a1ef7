/**
 * The OpenAPI document of the contract: what the generated one cannot say by itself. For the contract.
 */
import type { Context } from "effect"
import { OpenApi } from "effect/http-api"
import { defaultPageSize, maximumPageSize, type Operation, Scope } from "@effekten/services"
import { ifMatchHeader } from "./Headers.ts"
import * as OpenApiAnswers from "./OpenApiAnswers.ts"
import { plain } from "./OpenApiSchemas.ts"
import {
  fromMember,
  ifMatchParameter,
  ifNoneMatchParameter,
  introduction,
  type Json,
  keyParameters,
  scopeSentences,
  tagSentences,
  timeoutParameter
} from "./OpenApiWords.ts"

/** An operation's sentence, scope, refusals and example, and whether it takes an idempotency key. @category services */
export const documented = (operation: Operation.Any, scope: Scope): Context.Context<never> =>
  OpenApi.annotations({
    summary: operation.summary,
    ...described(operation),
    transform: (generated) => ({
      ...generated,
      security: [{ oauth2: [scope] }],
      parameters: parametersOf(operation, generated["parameters"] as ReadonlyArray<Json>),
      responses: OpenApiAnswers.ofOperation(operation, generated["responses"] as Json),
      ...(operation._tag === "Command" && operation.body !== "none" && operation.body !== "file"
        ? { requestBody: bodyOf(generated["requestBody"] as Json, operation) }
        : {})
    })
  })

/** A sentence of an endpoint of tokens, and its answers. @category services */
export const documentedToken = (summary: string): Context.Context<never> =>
  OpenApi.annotations({
    summary,
    transform: (generated) => ({
      ...generated,
      security: [],
      responses: OpenApiAnswers.ofToken(generated["responses"] as Json)
    })
  })

const described = ({ description, refusals }: Operation.Any): { readonly description?: string } => {
  const refused = refusals.length === 0 ? [] : [`Refused with ${refusals.map((code) => `\`${code}\``).join(", ")}.`]
  const sentences = [...(description === undefined ? [] : [description]), ...refused]
  return sentences.length === 0 ? {} : { description: sentences.join(" ") }
}

const bodyOf = (body: Json, { body: need, example }: Operation.Any & { readonly _tag: "Command" }): Json => ({
  ...body,
  required: need !== "optional",
  content: { ...body["content"], "application/json": { ...body["content"]["application/json"], example } }
})

const ofQuery: { readonly [name: string]: Json } = {
  limit: {
    description: "Results of a page at most.",
    schema: { type: "integer", minimum: 1, maximum: maximumPageSize, default: defaultPageSize }
  },
  campaign_id: { description: "Those of this campaign alone." },
  investor_id: { description: "Those of this investor alone." },
  kyc_status: { description: "Those with this status alone." },
  product_id: { description: "Those of this product alone." },
  receiving_enabled: { description: "Those that receive units from others, or those that do not." },
  status: { description: "Those with this status alone." },
  type: { description: "Those of this type alone." },
  cursor: { description: fromMember["cursor"] },
  after: { description: fromMember["after"] }
}

const parametersOf = (operation: Operation.Any, generated: ReadonlyArray<Json>): ReadonlyArray<Json> => [
  ...generated
    .filter((each) => each["in"] !== "header")
    .map((each) => (each["in"] === "path" ? each : { ...each, ...ofQuery[each["name"] as string] })),
  ...(operation._tag === "Command" ? keyParameters(operation.key) : []),
  ...(generated.some((each) => each["name"] === ifMatchHeader) ? [ifMatchParameter] : []),
  ...(operation._tag === "Read" ? [ifNoneMatchParameter] : []),
  timeoutParameter
]

/**
 * The generator names a schema by its encoded side and makes one problem for each status; a reader wants `Investor`, and one `Problem`.
 */
const withPlainNames = (generated: Json): Json => {
  const named = (name: string): string => name.replace(/^(Problem)_\d+$|^(\w+)Encoded$/, "$1$2")
  const document: Json = JSON.parse(
    JSON.stringify(generated).replace(/(?<="#\/components\/schemas\/)\w+(?=")/g, (name) => named(name))
  )
  const schemas = Object.entries<Json>(document["components"]["schemas"]).map(([name, schema]) => [
    named(name),
    plain(schema)
  ])
  return { ...document, components: { ...document["components"], schemas: Object.fromEntries(schemas) } }
}

/** Gives each page of a list a name, such as `InvestorPage`. */
const withPages = (document: Json): Json => {
  const pages: Json = {}
  for (const methods of Object.values<Json>(document["paths"])) {
    const content: Json | undefined = methods["get"]?.responses["200"]?.content?.["application/json"]
    const item: string | undefined = content?.["schema"].properties?.results?.items.$ref
    if (content === undefined || item === undefined) continue
    const name = `${item.split("/").at(-1)}Page`
    pages[name] = plain(content["schema"])
    content["schema"] = { $ref: `#/components/schemas/${name}` }
  }
  const { schemas, ...components } = document["components"]
  return { ...document, components: { ...components, schemas: { ...schemas, ...pages } } }
}

/** What is for issuers answers under one prefix. */
const ofIssuers = (paths: Json, url: string): Json =>
  Object.fromEntries(
    Object.entries<Json>(paths).map(([path, operations]) => [
      path,
      path.startsWith("/issuer/")
        ? Object.fromEntries(
            Object.entries<Json>(operations).map(([method, told]) => [method, { ...told, servers: [{ url }] }])
          )
        : operations
    ])
  )

/** Title, prefixes and the client credentials flow. @category services */
export const describe = (prefixes: ReadonlyArray<string>): Context.Context<never> =>
  OpenApi.annotations({
    title: "Distribution API",
    version: "2",
    description: introduction,
    license: { name: "MIT", identifier: "MIT" },
    servers: prefixes.map((url) => ({ url })),
    transform: (generated) => {
      const document = withPages(withPlainNames(generated))
      return {
        ...document,
        paths: ofIssuers(document["paths"] as Json, prefixes[0]!),
        tags: (document["tags"] as ReadonlyArray<Json>).map((tag) => ({
          ...tag,
          description: tagSentences[tag["name"] as string]
        })),
        components: {
          ...document["components"],
          ...OpenApiAnswers.componentsFor(document["paths"] as Json),
          securitySchemes: {
            oauth2: {
              type: "oauth2",
              flows: {
                clientCredentials: {
                  tokenUrl: `${prefixes[0]}/oauth/token`,
                  scopes: Object.fromEntries(Scope.literals.map((scope) => [scope, scopeSentences[scope]]))
                }
              }
            }
          }
        }
      }
    }
  })
