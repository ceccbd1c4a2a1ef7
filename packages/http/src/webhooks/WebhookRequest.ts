/**
 * One POST to an address that was checked. For the sender of webhooks. It follows no redirect, opens a connection of its own, and reads an
 * answer to a bound.
 */
import { Context, Data, type Duration, Effect } from "effect"
import { type ClientRequest, request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import { type Address, addressOf, type AddressRefused, type Resolve } from "./WebhookAddress.ts"

/** Bytes of an answer that are read at most. What follows is of no interest. */
const answerBound = 64 * 1024

/** How long an attempt may take, from the name to the answer. @category services */
export const AttemptTime = Context.Reference<Duration.Input>("effekten/http/WebhookAttemptTime", {
  defaultValue: () => "20 seconds"
})

interface Message {
  readonly headers: { readonly [name: string]: string }
  readonly body: string
}

interface Post extends Message {
  readonly url: string
  readonly allowPrivate: boolean
}

interface Posted {
  readonly status: number
  /** Its first bytes, up to the bound. */
  readonly body: string
}

/** No answer came, or none in time. @category errors */
export class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly message: string }> {}

/** Sends a message to an address, and hears what comes of it. @category models */
export type Transport = (url: URL, to: Address, message: Message) => Effect.Effect<Posted, NoAnswer>

/** Begins a request to an address. Throws at a header that cannot be sent. */
const begin = (url: URL, to: Address, { body, headers }: Message): ClientRequest =>
  (url.protocol === "https:" ? httpsRequest : httpRequest)(url, {
    method: "POST",
    agent: false,
    headers: { ...headers, "content-length": Buffer.byteLength(body), connection: "close" },
    // The connection goes to the address that was checked, whatever the name has become since.
    lookup: (_name, options, found) => (options.all === true ? found(null, [to]) : found(null, to.address, to.family))
  })

const overSockets: Transport = (url, to, message) =>
  Effect.callback<Posted, NoAnswer>((resume) => {
    const failed = (error: Error) => resume(Effect.fail(new NoAnswer({ message: error.message })))
    let sent: ClientRequest
    try {
      sent = begin(url, to, message)
    } catch (error) {
      // A token is the receiver's own text.
      return failed(error as Error)
    }
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
    sent.end(message.body)
    return Effect.sync(() => void sent.destroy())
  })

/** What carries a request. Virtual time has no sockets. @category services */
export const Carrying = Context.Reference<Transport>("effekten/http/WebhookCarrying", {
  defaultValue: () => overSockets
})

/** @category running */
export const post = Effect.fnUntraced(function* (
  { allowPrivate, url: text, ...message }: Post,
  resolve: Resolve
): Effect.fn.Return<Posted, AddressRefused | NoAnswer> {
  const url = new URL(text)
  const carry = yield* Carrying
  const attempt = Effect.flatMap(addressOf(url, { allowPrivate, resolve }), (to) => carry(url, to, message))
  return yield* Effect.timeoutOrElse(attempt, {
    duration: yield* AttemptTime,
    orElse: () => Effect.fail(new NoAnswer({ message: "there was no answer in time" }))
  })
})
