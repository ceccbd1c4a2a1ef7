/**
 * Measures the path from a socket to a register on SQLite and back, beside an Effect `HttpApi` with the same schemas that stores nothing.
 * Each is served by a process of its own. This process sends the requests; what it takes itself is not counted.
 */
import { Effect } from "effect"
import { type ChildProcess, fork } from "node:child_process"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { mkdirSync } from "node:fs"
import { connect } from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { median, plural, type Result } from "./Measure.ts"

const connections = 64

/** Requests whose names stand in {@link Served}. */
const kinds = ["POST", "investor", "investment"] as const
type Kind = (typeof kinds)[number]

/** What a process says once it listens. */
export interface Served {
  readonly origin: string
  readonly token: string
  /** Of an investment. */
  readonly body: string
  readonly paths: { readonly [K in Kind]: string }
}

/** What a process says when it is asked. */
export interface Spent {
  readonly cpuSeconds: number
}

interface Peer {
  readonly process: ChildProcess
  readonly served: Served
}

const start = async (kind: "register" | "bare", folder: string): Promise<Peer> => {
  mkdirSync(folder)
  const file = fileURLToPath(new URL("./HttpProcess.ts", import.meta.url))
  const options = { execArgv: ["--conditions=@effekten/source", "--disable-warning=ExperimentalWarning"] }
  const process = fork(file, [kind, folder], options)
  const [served] = (await once(process, "message")) as [Served]
  return { process, served }
}

const spent = async ({ process }: Peer): Promise<number> => {
  process.send("spent")
  const [{ cpuSeconds }] = (await once(process, "message")) as [Spent]
  return cpuSeconds
}

const requestOf = ({ body, origin, paths, token }: Served, kind: Kind): (() => string) => {
  const head = [`host: ${new URL(origin).host}`, `authorization: Bearer ${token}`]
  if (kind !== "POST") return () => `GET ${paths[kind]} HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n`
  const lines = [...head, "content-type: application/json", `content-length: ${body.length}`]
  return () =>
    `POST ${paths.POST} HTTP/1.1\r\n${lines.join("\r\n")}\r\nx-idempotency-key: ${randomUUID()}\r\n\r\n${body}`
}

/** Asks one question after the other on a connection. */
const ask = (port: number, request: () => string, times: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true })
    let left = times
    let heard = ""
    const next = () => void (left-- > 0 ? socket.write(request()) : socket.end(resolve))
    socket.setEncoding("latin1").on("connect", next).on("error", reject)
    socket.on("data", (text) => {
      heard += String(text)
      const end = heard.indexOf("\r\n\r\n")
      if (end < 0) return
      const length = /\r\ncontent-length: (\d+)/i.exec(heard)?.[1]
      if (!heard.startsWith("HTTP/1.1 20") || length === undefined) return void reject(new Error(heard))
      if (heard.length < end + 4 + Number(length)) return
      heard = ""
      next()
    })
  })

interface Round {
  readonly perSecond: number
  readonly cpuMicros: number
}

const round = async (peer: Peer, kind: Kind, requests: number): Promise<Round> => {
  const { served } = peer
  const request = requestOf(served, kind)
  const each = Math.ceil(requests / connections)
  const before = await spent(peer)
  const started = performance.now()
  await Promise.all(Array.from({ length: connections }, () => ask(Number(new URL(served.origin).port), request, each)))
  const seconds = (performance.now() - started) / 1_000
  return {
    perSecond: (each * connections) / seconds,
    cpuMicros: (((await spent(peer)) - before) / (each * connections)) * 1e6
  }
}

const titles: { readonly [K in Kind]: string } = {
  POST: "POST of a paid investment, durable",
  investor: "GET of an investor, its opening recorded",
  investment: "GET of an investment"
}

const resultOf = (kind: Kind, ours: ReadonlyArray<Round>, bare: ReadonlyArray<Round>): Result => {
  const rate = (rounds: ReadonlyArray<Round>) => median(rounds.map(({ perSecond }) => perSecond))
  const cpu = (rounds: ReadonlyArray<Round>) => rounds.map(({ cpuMicros }) => cpuMicros)
  return {
    name: titles[kind],
    shape: `${plural(connections, "connection")}; CPU of the serving process, the load generator's apart`,
    figures: {
      "requests/s": rate(ours),
      "CPU µs/request, median round": median(cpu(ours)),
      "CPU µs/request, best round": Math.min(...cpu(ours)),
      "requests/s of the HttpApi": rate(bare),
      "CPU µs/request of the HttpApi, median round": median(cpu(bare)),
      "CPU µs/request of the HttpApi, best round": Math.min(...cpu(bare))
    },
    ratios: {
      "an HttpApi that stores nothing, by rate": rate(ours) / rate(bare),
      "the same, by CPU of the median round": median(cpu(bare)) / median(cpu(ours)),
      "the same, by CPU of the best round": Math.min(...cpu(bare)) / Math.min(...cpu(ours))
    }
  }
}

export const measure = (options: {
  readonly folder: string
  readonly rounds: number
  readonly quick: boolean
}): Effect.Effect<ReadonlyArray<Result>> =>
  Effect.promise(async () => {
    const ours = await start("register", join(options.folder, "http"))
    const bare = await start("bare", join(options.folder, "bare"))
    // Of many short rounds the best says most where the machine does other work.
    const requests = options.quick ? 640 : 1_280
    const results: Array<Result> = []
    for (const kind of kinds) {
      // Compiles what is run.
      for (const peer of [ours, bare]) await round(peer, kind, requests)
      const rounds: { readonly ours: Array<Round>; readonly bare: Array<Round> } = { ours: [], bare: [] }
      for (let at = 0; at < options.rounds * (options.quick ? 1 : 4); at++) {
        rounds.ours.push(await round(ours, kind, requests))
        rounds.bare.push(await round(bare, kind, requests))
      }
      results.push(resultOf(kind, rounds.ours, rounds.bare))
    }
    for (const { process } of [ours, bare]) {
      process.disconnect()
      await once(process, "exit")
    }
    return results
  })
