/**
 * `effekten listen`: the webhooks of a running sandbox at a terminal, each as it would come to a receiver. For developers that write one.
 */
import { WebhookSignature } from "@effekten/http"
import { Clock, Console, Effect, Schema } from "effect"
import { createServer, type IncomingMessage } from "node:http"
import type { AddressInfo } from "node:net"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { inSandbox } from "./SandboxClient.ts"

/** Characters of a body that are read at most. */
const longestBody = 65_536

const Endpoint = Schema.Struct({ id: Schema.String, secret: Schema.String })

const textOf = async (request: IncomingMessage): Promise<string> => {
  let text = ""
  for await (const piece of request.setEncoding("utf8")) {
    text += piece
    if (text.length > longestBody) return text.slice(0, longestBody)
  }
  return text
}

const headerOf = ({ headers }: IncomingMessage, name: string): string => String(headers[name] ?? "")

/** A server on a free port of this machine. It answers every request with one status, and hands on what came. */
const receiver = (status: number, take: (request: IncomingMessage, body: string) => void) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly close: () => void }, CommandFailed>((resume) => {
      const server = createServer((request, response) => {
        const answer = (body: string) => {
          take(request, body)
          response.writeHead(status).end()
        }
        textOf(request).then(answer, () => response.destroy())
      })
      const close = () => void server.close().closeAllConnections()
      server.once("error", ({ message }) =>
        resume(Effect.fail(new CommandFailed({ exitCode: ExitCode.address, message })))
      )
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({ port: (server.address() as AddressInfo).port, close }))
      )
    }),
    ({ close }) => Effect.sync(close)
  )

/** Prints what is delivered until it is told to stop. @category commands */
export const runListen = ({ answer, folder }: { readonly answer: number; readonly folder: string }) =>
  Effect.gen(function* () {
    const run = Effect.runForkWith(yield* Effect.context())
    let secret = ""
    const told = Effect.fnUntraced(function* (request: IncomingMessage, body: string) {
      const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
      const timestamp = Number(headerOf(request, "webhook-timestamp"))
      const message = { id: headerOf(request, "webhook-id"), timestamp, body }
      const signature = headerOf(request, "webhook-signature")
      const isSigned = WebhookSignature.isSigned(secret, message, { signature, now })
      yield* Console.log(`${isSigned ? "signed" : "not signed"}  ${body}`)
    })
    const { port } = yield* receiver(answer, (request, body) => void run(told(request, body)))
    const added = yield* Effect.acquireRelease(
      Effect.flatMap(inSandbox(folder, "POST", "/sandbox/webhooks/", { port }), (answer) =>
        Effect.orDie(Schema.decodeUnknownEffect(Endpoint)(answer))
      ),
      // A sandbox that is gone delivers nothing any more.
      ({ id }) => Effect.ignore(inSandbox(folder, "POST", "/sandbox/webhooks/removals/", { id }))
    )
    secret = added.secret
    yield* Console.log(`listening, signed with ${secret}: Ctrl-C ends it`)
    return yield* Effect.never
  }).pipe(
    Effect.scoped,
    Effect.onInterrupt(() => Effect.sync(() => void (process.exitCode = ExitCode.done)))
  )
