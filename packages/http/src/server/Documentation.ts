/**
 * `/openapi.json`, `/docs` and `/problems`: made when they are first asked for, compressed once, kept by clients. For the server.
 *
 * They are the only answers that may be kept: they say nothing of a register.
 */
import { Effect } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiSwagger, OpenApi } from "effect/http-api"
import { createHash } from "node:crypto"
import { promisify } from "node:util"
import { brotliCompress, constants, gzip } from "node:zlib"
import type { DistributionApi } from "../contract/Contract.ts"
import { problemTypes } from "../contract/ProblemTypes.ts"
import { paths } from "./Acceptable.ts"
import * as EntityTag from "./EntityTag.ts"
import { Exchange, Refused, refusal } from "./Exchange.ts"
import * as ProblemPages from "./ProblemPages.ts"

const policy =
  "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"

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
  const weights = new Map(
    (accepted ?? "").split(",").map((part) => {
      const [name = "", ...parameters] = part.toLowerCase().split(";")
      const weight = parameters.map((each) => /^\s*q=([\d.]+)\s*$/.exec(each)?.[1]).find((each) => each !== undefined)
      return [name.trim(), Number(weight ?? 1)] as const
    })
  )
  const weightOf = (coding: Coding): number =>
    weights.get(coding) ?? weights.get("*") ?? (coding === "identity" ? Number.MIN_VALUE : 0)
  const best = (["br", "gzip", "identity"] as const).reduce((best, coding) =>
    weightOf(coding) > weightOf(best) ? coding : best
  )
  return weightOf(best) > 0 ? best : "identity"
}

/** A text in all codings, each made once. */
const page = (contentType: string, text: Effect.Effect<string>) =>
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
    return Effect.gen(function* () {
      const { headers } = yield* HttpServerRequest.HttpServerRequest
      const coding = codingFor(headers["accept-encoding"])
      const { body, tag } = yield* made[coding]
      const about = {
        "cache-control": keeping,
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

/** The page as its library serves it. Its code is large, and is loaded for the first reader only. */
const pageOf = (api: typeof DistributionApi): Effect.Effect<string> =>
  Effect.gen(function* () {
    const app = yield* HttpRouter.toHttpEffect(HttpApiSwagger.layer(api, { path: paths.docs }))
    const asked = HttpServerRequest.fromWeb(new Request(`http://localhost${paths.docs}`))
    const response = yield* Effect.provideService(app, HttpServerRequest.HttpServerRequest, asked)
    return yield* Effect.promise(() => HttpServerResponse.toWeb(response).text())
  }).pipe(Effect.scoped, Effect.orDie)

/** @category layers */
export const layer = (api: typeof DistributionApi) =>
  HttpRouter.use((router) =>
    Effect.gen(function* () {
      const document = Effect.sync(() => JSON.stringify(OpenApi.fromApi(api)))
      yield* router.add("GET", paths.openApi, yield* page("application/json", document))
      yield* router.add("GET", paths.docs, yield* page(html, pageOf(api)))
      yield* router.add("GET", paths.problems, yield* page(html, Effect.sync(ProblemPages.ofAll)))
      const problems = yield* Effect.forEach(Object.entries(problemTypes), ([code, told]) =>
        Effect.map(
          page(
            html,
            Effect.sync(() => ProblemPages.ofType(code, told))
          ),
          (answer) => [code, answer] as const
        )
      )
      const byCode = new Map(problems)
      const missing = Effect.map(Exchange, (exchange) =>
        refusal(new Refused({ code: "not_found", detail: "There is no such type of problem." }), exchange)
      )
      yield* router.add(
        "GET",
        paths.problem,
        Effect.flatMap(HttpRouter.params, ({ code = "" }) => byCode.get(code) ?? missing)
      )
    })
  )
