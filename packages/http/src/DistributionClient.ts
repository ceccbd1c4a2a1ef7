/**
 * The services, remote: the same interface as the embedded register's, over the wire. For applications of a platform.
 */
import {
  type CommandFailure,
  type CommandOptions,
  CreateGenericWallet,
  CreateIdentification,
  CreateInvestment,
  CreateInvestor,
  CreateRedemption,
  AmendInvestment,
  CancelInvestment,
  Credits,
  Documents,
  Investments,
  Investors,
  type Page,
  type PageOptions,
  type PlatformService,
  Redemptions,
  Rejection,
  Unavailable,
  UploadDocument,
  Wallets
} from "@effekten/services"
import { Context, type Duration, Effect, Layer, Result, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { FetchHttpClient, HttpClient } from "effect/http"
import { HttpApiClient } from "effect/http-api"
import { keyed } from "./ClientKey.ts"
import { AttemptFailed, attempting } from "./ClientOutcome.ts"
import { retrying, type RetryOptions } from "./ClientRetry.ts"
import * as ClientToken from "./ClientToken.ts"
import { DistributionApi } from "./Contract.ts"
import { draftKeyHeader, isKey, keyHeader, toHeader } from "./IdempotencyKey.ts"
import { memberErrors } from "./SchemaErrors.ts"
import type { Scope } from "./Scope.ts"

/** @category options */
export interface ClientOptions {
  /** Where the API is mounted: `https://example.org/api/external`. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: ClientToken.TokenOptions["clientSecret"]
  /** What the token shall be good for. Default: all the client may do. */
  readonly scopes?: ReadonlyArray<Scope> | undefined
  /** How failed attempts are repeated; `false` for not at all. */
  readonly retry?: RetryOptions | false | undefined
  /** How long one attempt may take. Default: 30 s. */
  readonly timeout?: Duration.Input | undefined
}

/** A remote call that failed without an answer that can be understood: nothing is known of its effect. */
const misunderstood = (cause: unknown, isRead: boolean): Unavailable =>
  new Unavailable({ executed: isRead ? "no" : "unknown", message: "The answer could not be understood.", cause })

const failing =
  (isRead: boolean) =>
  <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, CommandFailure> =>
    Effect.mapError(effect, (error) => (error instanceof AttemptFailed ? error.failure : misunderstood(error, isRead)))

const reading = failing(true)
const commanding = failing(false)

const invalidKey = new Rejection({
  code: "idempotency_key_invalid",
  status: 400,
  message: "An idempotency key has 1 to 255 visible ASCII characters."
})

interface KeyHeaders {
  readonly [keyHeader]?: string
  readonly [draftKeyHeader]?: string
}

/** The header that carries the caller's key, if there is one. */
const headersOf = (options: CommandOptions | undefined): Effect.Effect<KeyHeaders, Rejection> => {
  const key = options?.key
  if (key === undefined) return Effect.succeed({})
  if (!isKey(key)) return Effect.fail(invalidKey)
  const [name, value] = toHeader(key)
  return Effect.succeed({ [name]: value })
}

/** What the server would refuse as invalid is refused here, in the same words and without a call. */
const checked = <A, I>(schema: Schema.Codec<A, I>) => {
  const encode = Schema.encodeUnknownResult(schema, { errors: "all" })
  return (input: A): Effect.Effect<A, Rejection> => {
    const encoded = encode(input)
    return Result.isSuccess(encoded)
      ? Effect.succeed(input)
      : Effect.fail(
          new Rejection({
            code: "invalid_request",
            status: 400,
            message: "The request is not valid.",
            errors: memberErrors(encoded.failure.issue)
          })
        )
  }
}

const queryOf = (page: PageOptions | undefined) => ({
  ...(page?.limit === undefined ? {} : { limit: page.limit }),
  ...(page?.cursor === undefined ? {} : { cursor: page.cursor })
})

const cursorIn = (url: string | null): string | undefined => {
  const query = url?.split("?")[1]
  return query === undefined ? undefined : (new URLSearchParams(query).get("cursor") ?? undefined)
}

const pageOf = <A>(page: {
  readonly count: number
  readonly next: string | null
  readonly previous: string | null
  readonly results: ReadonlyArray<A>
}): Page<A> => {
  const next = cursorIn(page.next)
  const previous = cursorIn(page.previous)
  return {
    count: page.count,
    results: page.results,
    ...(next === undefined ? {} : { next }),
    ...(previous === undefined ? {} : { previous })
  }
}

const formOf = (input: UploadDocument): FormData => {
  const form = new FormData()
  form.append("file", new Blob([input.content.slice()], { type: input.mediaType }), input.fileName)
  return form
}

const make = Effect.fnUntraced(function* (options: ClientOptions) {
  const http = yield* HttpClient.HttpClient
  const random = yield* SecureRandom.SecureRandom
  const url = options.url.replace(/\/+$/, "")
  const timeout = options.timeout ?? "30 seconds"
  const retry = options.retry === false ? { attempts: 1 } : options.retry

  // Inside out: one attempt, its token, its repeats, and the one key for all of them.
  const tokenClient = attempting(http, { timeout, onRefusal: ClientToken.ofTokenResponse })
  const tokens = yield* ClientToken.make(
    retrying(tokenClient, retry, () => true),
    { ...options, url }
  )
  const httpClient = keyed(retrying(ClientToken.authenticated(attempting(http, { timeout }), tokens), retry), random)
  const api = yield* HttpApiClient.makeWith(DistributionApi, { httpClient, baseUrl: url })

  /** A command with input: checked, with the caller's key in a header, failing as the services do. */
  const command = <T, I>(schema: Schema.Codec<T, I>) => {
    const check = checked(schema)
    return <A, E>(
      input: T,
      options: CommandOptions | undefined,
      call: (request: { readonly payload: T; readonly headers: KeyHeaders }) => Effect.Effect<A, E>
    ): Effect.Effect<A, CommandFailure> =>
      Effect.flatMap(check(input), (payload) => bare(options, (headers) => call({ payload, headers })))
  }

  const bare = <A, E>(
    options: CommandOptions | undefined,
    call: (headers: KeyHeaders) => Effect.Effect<A, E>
  ): Effect.Effect<A, CommandFailure> => Effect.flatMap(headersOf(options), (headers) => commanding(call(headers)))

  const paged = <A, E>(
    effect: Effect.Effect<Parameters<typeof pageOf<A>>[0], E>
  ): Effect.Effect<Page<A>, CommandFailure> => Effect.map(reading(effect), pageOf)

  const createInvestor = command(CreateInvestor)
  const identify = command(CreateIdentification)
  const createGeneric = command(CreateGenericWallet)
  const upload = command(UploadDocument)
  const createInvestment = command(CreateInvestment)
  const amend = command(AmendInvestment)
  const cancel = command(CancelInvestment)
  const createRedemption = command(CreateRedemption)

  return Context.make(Investors, {
    create: (input, options) => createInvestor(input, options, api.investors.create),
    get: (id) => reading(api.investors.get({ params: { id } })),
    list: (page) => paged(api.investors.list({ query: queryOf(page) })),
    identify: (id, input, options) =>
      identify(input, options, (request) => api.investors.identify({ params: { id }, ...request })),
    identification: (id, identification) => reading(api.investors.identification({ params: { id, identification } })),
    identifications: (id, page) => paged(api.investors.identifications({ params: { id }, query: queryOf(page) }))
  }).pipe(
    Context.add(Wallets, {
      createManaged: (id, options) =>
        bare(options, (headers) => api.wallets.createManaged({ params: { id }, headers })),
      createGeneric: (id, input, options) =>
        createGeneric(input, options, (request) => api.wallets.createGeneric({ params: { id }, ...request })),
      get: (id, wallet) => reading(api.wallets.get({ params: { id, wallet } })),
      list: (id, page) => paged(api.wallets.list({ params: { id }, query: queryOf(page) }))
    }),
    Context.add(Documents, {
      upload: (input, options) =>
        upload(input, options, ({ headers, payload }) => api.documents.upload({ payload: formOf(payload), headers })),
      get: (id) => reading(api.documents.get({ params: { id } })),
      list: (page) => paged(api.documents.list({ query: queryOf(page) }))
    }),
    Context.add(Investments, {
      create: (input, options) => createInvestment(input, options, api.investments.create),
      get: (id) => reading(api.investments.get({ params: { id } })),
      list: (page) => paged(api.investments.list({ query: queryOf(page) })),
      amend: (id, input, options) =>
        amend(input, options, (request) => api.investments.amend({ params: { id }, ...request })),
      cancel: (id, input, options) =>
        cancel(input, options, (request) => api.investments.cancel({ params: { id }, ...request }))
    }),
    Context.add(Credits, {
      create: (id, options) => bare(options, (headers) => api.credits.create({ params: { id }, headers })),
      get: (id, credit) => reading(api.credits.get({ params: { id, credit } })),
      list: (id, page) => paged(api.credits.list({ params: { id }, query: queryOf(page) }))
    }),
    Context.add(Redemptions, {
      create: (input, options) => createRedemption(input, options, api.redemptions.create),
      get: (id) => reading(api.redemptions.get({ params: { id } })),
      list: (page) => paged(api.redemptions.list({ query: queryOf(page) }))
    })
  )
})

/**
 * The platform's services over the `HttpClient` and the `SecureRandom` in the context.
 *
 * @category layers
 */
export const layerNoDeps = (
  options: ClientOptions
): Layer.Layer<PlatformService, never, HttpClient.HttpClient | SecureRandom.SecureRandom> =>
  Layer.effectContext(make(options))

// A redirect would send personal data to wherever an answer says.
const fetching = Layer.fresh(FetchHttpClient.layer).pipe(
  Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
)

/**
 * The platform's services over `fetch`. Redirects are not followed.
 *
 * @category layers
 */
export const layer = (options: ClientOptions): Layer.Layer<PlatformService> =>
  layerNoDeps(options).pipe(Layer.provide([fetching, SecureRandom.layerWebCrypto]))
