/**
 * `/openapi.json`, `/docs` and `/problems`: made when they are first asked for, compressed once, kept by clients. For the server.
 *
 * They are the only answers that may be kept: they say nothing of a register, but for a sandbox.
 */
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { OpenApi } from "effect/http-api"
import { createHash } from "node:crypto"
import { promisify } from "node:util"
import { brotliCompress, constants, gzip } from "node:zlib"
import { type DistributionApi, prefixes } from "../contract/Contract.ts"
import type { Json } from "../contract/OpenApiWords.ts"
import { problemTypes } from "../contract/ProblemTypes.ts"
import { paths } from "./Acceptable.ts"
import * as DocsAssets from "./DocsAssets.ts"
import * as DocsPage from "./DocsPage.ts"
import * as EntityTag from "./EntityTag.ts"
import { type Exchange, refusal } from "./Exchange.ts"
import { weightsOf } from "./Preference.ts"
import * as ProblemPages from "./ProblemPages.ts"
import type { Route } from "./Table.ts"

/** Scripts and styles of this server, requests to this server, and nothing else. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const html = "text/html; charset=utf-8"

/** For an hour; then it is asked for again, and most of the time not sent again. */
const keeping = "public, max-age=3600"

const compressions = {
  // Of the page, a tenth more than at the highest quality, in a thirtieth of the time.
  br: (bytes: Uint8Array) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } }),
  gzip: (bytes: Uint8Array) => promisify(gzip)(bytes),
  identity: (bytes: Uint8Array) => Promise.resolve(bytes)
} as const

type Coding = keyof typeof compressions

/**
 * The coding that a client prefers of those that are at hand, ours first where it has no preference (RFC 9110 §12.5.3). A client that
 * accepts none of them gets the text as it is.
 */
const codingFor = (accepted: string | undefined): Coding => {
  const weights = weightsOf(accepted)
  const weightOf = (coding: Coding): number =>
    weights.get(coding) ?? weights.get("*") ?? (coding === "identity" ? Number.MIN_VALUE : 0)
  const best = (["br", "gzip", "identity"] as const).reduce((best, coding) =>
    weightOf(coding) > weightOf(best) ? coding : best
  )
  return weightOf(best) > 0 ? best : "identity"
}

/** A text in all codings, each made once. */
const page = (contentType: string, text: Effect.Effect<string>, caching: string = keeping) =>
  Effect.gen(function* () {
    const bytes = yield* Effect.cached(Effect.map(text, (text) => new TextEncoder().encode(text)))
    const coded = (coding: Coding) =>
      Effect.cached(
        Effect.gen(function* () {
          const plain = yield* bytes
          const digest = createHash("sha256").update(plain).digest("base64url").slice(0, 22)
          return { body: yield* Effect.promise(() => compressions[coding](plain)), tag: `${digest}-${coding}` }
        })
      )
    const made = { br: yield* coded("br"), gzip: yield* coded("gzip"), identity: yield* coded("identity") }
    return Effect.fnUntraced(function* ({ request: { headers } }: Exchange) {
      const coding = codingFor(headers["accept-encoding"])
      const { body, tag } = yield* made[coding]
      const about = {
        "cache-control": caching,
        "content-security-policy": policy,
        etag: EntityTag.toHeader(tag),
        vary: "accept-encoding"
      }
      if (EntityTag.isKnown(headers["if-none-match"], tag))
        return HttpServerResponse.empty({ status: 304, headers: about })
      return HttpServerResponse.uint8Array(body, {
        contentType,
        headers: { ...about, ...(coding === "identity" ? {} : { "content-encoding": coding }) }
      })
    })
  })

const get = (path: string, answer: Route["answer"]): Route => ({ method: "GET", path, isId: () => true, answer })

/** Pages name one another by their paths below a mount. */
const linking =
  (mount: string) =>
  (text: string): string =>
    mount === "" ? text : text.replaceAll(/(href|src)="\//g, `$1="${mount}/`)

/** The document names the paths under which the API is mounted. */
const located = (document: Json, mount: string): Json => {
  const [own] = prefixes
  return mount === "" ? document : JSON.parse(JSON.stringify(document).replaceAll(`"${own}`, `"${mount}${own}`))
}

/** The pages of the problems, by code. */
const problemPages = (linked: (text: string) => string) =>
  Effect.map(
    Effect.forEach(Object.entries(problemTypes), ([code, told]) =>
      Effect.map(
        page(
          html,
          Effect.sync(() => linked(ProblemPages.ofType(code, told)))
        ),
        (answer) => [code, answer] as const
      )
    ),
    (pages) => new Map(pages)
  )

const missing = (exchange: Exchange) =>
  Effect.succeed(refusal({ code: "not_found", detail: "There is no such type of problem." }, exchange))

/** The pages of a server, or of a mount. @category constructors */
export const make = Effect.fnUntraced(function* (
  api: typeof DistributionApi,
  sandbox: DocsPage.Sandbox | undefined,
  mount: string
) {
  const linked = linking(mount)
  const document = yield* Effect.cached(Effect.sync(() => located(OpenApi.fromApi(api) as unknown as Json, mount)))
  const docs = Effect.map(document, (document) => linked(DocsPage.ofDocument(document, sandbox)))
  const problems = yield* problemPages(linked)
  return [
    get(paths.openApi, yield* page("application/json", Effect.map(document, JSON.stringify))),
    // No cache keeps the credentials of a sandbox.
    get(paths.docs, yield* page(html, docs, sandbox === undefined ? keeping : "no-store")),
    get(paths.script, yield* page("text/javascript", Effect.succeed(DocsAssets.script))),
    get(paths.style, yield* page("text/css", Effect.succeed(DocsAssets.style))),
    get(
      paths.problems,
      yield* page(
        html,
        Effect.sync(() => linked(ProblemPages.ofAll()))
      )
    ),
    get(paths.problem, (exchange, [code = ""]) => (problems.get(code) ?? missing)(exchange))
  ]
})
