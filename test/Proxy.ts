/**
 * A TCP proxy that does what networks and intermediaries do: it delays, throttles, cuts, resets, truncates, swallows, and sends a request
 * twice. For the tests that show what a client and a server make of it.
 *
 * What becomes of the n-th connection is a function of the seed and n. A fault strikes after a number of bytes: between requests, in the middle
 * of a header, before the last byte of an answer.
 */
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"

/** Faults that any network makes. */
const ordinary = ["none", "slow", "throttled", "request cut", "answer cut", "answer lost", "silent"] as const
/** Faults of intermediaries that send what they were given more than once. */
const copying = ["mirrored", "sent again late", "sent again at once"] as const
export type Fault = (typeof ordinary)[number] | (typeof copying)[number]

/** How often each fault is drawn, out of their sum. */
const shares: { readonly [F in Fault]: number } = {
  none: 20,
  slow: 12,
  throttled: 6,
  "request cut": 16,
  "answer cut": 16,
  "answer lost": 16,
  silent: 1,
  mirrored: 6,
  "sent again late": 6,
  "sent again at once": 6
}

/** What becomes of one connection: the fault, after how many bytes it strikes, and chances for what else is open. */
interface Fate {
  readonly fault: Fault
  readonly after: number
  readonly chance: () => number
}

/** Numbers from 0 up to 1 (mulberry32). @category constructors */
export const chances = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const fateOf = (seed: number, number: number, faults: ReadonlyArray<Fault>): Fate => {
  const chance = chances(seed + Math.imul(number, 0x9e3779b1))
  let left = chance() * faults.reduce((sum, fault) => sum + shares[fault], 0)
  const fault = faults.find((fault) => (left -= shares[fault]) < 0) ?? "none"
  return { fault, after: Math.floor(chance() * 12_000), chance }
}

/** What all connections of a proxy share. */
interface Proxied {
  readonly target: number
  readonly sockets: Set<Socket>
  readonly late: Set<Promise<void>>
}

const kept = ({ sockets }: Proxied, socket: Socket): Socket => {
  sockets.add(socket)
  // A reset is what this is about: the other side is told by the end of its own connection.
  return socket
    .setNoDelay()
    .on("error", () => {})
    .on("close", () => sockets.delete(socket))
}

const reach = (proxied: Proxied): Socket =>
  kept(proxied, connect({ host: "127.0.0.1", port: proxied.target, allowHalfOpen: true }))

/** Ends both sides, politely or by a reset. */
const cut = (isReset: boolean, ...sockets: ReadonlyArray<Socket>): void => {
  for (const socket of sockets) {
    if (isReset) socket.resetAndDestroy()
    else socket.end(() => socket.destroy())
  }
}

/** Sends bytes on a connection of their own, and lets the answer fall. */
const copyOf = (proxied: Proxied, bytes: Buffer, wait: number): void => {
  const sent = sleep(wait).then(
    () =>
      new Promise<void>((resolve) => {
        const socket = reach(proxied)
        socket.on("close", () => resolve()).resume()
        socket.end(bytes)
      })
  )
  proxied.late.add(sent)
  void sent.finally(() => proxied.late.delete(sent))
}

/** One connection through the proxy. */
const pass = (proxied: Proxied, client: Socket, { after, chance, fault }: Fate): void => {
  let server = reach(proxied)
  const mirror = fault === "mirrored" ? reach(proxied).resume() : undefined
  let [up, down] = [0, 0]
  let isStruck = false
  /** What was sent since the last answer. */
  let request: Array<Buffer> = []
  const isReset = chance() < 0.5

  /** Hands a piece on: whole, or late, or little by little. */
  const hand = async (to: Socket, piece: Buffer): Promise<void> => {
    if (fault === "slow") await sleep(chance() * 20)
    const size = fault === "throttled" ? 64 + Math.floor(chance() * 256) : piece.length
    for (let at = 0; at < piece.length; at += size) {
      if (at > 0) await sleep(1)
      if (!to.write(piece.subarray(at, at + size)) && !to.destroyed) await drained(to)
    }
  }

  const downward = async (from: Socket): Promise<void> => {
    for await (const piece of pieces(from)) {
      if (from !== server) return
      down += piece.length
      if (fault === "silent" && up >= after) continue
      if (fault === "answer lost" && up >= after) return cut(isReset, client, server)
      if (fault === "answer cut" && down >= after) {
        client.write(piece.subarray(0, piece.length - (down - after)))
        return cut(isReset, client, server)
      }
      if (fault === "sent again late" && up >= after && !isStruck && request.length > 0) {
        isStruck = true
        copyOf(proxied, Buffer.concat(request), chance() * 100)
      }
      request = []
      await hand(client, piece)
    }
    if (from === server) client.end()
  }

  const relay = (from: Socket): void =>
    void downward(from).catch(() => {
      if (from === server) client.destroy()
    })

  const upward = async (): Promise<void> => {
    for await (const piece of pieces(client)) {
      up += piece.length
      if (fault === "silent" && up >= after) continue
      if (fault === "request cut" && up >= after) {
        server.write(piece.subarray(0, piece.length - (up - after)))
        return cut(isReset, server, client)
      }
      request.push(piece)
      mirror?.write(piece)
      await hand(server, piece)
      if (fault !== "sent again at once" || up < after || isStruck) continue
      isStruck = true
      const [before, old] = [down, server]
      await sleep(chance() * 10)
      // Once an answer has begun, it is the one.
      if (down > before) continue
      server = reach(proxied)
      cut(isReset, old)
      relay(server)
      await hand(server, Buffer.concat(request))
    }
    server.end()
    mirror?.end()
  }

  client.on("close", () => {
    server.end()
    mirror?.end()
  })
  relay(server)
  void upward().catch(() => server.destroy())
}

const pieces = (socket: Socket): AsyncIterable<Buffer> => socket.iterator({ destroyOnReturn: false })

const drained = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once("drain", resolve).once("close", resolve))

export interface Proxy {
  readonly port: number
  /** How many connections met which fault. */
  readonly met: { [F in Fault]?: number }
  /** Takes no connections for so many milliseconds, and drops those there are. */
  readonly goAway: (millis: number) => Promise<void>
  /** Until every copy that was to come late has come, and been answered. */
  readonly settled: () => Promise<void>
  readonly close: () => Promise<void>
}

const listening = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject)
      resolve((server.address() as AddressInfo).port)
    })
  })

/** A proxy before a port. Without copies it does only what a network does. @category constructors */
export const startProxy = async (options: {
  readonly target: number
  readonly seed: number
  readonly copies: boolean
}): Promise<Proxy> => {
  const proxied: Proxied = { target: options.target, sockets: new Set(), late: new Set() }
  const faults: ReadonlyArray<Fault> = options.copies ? [...ordinary, ...copying] : ordinary
  const met: { [F in Fault]?: number } = {}
  let number = 0
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const fate = fateOf(options.seed, ++number, faults)
    met[fate.fault] = (met[fate.fault] ?? 0) + 1
    pass(proxied, kept(proxied, client), fate)
  })
  const port = await listening(server, 0)
  const leave = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      for (const socket of proxied.sockets) socket.destroy()
    })
  return {
    port,
    met,
    goAway: async (millis) => {
      await leave()
      await sleep(millis)
      await listening(server, port)
    },
    settled: async () => {
      while (proxied.late.size > 0) await Promise.all(proxied.late)
    },
    close: leave
  }
}
