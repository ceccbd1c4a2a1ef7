/**
 * One POST to an address that was checked. For the sender of webhooks. It follows no redirect, opens a connection of its own, and reads an
 * answer to a bound.
 */
import { Context, Data, type Duration, Effect } from "effect"
import { request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import { addressOf, type AddressRefused, type Resolve } from "./WebhookAddress.ts"

/** Bytes of an answer that are read at most. What follows is of no interest. */
const answerBound = 64 * 1024

/** How long an attempt may take, from the name to the answer. @category services */
export const AttemptTime = Context.Reference<Duration.Input>("effekten/http/WebhookAttemptTime", {
  defaultValue: () => "20 seconds"
})

interface Post {
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string
  readonly allowPrivate: boolean
}

interface Posted {
  readonly status: number
  /** Its first bytes, up to the bound. */
  readonly body: string
}

/** No answer came, or none in time. */
class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly message: string }> {}

/** @category running */
export const post = (
  { allowPrivate, body, headers, url: text }: Post,
  resolve: Resolve
): Effect.Effect<Posted, AddressRefused | NoAnswer> =>
  Effect.gen(function* () {
    const url = new URL(text)
    const to = yield* addressOf(url, { allowPrivate, resolve })
    return yield* Effect.callback<Posted, NoAnswer>((resume) => {
      const failed = (error: Error) => resume(Effect.fail(new NoAnswer({ message: error.message })))
      const begin = url.protocol === "https:" ? httpsRequest : httpRequest
      const sent = begin(url, {
        method: "POST",
        agent: false,
        headers: { ...headers, "content-length": Buffer.byteLength(body), connection: "close" },
        // The connection goes to the address that was checked, whatever the name has become since.
        lookup: (_name, options, found) =>
          options.all === true ? found(null, [to]) : found(null, to.address, to.family)
      })
      sent.on("error", failed)
      sent.on("response", (answer) => {
        const chunks: Array<Buffer> = []
        let size = 0
        const done = () => {
          sent.destroy()
          const read = Buffer.concat(chunks).subarray(0, answerBound).toString()
          resume(Effect.succeed({ status: answer.statusCode ?? 0, body: read }))
        }
        answer.on("data", (chunk: Buffer) => {
          chunks.push(chunk)
          if ((size += chunk.length) >= answerBound) done()
        })
        answer.on("end", done)
        answer.on("aborted", () => failed(new Error("the answer broke off")))
      })
      sent.end(body)
      return Effect.sync(() => void sent.destroy())
    })
  }).pipe((attempt) =>
    Effect.flatMap(AttemptTime, (duration) =>
      Effect.timeoutOrElse(attempt, {
        duration,
        orElse: () => Effect.fail(new NoAnswer({ message: "there was no answer in time" }))
      })
    )
  )
