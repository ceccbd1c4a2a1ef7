/**
 * A token endpoint on a real socket that means no good: slow, endless, elsewhere, talkative. For the author of the client.
 */
import { type CommandFailure, Credits } from "@effekten/services"
import { Id } from "@effekten/domain"
import { Cause, Effect, Redacted } from "effect"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import { DistributionClient } from "../src/index.ts"

const secret = "the-secret-that-nobody-may-read"

type Handler = (request: IncomingMessage, response: ServerResponse, sent: string) => void

/** How a call fails whose token endpoint behaves like that, and how many requests it took. */
const failing = async (tokenEndpoint: Handler) => {
  const asked = { tokens: 0, calls: 0 }
  const server = createServer((request, response) => {
    if (request.url?.endsWith("/oauth/token") !== true) {
      asked.calls++
      response.writeHead(401).end()
      return
    }
    asked.tokens++
    let sent = ""
    request
      .on("data", (piece: Buffer) => (sent += piece.toString()))
      .on("end", () => tokenEndpoint(request, response, sent))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const layer = DistributionClient.layer({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/external`,
    clientId: "client",
    clientSecret: Redacted.make(secret),
    retry: { timeout: "300 millis", deadline: "10 seconds", base: "1 millis" }
  })
  const call = Effect.flip(Credits.use((_) => _.create(Id.InvestmentId.make("investment"))))
  try {
    const failure = await Effect.runPromise(Effect.provide(call, layer))
    return { failure, asked }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

/** Everything that a program may print of a failure. */
const printed = (failure: CommandFailure): string =>
  [
    String(failure),
    failure.message,
    failure.stack,
    JSON.stringify(failure),
    inspect(failure, { depth: 20, showHidden: true }),
    Cause.pretty(Cause.fail(failure))
  ].join("\n")

const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))

const hostile: { readonly [name: string]: Handler } = {
  "never answers": () => {},
  "answers a byte at a time": (_, response) => {
    response.writeHead(200, { "content-type": "application/json" })
    const timer = setInterval(() => response.write(" "), 10)
    response.on("close", () => clearInterval(timer))
  },
  "answers without an end": (_, response) => {
    response.writeHead(200)
    const more = (): void =>
      void (response.write(" ".repeat(65_536)) ? setImmediate(more) : response.once("drain", more))
    more()
    response.on("close", () => response.destroy())
  },
  "hangs up": (_, response) => void response.socket?.destroy(),
  "sends elsewhere": (_, response) => void response.writeHead(307, { location: "http://127.0.0.1:9/" }).end(),
  "says back what it was sent": (_, response, sent) =>
    json(response, 400, { error: "invalid_request", error_description: sent }),
  "says back what it was sent, and that it is wrong": (_, response, sent) =>
    json(response, 401, { error: "invalid_client", error_description: `wrong: ${sent}` }),
  "says back what it was sent, and that it is in trouble": (_, response, sent) => json(response, 500, { detail: sent }),
  "says back what it was sent, and that it is not there": (_, response, sent) => json(response, 404, { detail: sent }),
  "says back what it was sent, as an error": (_, response, sent) => json(response, 400, { error: sent }),
  "says back what it was sent, as a page": (_, response, sent) =>
    void response.writeHead(500, { "content-type": "text/html" }).end(`<p>${sent}</p>`),
  "says back what it was sent, as a token": (_, response, sent) => json(response, 200, { access_token: `${sent}\r\n` }),
  "refuses in words that every object has": (_, response) => json(response, 400, { error: "constructor" }),
  "gives tokens that are never taken": (_, response) => json(response, 200, { access_token: `${secret}-token` })
}

describe("R-19 a token endpoint that", () => {
  it.each(Object.entries(hostile))("%s gets few requests, and no secret is told", async (_, handler) => {
    const { asked, failure } = await failing(handler)
    expect(failure.executed).toBe("no")
    expect(asked.tokens).toBeLessThanOrEqual(3)
    expect(asked.calls).toBeLessThanOrEqual(2)
    expect(printed(failure)).not.toContain(secret)
  })
})
