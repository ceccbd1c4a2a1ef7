/**
 * Answers are read to a bound: a server cannot fill the memory of its client. A layer that can be used alone, inside of retries.
 */
import { Data, Effect, Layer, Stream } from "effect"
import {
  HttpClient,
  HttpClientError,
  type HttpClientRequest,
  type HttpClientResponse,
  HttpServerResponse
} from "effect/http"
import { around } from "./ClientCall.ts"

/** Bytes of an answer at most. @category values */
export const maximumAnswerSize = 16 * 1024 * 1024
/** Bytes of a problem, or of a token endpoint's answer, at most. @category values */
export const maximumProblemSize = 64 * 1024

/** The cause of an error: there is an answer, and it is longer than is read. @category errors */
export class AnswerTooLong extends Data.TaggedError("AnswerTooLong")<{ readonly maximum: number }> {}

/** @category models */
export interface BoundsOptions {
  /** Bytes of a success at most. Default: 16 MiB. */
  readonly answer?: number | undefined
  /** Bytes of any other answer at most. Default: 64 KiB. */
  readonly problem?: number | undefined
}

/** Answers that lie in memory already. */
const settled = new WeakSet<HttpClientResponse.HttpClientResponse>()

const decodeError = (
  response: HttpClientResponse.HttpClientResponse,
  description: string,
  cause?: unknown
): HttpClientError.HttpClientError =>
  new HttpClientError.HttpClientError({
    reason: new HttpClientError.DecodeError({ request: response.request, response, description, cause })
  })

/** The bytes of an answer. The connection is cut at the bound; nothing beyond it is kept. */
const bytesOf = (response: HttpClientResponse.HttpClientResponse, maximum: number) => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  return response.stream.pipe(
    Stream.runForEach((chunk) => {
      size += chunk.byteLength
      if (size > maximum) {
        const cause = new AnswerTooLong({ maximum })
        return Effect.fail(decodeError(response, `The answer is longer than ${maximum} bytes.`, cause))
      }
      chunks.push(chunk)
      return Effect.void
    }),
    Effect.catchIf(
      (error) => error.reason._tag === "EmptyBodyError",
      () => Effect.void
    ),
    Effect.map(() => joined(chunks))
  )
}

/** Some pieces as one. @category conversions */
export const joined = (chunks: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(chunks.reduce((size, { byteLength }) => size + byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}

/** An answer that is read already: nothing of it is waited for. */
const inMemory = (
  request: HttpClientRequest.HttpClientRequest,
  body: Uint8Array,
  { headers, status }: Pick<HttpClientResponse.HttpClientResponse, "headers" | "status">
): HttpClientResponse.HttpClientResponse =>
  HttpServerResponse.toClientResponse(HttpServerResponse.uint8Array(body, { status, headers }), { request })

/** The same answer, read to its end or to a bound. @category computing */
export const settle = (
  response: HttpClientResponse.HttpClientResponse,
  request: HttpClientRequest.HttpClientRequest,
  options: BoundsOptions = {}
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> =>
  Effect.suspend(() => {
    if (settled.has(response)) return Effect.succeed(response)
    const { headers, status } = response
    if (status < 200 || status > 599) return Effect.fail(decodeError(response, `The answer has the status ${status}.`))
    const maximum = status < 300 ? (options.answer ?? maximumAnswerSize) : (options.problem ?? maximumProblemSize)
    return Effect.map(bytesOf(response, maximum), (body) => {
      const read = inMemory(request, body, { status, headers })
      settled.add(read)
      return read
    })
  })

/** Reads every answer of a client to a bound. @category computing */
export const bounded = (client: HttpClient.HttpClient, options?: BoundsOptions): HttpClient.HttpClient =>
  around(client, (request, next) => Effect.flatMap(next(request), (response) => settle(response, request, options)))

/** Reads every answer to a bound. @category layers */
export const layer = (options?: BoundsOptions): Layer.Layer<HttpClient.HttpClient, never, HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) => bounded(client, options))
  )
