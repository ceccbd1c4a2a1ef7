/**
 * From a request to a service and back: the key, the body as received, the call, the answer. For the handlers of all groups.
 */
import {
  type CommandFailure,
  type CommandOptions,
  type Page,
  type PageOptions,
  type PlatformService,
  PlatformServices,
  type ReadFailure,
  Request
} from "@effekten/services"
import { Context, Effect, Option, Result, Schema } from "effect"
import { HttpServerRequest, type HttpServerResponse } from "effect/http"
import type { HttpApiEndpoint } from "effect/http-api"
import { Exchange, Refused, refusal } from "./Exchange.ts"
import { fromHeaders } from "./IdempotencyKey.ts"
import { failureResponse } from "./Problem.ts"
import { readJson, readUpload, type Upload } from "./RequestBody.ts"
import { decodeMembers, ignoredMembers, memberErrors } from "./SchemaErrors.ts"
import { Principal, TakesIdempotencyKey } from "./Scope.ts"

type Services = Context.Context<PlatformService>
type Response = HttpServerResponse.HttpServerResponse
type Needs = Principal | HttpServerRequest.HttpServerRequest

/** The answer that says a call was replayed. @category headers */
export const replayedHeader = "idempotent-replayed"
/** The members of the request nobody looked at. @category headers */
export const ignoredHeader = "x-ignored-members"

/** The origin of links in answers, such as `https://example.org`, if the request's own must not be trusted. @category services */
export const PublicOrigin = Context.Reference<string | undefined>("effekten/http/PublicOrigin", {
  defaultValue: () => undefined
})

const answered = <A, R>(effect: Effect.Effect<A, CommandFailure | Refused, R>): Effect.Effect<A | Response, never, R> =>
  Effect.catch(effect, (failure) =>
    Effect.map(Exchange, (exchange) =>
      failure._tag === "Refused" ? refusal(failure, exchange) : failureResponse(failure, exchange)
    )
  )

const keyOf = Effect.fnUntraced(function* (endpoint: HttpApiEndpoint.Top) {
  const request = yield* HttpServerRequest.HttpServerRequest
  const key = fromHeaders(request.headers)
  if (Result.isFailure(key)) return yield* new Refused({ code: "idempotency_key_invalid", detail: key.failure })
  const required = Option.getOrUndefined(Context.getOption(endpoint.annotations, TakesIdempotencyKey)) === "required"
  if (required && key.success === undefined) {
    return yield* new Refused({
      code: "idempotency_key_missing",
      detail: "Send X-Idempotency-Key with 1 to 255 visible ASCII characters.",
      headers: { link: '</docs>; rel="describedby"' }
    })
  }
  return key.success
})

const noted = (name: string, value: string) =>
  Effect.map(Exchange, (exchange) => {
    exchange.responseHeaders.set(name, value)
  })

const decoded = Effect.fnUntraced(function* <A, I>(schema: Schema.Codec<A, I>, body: unknown) {
  const input = decodeMembers(schema)(body)
  if (Result.isFailure(input)) {
    const errors = memberErrors(input.failure.issue)
    return yield* new Refused({ code: "invalid_request", detail: "The request is not valid.", errors })
  }
  const ignored = ignoredMembers(schema, body)
  if (ignored.length > 0) yield* noted(ignoredHeader, ignored.join(", "))
  return input.success
})

/** What a client sees of a page: cursors become URLs under the host and the prefix it used itself. */
const pageOf = Effect.fnUntraced(function* <A>(page: Page<A>, limit: number | undefined) {
  const request = yield* HttpServerRequest.HttpServerRequest
  const origin = yield* PublicOrigin
  const link = (cursor: string | undefined): string | null => {
    if (cursor === undefined) return null
    const here = new URL(request.originalUrl, "http://localhost")
    const url = new URL(here.pathname, origin ?? here.origin)
    if (limit !== undefined) url.searchParams.set("limit", String(limit))
    url.searchParams.set("cursor", cursor)
    return url.href
  }
  return { count: page.count, next: link(page.next), previous: link(page.previous), results: page.results }
})

/** The calls of one server, for whichever platform a request speaks for. @category constructors */
export const make = Effect.gen(function* () {
  const platforms = yield* PlatformServices

  /** Once it has begun, a command is not interrupted: a client that goes away does not stop it half-way. */
  const run = Effect.fnUntraced(function* <A>(
    body: unknown,
    key: string | undefined,
    call: (services: Services, options: CommandOptions) => Effect.Effect<A, CommandFailure>
  ) {
    const { requestId, responseHeaders } = yield* Exchange
    const { clientId, platform } = yield* Principal
    const request: Request = {
      body,
      client: clientId,
      correlation: requestId,
      onReceipt: ({ replayed }) => {
        if (replayed) responseHeaders.set(replayedHeader, "true")
      }
    }
    return yield* call(platforms.forPlatform(platform), key === undefined ? {} : { key }).pipe(
      Effect.provideService(Request, request),
      Effect.uninterruptible
    )
  })

  /** A reading is told who asks. */
  const ask = <A>(call: (services: Services) => Effect.Effect<A, ReadFailure>) =>
    Effect.flatMap(Principal, ({ clientId, platform }) =>
      Effect.provideService(call(platforms.forPlatform(platform)), Request, { client: clientId })
    )

  return {
    /** A command with a JSON body; `empty` is what no body means, where that is allowed. */
    command: <A, T, I>(
      endpoint: HttpApiEndpoint.Top,
      schema: Schema.Codec<T, I>,
      call: (services: Services, input: T, options: CommandOptions) => Effect.Effect<A, CommandFailure>,
      empty?: I
    ): Effect.Effect<A | Response, never, Needs> =>
      answered(
        Effect.gen(function* () {
          const key = yield* keyOf(endpoint)
          const body = (yield* readJson) ?? empty
          const input = yield* decoded(schema, body)
          return yield* run(body, key, (services, options) => call(services, input, options))
        })
      ),

    /** A command without input. A body is read and counts for the fingerprint, but says nothing. */
    bare: <A>(
      endpoint: HttpApiEndpoint.Top,
      call: (services: Services, options: CommandOptions) => Effect.Effect<A, CommandFailure>
    ): Effect.Effect<A | Response, never, Needs> =>
      answered(
        Effect.gen(function* () {
          const key = yield* keyOf(endpoint)
          const body = yield* readJson
          if (body !== undefined) yield* decoded(Schema.Struct({}), body)
          return yield* run(body, key, call)
        })
      ),

    upload: <A>(
      endpoint: HttpApiEndpoint.Top,
      call: (services: Services, input: Upload["input"], options: CommandOptions) => Effect.Effect<A, CommandFailure>
    ): Effect.Effect<A | Response, never, Needs> =>
      answered(
        Effect.gen(function* () {
          const key = yield* keyOf(endpoint)
          const { body, input } = yield* readUpload
          return yield* run(body, key, (services, options) => call(services, input, options))
        })
      ),

    read: <A>(
      call: (services: Services) => Effect.Effect<A, ReadFailure>
    ): Effect.Effect<A | Response, never, Principal> => answered(ask(call)),

    list: <A>(
      options: PageOptions,
      call: (services: Services, page: PageOptions) => Effect.Effect<Page<A>, ReadFailure>
    ) =>
      answered(
        Effect.gen(function* () {
          const page = yield* ask((services) => call(services, options))
          return yield* pageOf(page, options.limit)
        })
      )
  }
})
