/**
 * The services, remote: the same interface as the embedded register's, over the wire. For applications of a platform.
 */
import {
  Answer,
  type Api,
  Checking,
  type CommandFailure,
  type CommandOptions,
  maximumDocumentSize,
  NotFound,
  Operation,
  type Page,
  PageOf,
  type PageOptions,
  platformResources,
  type PlatformService,
  Rejection,
  type Resource,
  type Scope,
  Unavailable
} from "@effekten/services"
import { Cause, Context, type Duration, Effect, Layer, Result, Schema, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { FetchHttpClient, HttpClient, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { reader, versionOf } from "./ClientAnswer.ts"
import { keyed } from "./ClientKey.ts"
import { AttemptFailed, attempting, isRead } from "./ClientOutcome.ts"
import { retrying, type RetryOptions } from "./ClientRetry.ts"
import * as ClientToken from "./ClientToken.ts"
import { isKey, toHeader } from "../contract/IdempotencyKey.ts"

/** @category models */
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

const invalidKey = new Rejection({
  code: "idempotency_key_invalid",
  status: 400,
  message: "An idempotency key has 1 to 255 visible ASCII characters."
})

/** The header that carries the caller's key, if there is one. */
const headersOf = (
  options: CommandOptions | undefined
): Effect.Effect<{ readonly [name: string]: string }, Rejection> => {
  const key = options?.key
  if (key === undefined) return Effect.succeed({})
  if (!isKey(key)) return Effect.fail(invalidKey)
  const [name, value] = toHeader(key)
  return Effect.succeed({ [name]: value })
}

const cursorIn = (url: string | null): string | undefined => {
  const query = url?.split("?")[1]
  return query === undefined ? undefined : (new URLSearchParams(query).get("cursor") ?? undefined)
}

const pageOf = <A>(page: Schema.Struct.Type<ReturnType<typeof PageOf<Schema.Codec<A, any>>>["fields"]>): Page<A> => {
  const next = cursorIn(page.next)
  const previous = cursorIn(page.previous)
  return {
    count: page.count,
    results: page.results,
    ...(next === undefined ? {} : { next }),
    ...(previous === undefined ? {} : { previous })
  }
}

/** The form of a file. A content that comes piece by piece is gathered first: every attempt has to send the same bytes. */
const formOf = Effect.fnUntraced(function* ({ content, fileName, mediaType }: Api.UploadDocument) {
  const pieces = content instanceof Uint8Array ? [content.slice()] : yield* gathered(content)
  const form = new FormData()
  form.append("file", new Blob(pieces, { type: mediaType }), fileName)
  return form
})

const gathered = (
  content: Stream.Stream<Uint8Array, unknown>
): Effect.Effect<Array<Uint8Array<ArrayBuffer>>, CommandFailure> =>
  Effect.suspend(() => {
    let size = 0
    return content.pipe(
      Stream.mapError(
        (cause) =>
          new Unavailable({ executed: "no", message: "The document's content could not be read to its end.", cause })
      ),
      Stream.mapEffect((piece) =>
        (size += piece.length) > maximumDocumentSize ? Effect.fail(tooLarge) : Effect.succeed(Uint8Array.from(piece))
      ),
      Stream.runCollect
    )
  })

const tooLarge = new Rejection({
  code: "payload_too_large",
  status: 413,
  message: `A document has at most ${maximumDocumentSize} bytes.`
})

type Send = (
  request: HttpClientRequest.HttpClientRequest
) => Effect.Effect<HttpClientResponse.HttpClientResponse, AttemptFailed>

/** Reads an answer, or fails with what is known of the call's effect. */
const answered = <A>(
  send: Send,
  request: HttpClientRequest.HttpClientRequest,
  read: (response: HttpClientResponse.HttpClientResponse, body: unknown) => Result.Result<A, unknown>
): Effect.Effect<A, CommandFailure> =>
  Effect.gen(function* () {
    const response = yield* send(request)
    const text = yield* response.text
    return yield* Effect.fromResult(read(response, text === "" ? undefined : JSON.parse(text)))
  }).pipe(
    Effect.catchCauseIf(Cause.hasDies, (cause) => Effect.fail(Cause.squash(cause))),
    Effect.mapError((error) => (error instanceof AttemptFailed ? error.failure : misunderstood(error, isRead(request))))
  )

/** Where an object is, or `undefined` where a text cannot be an id: there is no such object. */
const urlOf = (base: string, operation: Operation.Any, ids: ReadonlyArray<unknown>): string | undefined => {
  if (!operation.ids.every((schema, at) => Schema.is(schema)(ids[at]))) return undefined
  const rest = [...ids]
  return base + Operation.partsOf(operation.route!)[1].replace(/:\w+/g, () => encodeURIComponent(String(rest.shift())))
}

const noSuchObject = new NotFound({ code: "not_found", message: "There is no such object." })

type Method = (...args: ReadonlyArray<any>) => Effect.Effect<unknown, CommandFailure>

const nothing = () => Result.succeed(undefined)

const commandOf = (operation: CommandOperation, base: string, send: Send): Method => {
  const read = operation.answer === undefined ? () => nothing : reader(operation.answer)
  const checks = operation.input === undefined ? undefined : Checking.checks(operation.input)
  const [method] = Operation.partsOf(operation.route!)
  return (...args) => {
    const ids = args.slice(0, operation.ids.length)
    const [given, options]: ReadonlyArray<any> =
      checks === undefined ? [undefined, args[ids.length]] : args.slice(ids.length)
    return Effect.gen(function* () {
      const headers = yield* headersOf(options)
      const url = urlOf(base, operation, ids)
      if (url === undefined) return yield* noSuchObject
      const request = HttpClientRequest.make(method)(url, { headers })
      const body = checks === undefined ? undefined : yield* bodyOf(checks, given, options)
      return yield* answered(send, yield* withBody(operation, request, body), (response, json) =>
        read(versionOf(response))(json)
      )
    })
  }
}

/**
 * What the server would refuse as invalid is refused here, in the same words and without a call. Under a key of the caller's it is sent all
 * the same: the server may have recorded it by earlier lists.
 */
const bodyOf = (
  checks: Checking.Checks<unknown>,
  given: unknown,
  options: CommandOptions | undefined
): Effect.Effect<unknown, Rejection> => {
  const accepted = checks.accept(given)
  if (Result.isSuccess(accepted)) return Effect.succeed(accepted.success.body)
  const { body, rejection } = accepted.failure
  return options?.key === undefined || body === undefined ? Effect.fail(rejection) : Effect.succeed(body)
}

const withBody = (
  operation: CommandOperation,
  request: HttpClientRequest.HttpClientRequest,
  body: unknown
): Effect.Effect<HttpClientRequest.HttpClientRequest, CommandFailure> => {
  switch (operation.body) {
    case "none":
      return Effect.succeed(request)
    case "file":
      return Effect.map(formOf(body as Api.UploadDocument), (form) => HttpClientRequest.bodyFormData(request, form))
    default:
      return Effect.succeed(HttpClientRequest.bodyJsonUnsafe(request, body))
  }
}

const readOf = (operation: ReadOperation, base: string, send: Send): Method => {
  const read = reader(operation.answer)
  return (...ids) => {
    const url = urlOf(base, operation, ids)
    return url === undefined
      ? Effect.fail(noSuchObject)
      : answered(send, HttpClientRequest.get(url), (response, json) => read(versionOf(response))(json))
  }
}

const listOf = (operation: ListOperation, base: string, send: Send): Method => {
  const read = reader(Answer.first(operation.answer.name, PageOf(Schema.Unknown)))(1)
  const member = reader(operation.answer)
  return (...args) => {
    const ids = args.slice(0, operation.ids.length)
    const page: PageOptions = args[ids.length] ?? {}
    const url = urlOf(base, operation, ids)
    if (url === undefined) return Effect.fail(noSuchObject)
    const query = {
      ...(page.limit === undefined ? {} : { limit: String(page.limit) }),
      ...(page.cursor === undefined ? {} : { cursor: page.cursor })
    }
    const request = HttpClientRequest.setUrlParams(HttpClientRequest.get(url), query)
    return answered(send, request, (response, json) =>
      Result.flatMap(read(json), (page) =>
        Result.map(Result.all(page.results.map(member(versionOf(response)))), (results) => pageOf({ ...page, results }))
      )
    )
  }
}

const methodOf = (operation: Operation.Any, base: string, send: Send): Method => {
  switch (operation._tag) {
    case "Command":
      return commandOf(operation, base, send)
    case "Read":
      return readOf(operation, base, send)
    case "List":
      return listOf(operation, base, send)
  }
}

/**
 * The services of some resources, each method made of the operation's description.
 *
 * @category constructors
 */
export const make = Effect.fnUntraced(function* <const R extends ReadonlyArray<Resource.AnyService>>(
  resources: R,
  options: ClientOptions
) {
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
  const client = keyed(retrying(ClientToken.authenticated(attempting(http, { timeout }), tokens), retry), random)

  const services = resources.map(({ key, resource: { operations } }): readonly [string, unknown] => [
    key,
    Object.fromEntries(
      Object.entries<Operation.Any>(operations).map(([name, operation]) => [
        name,
        methodOf(operation, url, client.execute)
      ])
    )
  ])
  return Context.makeUnsafe<InstanceOf<R[number]>>(new Map(services))
})

type InstanceOf<S> = S extends { readonly prototype: infer I } ? I : never

type CommandOperation = Extract<Operation.Any, { readonly _tag: "Command" }>
type ReadOperation = Extract<Operation.Any, { readonly _tag: "Read" }>
type ListOperation = Extract<Operation.Any, { readonly _tag: "List" }>

/**
 * The platform's services over the `HttpClient` and the `SecureRandom` in the context.
 *
 * @category layers
 */
export const layerNoDeps = (
  options: ClientOptions
): Layer.Layer<PlatformService, never, HttpClient.HttpClient | SecureRandom.SecureRandom> =>
  Layer.effectContext(make(platformResources, options))

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
