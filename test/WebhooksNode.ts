/**
 * A process of {@link Asked} things, and a receiver that fails in every way a receiver can. For the tests of webhooks under real faults.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import type { Asked, Settings } from "./WebhooksChild.ts"

export interface Node {
  readonly pid: number
  /** Fails if the process ends before it has answered. */
  readonly ask: <A = any>(asked: Asked) => Promise<A>
  readonly isAlive: () => boolean
  readonly signal: (signal: NodeJS.Signals) => void
  /** `kill -9`, and waits for the end. */
  readonly kill: () => Promise<void>
}

const child = fileURLToPath(new URL("WebhooksChild.ts", import.meta.url))

interface Waiting {
  readonly resolve: (answer: any) => void
  readonly reject: (error: Error) => void
}

/** Starts a process, and waits until it has its register. */
export const start = async (settings: Settings): Promise<Node> => {
  const { EFFEKTEN_STORE: _store, EFFEKTEN_DATA: _data, ...env } = process.env
  const options = ["--conditions=@effekten/source", "--disable-warning=ExperimentalWarning"]
  const started = spawn(process.execPath, [...options, child, JSON.stringify(settings)], {
    stdio: ["pipe", "pipe", "pipe"],
    env
  })
  let said = ""
  started.stderr.on("data", (text) => (said += String(text)))
  const waiting = new Map<number, Waiting>()
  let [number, alive] = [0, true]
  const ended = once(started, "close").then(() => {
    alive = false
    for (const { reject } of waiting.values()) reject(new Error(`the process ended: ${said}`))
  })
  started.stdin.on("error", () => undefined)
  const answered = (at: number) => new Promise<any>((resolve, reject) => void waiting.set(at, { resolve, reject }))
  createInterface({ input: started.stdout }).on("line", (line) => {
    if (!line.startsWith("{")) return
    const told = JSON.parse(line) as { readonly number: number; readonly answer?: unknown; readonly failed?: string }
    const { reject, resolve } = waiting.get(told.number)!
    waiting.delete(told.number)
    if (told.failed === undefined) resolve(told.answer)
    else reject(new Error(told.failed))
  })
  await answered(0)
  return {
    pid: started.pid!,
    ask: (asked) => {
      if (!alive) return Promise.reject(new Error("the process has ended"))
      const at = ++number
      const answer = answered(at)
      started.stdin.write(`${JSON.stringify({ number: at, ...asked })}\n`)
      return answer
    },
    isAlive: () => alive,
    signal: (signal) => void started.kill(signal),
    kill: () => {
      started.kill("SIGKILL")
      return ended
    }
  }
}

/** What came to a receiver, and what it made of it. */
export interface Got {
  readonly path: string
  readonly id: string
  readonly lane: string
  readonly body: any
  readonly text: string
  readonly timestamp: number
  readonly signature: string
  readonly authorization: string | undefined
  /** A 2xx was said. */
  readonly isTaken: boolean
  readonly how: string
}

type Fault = (request: IncomingMessage, response: ServerResponse) => void

const flood: Fault = (_, response) => {
  const more = () => {
    while (!response.destroyed && response.write("x".repeat(65_536)));
  }
  response.on("drain", more)
  more()
}

/** How a receiver fails. Each is told as a failure by the sender. */
export const faults = {
  "answers 500": (_, response) => void response.writeHead(500).end(),
  "answers 410": (_, response) => void response.writeHead(410).end(),
  "is asked too often": (_, response) => void response.writeHead(429, { "retry-after": "1" }).end(),
  "leads elsewhere": (_, response) => void response.writeHead(307, { location: "/elsewhere" }).end(),
  "resets the connection": ({ socket }) => void socket.resetAndDestroy(),
  "closes half": ({ socket }, response) => {
    response.writeHead(200, { "content-length": "100" }).write("half")
    socket.end()
  },
  "never answers": () => undefined,
  "answers a byte at a time": (_, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write("."), 20)
    response.on("close", () => clearInterval(timer))
  },
  "says no status": ({ socket }) => void socket.end("HELLO\r\n\r\n"),
  "answers 500 without an end": (request, response) => {
    response.writeHead(500)
    flood(request, response)
  }
} satisfies { readonly [how: string]: Fault }

/** What a receiver does with a request: a fault by its name, or it takes it. Then its answer may have no end. */
export type Doing = keyof typeof faults | "takes" | "takes, and never ends"

export interface Receiver {
  readonly url: string
  readonly got: ReadonlyArray<Got>
  /** Of one object, more than one request was open at once. */
  readonly overlaps: ReadonlyArray<string>
  /** Decides. It may kill the sender first, or right after it has said that it takes it. */
  decide: (got: Omit<Got, "isTaken" | "how">, take: () => void) => Doing | Promise<Doing>
  readonly close: () => Promise<void>
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  let text = ""
  for await (const piece of request.setEncoding("utf8")) text += piece
  return text
}

export const receive = async (): Promise<Receiver> => {
  const got: Array<Got> = []
  const overlaps: Array<string> = []
  const open = new Map<string, string>()
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    const closed = new Promise((resolve) => request.socket.once("close", resolve))
    const take = async (): Promise<void> => {
      const text = await textOf(request)
      // The end of the request before may be told in the same turn.
      await new Promise((resolve) => setImmediate(resolve))
      const body = JSON.parse(text)
      const id = String(request.headers["webhook-id"])
      const lane = body.investment_id ?? body.object_id
      const path = request.url ?? ""
      const key = `${path} ${lane}`
      if (open.has(key)) overlaps.push(`${key}: ${open.get(key)} and ${id}`)
      open.set(key, id)
      void closed.then(() => open.get(key) === id && open.delete(key))
      const one = {
        path,
        id,
        lane,
        body,
        text,
        timestamp: Number(request.headers["webhook-timestamp"]),
        signature: String(request.headers["webhook-signature"]),
        authorization: request.headers.authorization
      }
      let early = false
      const doing = await receiver.decide(one, () => {
        early = true
        response.end()
      })
      got.push({ ...one, how: doing, isTaken: early || doing.startsWith("takes") })
      if (early) return
      if (doing === "takes") response.end()
      else if (doing === "takes, and never ends") flood(request, response)
      else faults[doing](request, response)
    }
    // A sender that is killed in the midst of a request has told nothing.
    take().catch(() => request.socket.destroy())
  })
  server.on("connection", (socket) => {
    sockets.add(socket)
    socket.on("error", () => undefined)
    socket.once("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    overlaps,
    decide: () => "takes",
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    }
  }
  return receiver
}
