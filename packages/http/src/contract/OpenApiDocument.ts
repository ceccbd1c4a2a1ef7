/**
 * The OpenAPI document of the contract: what the generated one cannot say by itself. For the contract.
 */
import type { Context } from "effect"
import { OpenApi } from "effect/http-api"
import { ifMatchHeader } from "./Headers.ts"
import { maximumKeyLength } from "./IdempotencyKey.ts"
import { type Operation, type Scope, scopes } from "@effekten/services"

type Json = Record<string, any>

const scopeSentences: { readonly [S in Scope]: string } = {
  "investors:read": "Read investors, their identifications and wallets",
  "investors:write": "Create investors, their identifications and wallets",
  "investments:read": "Read investments, credits and redemptions",
  "investments:write": "Create investments, credits and redemptions",
  "documents:write": "Upload documents and read what is known of them"
}

/** An operation's sentence, scope, refusals and example, and whether it takes an idempotency key. @category services */
export const documented = (operation: Operation.Any, scope: Scope): Context.Context<never> =>
  OpenApi.annotations({
    summary: operation.summary,
    ...described(operation),
    transform: (generated) => ({
      ...generated,
      security: [{ oauth2: [scope] }],
      parameters: (generated["parameters"] as ReadonlyArray<Json>).map((parameter) =>
        operation._tag !== "Command" || parameter["in"] !== "header"
          ? parameter
          : headerParameter(parameter, operation.key)
      ),
      ...(operation._tag === "Command" && operation.body !== "none" && operation.body !== "file"
        ? { requestBody: withExample(generated["requestBody"], operation.example) }
        : {})
    })
  })

const described = ({ description, refusals }: Operation.Any): { readonly description?: string } => {
  const refused = refusals.length === 0 ? [] : [`Refused with ${refusals.map((code) => `\`${code}\``).join(", ")}.`]
  const sentences = [...(description === undefined ? [] : [description]), ...refused]
  return sentences.length === 0 ? {} : { description: sentences.join(" ") }
}

const withExample = (body: Json, example: unknown): Json => ({
  ...body,
  content: { ...body["content"], "application/json": { ...body["content"]["application/json"], example } }
})

const headerParameter = (parameter: Json, key: "required" | "optional"): Json =>
  parameter["name"] === ifMatchHeader
    ? {
        ...parameter,
        name: "If-Match",
        description:
          "The `ETag` of the object as it was seen, in quotes. If the object has changed since, nothing is done, and the answer is 412.",
        schema: { type: "string" }
      }
    : keyParameter(parameter, key)

const keyParameter = (parameter: Json, key: "required" | "optional"): Json => {
  const own = parameter["name"] === "x-idempotency-key"
  return {
    ...parameter,
    name: own ? "X-Idempotency-Key" : "Idempotency-Key",
    required: own && key === "required",
    description: own
      ? "The same key with the same request gives the same answer and no second effect. Idempotency-Key will do as well."
      : "The same as X-Idempotency-Key, as an RFC 8941 string or as it is.",
    schema: { type: "string", minLength: 1, maxLength: maximumKeyLength }
  }
}

/**
 * The generator names a schema by its encoded side and makes one problem for each status; a reader wants `Investor`, and one `Problem`.
 */
const withPlainNames = (generated: Json): Json => {
  const plain = (name: string): string => name.replace(/^(Problem)_\d+$|^(\w+)Encoded$/, "$1$2")
  const document: Json = JSON.parse(
    JSON.stringify(generated).replace(/(?<="#\/components\/schemas\/)\w+(?=")/g, (name) => plain(name))
  )
  const schemas = Object.entries<Json>(document["components"]["schemas"]).map(([name, schema]) => [plain(name), schema])
  return { ...document, components: { ...document["components"], schemas: Object.fromEntries(schemas) } }
}

/** Title, prefixes and the client credentials flow. @category services */
export const describe = (prefixes: ReadonlyArray<string>): Context.Context<never> =>
  OpenApi.annotations({
    title: "Distribution API",
    version: "2",
    description: "A register of digital securities, as distribution platforms use it.",
    servers: prefixes.map((url) => ({ url })),
    transform: (generated) => {
      const document = withPlainNames(generated)
      return {
        ...document,
        components: {
          ...document["components"],
          securitySchemes: {
            oauth2: {
              type: "oauth2",
              flows: {
                clientCredentials: {
                  tokenUrl: `${prefixes[0]}/oauth/token`,
                  scopes: Object.fromEntries(scopes.map((scope) => [scope, scopeSentences[scope]]))
                }
              }
            }
          }
        }
      }
    }
  })
