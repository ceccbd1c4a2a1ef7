/**
 * The client on real sockets: answers without an end, servers that hang up, callers that leave. For the author of the client.
 */
import { type CommandFailure, Credits, type PlatformService } from "@effekten/services"
import { Id } from "@effekten/domain"
import { Effect, Exit, Fiber, Layer, ManagedRuntime, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { HttpClient } from "effect/http"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { afterEach, describe, expect, it } from "vitest"
import { maximumAnswerSize, maximumProblemSize } from "../src/client/ClientBounds.ts"
import { defaultConcurrency } from "../src/client/ClientRateLimit.ts"
import { DistributionClient } from "../src/index.ts"
import * as H from "./Harness.ts"

interface Open {
  readonly server: Server
  readonly sockets: Set<Socket>
  readonly runtime: ManagedRuntime.ManagedRuntime<PlatformService, never>
}

const open: Array<Open> = []
afterEach(async () => {
  for (const { runtime, server } of open.splice(0)) {
    await runtime.dispose()
    server.closeAllConnections()
    server.close()
  }
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A server on a socket, and a client of it. */
const start = async (handler: Handler, options: Partial<DistributionClient.ClientOptions> = {}): Promise<Open> => {
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    if (request.url?.endsWith("/oauth/token") === true) {
      response.writeHead(200, { "content-type": "application/json" }).end('{"access_token":"t","expires_in":3600}')
    } else handler(request, response)
  })
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const runtime = ManagedRuntime.make(
    DistributionClient.layer({
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/external`,
      clientId: "client",
      clientSecret: Redacted.make("secret"),
      ...options
    })
  )
  const opened = { server, sockets, runtime }
  open.push(opened)
  return opened
}

const credit = Credits.use((_) => _.create(Id.InvestmentId.make("investment")))
const body = JSON.stringify({ id: "credit", status: "processing" })

const failing = ({ runtime }: Open): Promise<CommandFailure> => runtime.runPromise(Effect.flip(credit))

/** Until it holds. The bound is for what never comes about, not for a machine that is busy. */
const until = async (holds: () => boolean): Promise<void> => {
  const end = Date.now() + 60_000
  while (!holds()) {
    if (Date.now() > end) throw new Error("it never came about")
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Writes without an end, as fast as it is read, until the connection is gone. Returns how much has been written. */
const endless = (status: number, piece: string) => {
  const written = { bytes: 0, closed: false }
  const handler: Handler = (_, response) => {
    response.on("close", () => (written.closed = true))
    response.writeHead(status, { "content-type": "application/json" })
    const chunk = piece.repeat(Math.ceil(65_536 / piece.length))
    const more = (): void => {
      while (!written.closed && response.write(chunk)) written.bytes += chunk.length
      written.bytes += chunk.length
      response.once("drain", more)
    }
    more()
  }
  return { handler, written }
}

describe("an answer without an end", () => {
  it("is read to 16 MiB, and its connection cut; nothing is known of the call", async () => {
    const { handler, written } = endless(201, " ")
    const failure = await failing(await start(handler))
    expect(failure).toMatchObject({ _tag: "Unavailable", executed: "unknown", call: { attempts: 1 } })
    expect(failure.message).toContain(String(maximumAnswerSize))
    await until(() => written.closed)
    expect(written.bytes).toBeGreaterThan(maximumAnswerSize)
    expect(written.bytes).toBeLessThan(maximumAnswerSize + 16 * 1024 * 1024)
  })

  it("is read to 64 KiB where it is a problem; its status still says that nothing was done", async () => {
    const { handler, written } = endless(403, " ")
    const failure = await failing(await start(handler))
    expect(failure).toMatchObject({ _tag: "Unavailable", executed: "no", call: { attempts: 1 } })
    expect(failure.message).toContain(String(maximumProblemSize))
    await until(() => written.closed)
    expect(written.bytes).toBeLessThan(16 * 1024 * 1024)
  })

  it("is read to its bound where it comes compressed", async () => {
    const { gzipSync } = await import("node:zlib")
    const bomb = gzipSync(Buffer.alloc(256 * 1024 * 1024, " "))
    const before = process.memoryUsage().rss
    const failure = await failing(
      await start((_, response) => {
        response.writeHead(201, { "content-type": "application/json", "content-encoding": "gzip" }).end(bomb)
      })
    )
    expect(failure).toMatchObject({ _tag: "Unavailable", executed: "unknown" })
    expect(process.memoryUsage().rss - before).toBeLessThan(160 * 1024 * 1024)
  })

  it("that breaks off is a lost one: the call is sent again under its key", async () => {
    const keys: Array<unknown> = []
    const opened = await start((request, response) => {
      keys.push(request.headers["x-idempotency-key"])
      response.writeHead(201, { "content-type": "application/json", "content-length": body.length })
      if (keys.length > 1) response.end(body)
      else response.write(body.slice(0, 5), () => response.socket?.destroy())
    })
    expect(await opened.runtime.runPromise(credit)).toMatchObject({ id: "credit", units: null })
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
  })
})

describe("R-12 a caller that leaves", () => {
  it("takes its request along: the server sees it go, and no connection stays open", async () => {
    let asked = 0
    const opened = await start(() => void asked++)
    const calls = Array.from({ length: 20 }, () => opened.runtime.runFork(credit))
    await until(() => asked === 20)
    const exits = await Promise.all(
      calls.map((fiber) => Effect.runPromise(Effect.andThen(Fiber.interrupt(fiber), Fiber.await(fiber))))
    )
    expect(exits.every(Exit.isFailure)).toBe(true)
    // The connection that the token came over may stay, for the next call.
    await until(() => opened.sockets.size <= 1)
    expect(asked).toBe(20)
  })

  it("while an answer is being read, too", async () => {
    const opened = await start((_, response) => {
      response.writeHead(200, { "content-type": "application/json" }).write("{")
    })
    const fiber = opened.runtime.runFork(credit)
    await until(() => opened.sockets.size > 0)
    await Effect.runPromise(Fiber.interrupt(fiber))
    await until(() => opened.sockets.size <= 1)
  })
})

describe("R-22 connections", () => {
  it("that the server closes while they are idle lose no call, and make no second effect", async () => {
    const effects = new Map<string, number>()
    const opened = await start(
      (request, response) => {
        const key = String(request.headers["x-idempotency-key"])
        effects.set(key, (effects.get(key) ?? 0) + 1)
        response.writeHead(201, { "content-type": "application/json" }).end(body, () => {
          // Without a word, as a proxy does that has had enough.
          setImmediate(() => response.socket?.destroy())
        })
      },
      { retry: { base: "1 millis", attempts: 5 } }
    )
    for (let n = 0; n < 200; n++) {
      expect(await opened.runtime.runPromise(credit)).toMatchObject({ id: "credit" })
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(effects.size).toBe(200)
  })

  it("are bounded, however many calls there are", async () => {
    const most = { underWay: 0, sockets: 0 }
    let underWay = 0
    const opened = await start((_, response) => {
      most.underWay = Math.max(most.underWay, ++underWay)
      most.sockets = Math.max(most.sockets, opened.sockets.size)
      setImmediate(() => {
        underWay--
        response.writeHead(201, { "content-type": "application/json" }).end(body)
      })
    })
    await opened.runtime.runPromise(Effect.replicateEffect(credit, 1000, { concurrency: "unbounded", discard: true }))
    expect(most.underWay).toBeGreaterThan(1)
    expect(most.underWay).toBeLessThanOrEqual(defaultConcurrency)
    // A connection is free a moment after its answer was read.
    expect(most.sockets).toBeLessThanOrEqual(2 * defaultConcurrency)
  }, 60_000)
})

describe("with the register's own server", () => {
  it("a client that has more to do than its rate limit allows is never refused: it keeps the pace", async () => {
    const h = await H.start({ rateLimit: { perSecond: 100, atOnce: 20 } })
    const statuses: Array<number> = []
    const counting = Layer.effect(
      HttpClient.HttpClient,
      Effect.map(
        HttpClient.HttpClient,
        HttpClient.tap(({ status }) => Effect.sync(() => void statuses.push(status)))
      )
    ).pipe(Layer.provide(DistributionClient.layerFetch))
    const client = DistributionClient.layerNoDeps({
      url: h.url,
      clientId: "all",
      clientSecret: Redacted.make(H.secret)
    })
    await Effect.runPromise(
      Effect.replicateEffect(credit, 120, { concurrency: "unbounded", discard: true }).pipe(
        Effect.provide(Layer.provide(client, [counting, SecureRandom.layerWebCrypto]))
      )
    )
    await h.close()
    // Its first requests go before the server has said anything.
    expect(statuses.filter((status) => status === 201)).toHaveLength(120)
    expect(statuses.filter((status) => status === 429).length).toBeLessThan(defaultConcurrency)
  }, 60_000)
})
