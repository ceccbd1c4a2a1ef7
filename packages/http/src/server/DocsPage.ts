/**
 * `/docs`: the API on one page, to read and to try. For the documentation of the server. All of it comes from the OpenAPI document; the script
 * beside it sends what a reader has filled in.
 */
import type { Json } from "../contract/OpenApiWords.ts"
import { pageOf } from "../contract/ProblemTypes.ts"
import { paths } from "./Acceptable.ts"
import { escaped, page, prose, sentence } from "./Html.ts"

/** What the page fills in: credentials of a client that everybody may have, and objects that it may use. @category models */
export interface Sandbox {
  readonly clientId: string
  readonly clientSecret: string
  readonly campaignId: string
  readonly productId: string
}

/** The calls of the guide, in order. */
const guide = [
  "investors.create",
  "documents.upload",
  "investors.identify",
  "wallets.createManaged",
  "investments.create",
  "credits.create",
  "investments.get",
  "redemptions.create"
]

const maximumRows = 12

const typeOf = (schema: Json): string => {
  const ref: string | undefined = schema["$ref"]
  if (ref !== undefined) return ref.split("/").at(-1)!
  if (Array.isArray(schema["anyOf"])) return (schema["anyOf"] as ReadonlyArray<Json>).map(typeOf).join(" or ")
  if (schema["type"] === "array") return `array of ${typeOf(schema["items"] as Json)}`
  return [schema["type"] as unknown, schema["format"] as unknown].flat().filter(Boolean).join(", ")
}

const resolved = (schema: Json, document: Json): Json =>
  schema["$ref"] === undefined
    ? schema
    : (schema["$ref"] as string)
        .slice(2)
        .split("/")
        .reduce((node, name) => node[name] as Json, document)

/** A row for each member; what is within a member is indented below it. */
const members = (given: Json, document: Json, depth = 0): string => {
  const schema = resolved(given, document)
  const inner = schema["anyOf"]?.find((each: Json) => each["properties"] !== undefined) ?? schema
  const { properties = {}, required = [] } = (inner["items"] ?? inner) as Json
  return Object.entries<Json>(properties as Json)
    .map(([name, each]) => {
      const need = (required as ReadonlyArray<string>).includes(name) ? "" : " <i>optional</i>"
      const row = `<tr><td class="in${depth}"><code>${name}</code>${need}</td><td>${escaped(typeOf(each))}</td><td>${sentence(each["description"] ?? "")}</td></tr>`
      return depth < 2 ? row + members(each, document, depth + 1) : row
    })
    .join("")
}

const table = (title: string, schema: Json | undefined, document: Json): string =>
  schema === undefined
    ? ""
    : `<details><summary>${title}</summary><table>${members(schema, document)}</table></details>`

const input = (name: string, label: string): string =>
  `<label>${escaped(label)} <input name="${escaped(name)}" autocomplete="off" spellcheck="false"></label>`

const bodyField = (content: Json | undefined): string => {
  if (content?.["multipart/form-data"] !== undefined)
    return '<label>File <input name="file" type="file"></label> <small>Without a file, three bytes are sent.</small>'
  const example: unknown = content?.["application/json"]?.example
  if (example === undefined) return ""
  const text = JSON.stringify(example, undefined, 2)
  const rows = Math.min(text.split("\n").length, maximumRows)
  return `<textarea name="body" rows="${rows}" spellcheck="false" aria-label="Body">${escaped(text)}</textarea>`
}

const codesOf = (responses: Json, document: Json): ReadonlyArray<string> => [
  ...new Set(
    Object.entries<Json>(responses)
      .filter(([, response]) => response["$ref"] === undefined)
      .flatMap(([, response]) => Object.keys(response["content"]?.["application/problem+json"]?.examples ?? {}))
      .filter((code) => document["components"].examples[code] !== undefined)
  )
]

const operation = (method: string, path: string, told: Json, document: Json): string => {
  const id = told["operationId"] as string
  const content: Json | undefined = told["requestBody"]?.content
  const parameters = told["parameters"] as ReadonlyArray<Json>
  const fields = parameters
    .filter((each) => each["in"] !== "header" || each["name"] === "X-Idempotency-Key")
    .map((each) => input(`${each["in"]}:${each["name"]}`, each["name"] as string))
  const key = parameters.some(({ name }) => name === "X-Idempotency-Key")
  const [status, success] = Object.entries<Json>(told["responses"] as Json)[0]!
  const problems = codesOf(told["responses"] as Json, document).map((code) => `<a href="${pageOf(code)}">${code}</a>`)
  const refused = problems.length === 0 ? "" : `<p class="refused">Refused with ${problems.join(" ")}</p>`
  const scope: string = told["security"][0]?.oauth2[0] ?? ""
  return `<details class="call" id="${id}"><summary><b>${method.toUpperCase()}</b> <code>${path}</code> ${sentence(told["summary"])}</summary>
<p><small>scope <code>${scope}</code></small></p>
<form data-method="${method.toUpperCase()}" data-path="${path}">
<div class="fields">${fields.join(" ")}</div>
${bodyField(content)}
<p><button>Send</button>${key ? ' <button type="button" class="key">New key</button>' : ""}</p>
<output></output></form>
${refused}
${table("Members of the body", content?.["application/json"]?.schema, document)}
${table(`Members of the answer (${status})`, success["content"]?.["application/json"]?.schema, document)}
</details>`
}

const token = (sandbox: Sandbox | undefined): string => `<form id="token"><h2>Token</h2>
<label>Client <input name="client_id" value="${escaped(sandbox?.clientId ?? "")}" autocomplete="off"></label>
<label>Secret <input name="client_secret" type="password" value="${escaped(sandbox?.clientSecret ?? "")}" autocomplete="off"></label>
<button>Get a token</button> <output></output>
${sandbox === undefined ? "" : "<p><small>This is a sandbox: its own client is filled in.</small></p>"}</form>`

/** The page of a document. @category conversions */
export const ofDocument = (document: Json, sandbox: Sandbox | undefined): string => {
  const calls = Object.entries<Json>(document["paths"]).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, told]) => ({ method, path, told }))
  )
  const titled = new Map(calls.map(({ told }) => [told["operationId"] as string, told["summary"] as string]))
  const steps = guide
    .filter((id) => titled.has(id))
    .map((id) => `<li><a href="#${id}">${escaped(titled.get(id)!)}</a></li>`)
  const groups = (document["tags"] as ReadonlyArray<Json>).map(({ description, name }) => {
    const own = calls.filter(({ told }) => told["tags"].includes(name) && name !== "oauth")
    return own.length === 0
      ? ""
      : `<h2>${escaped(name)}</h2><p>${sentence(description ?? "")}</p>${own.map(({ method, path, told }) => operation(method, path, told, document)).join("\n")}`
  })
  const settings = {
    prefix: document["servers"][0].url as string,
    ...(sandbox === undefined ? {} : { campaign_id: sandbox.campaignId, product_id: sandbox.productId })
  }
  return page(
    document["info"].title as string,
    `<main data-settings="${escaped(JSON.stringify(settings))}"><h1>${escaped(document["info"].title)}</h1>
${prose(document["info"].description)}
<ol>${steps.join("")}</ol>
<p>The page remembers the ids of answers, and fills them in below. <a href="${paths.openApi}">OpenAPI document</a> · <a href="${paths.problems}">Problems</a></p>
${token(sandbox)}
${groups.join("\n")}</main>`,
    paths.script
  )
}
