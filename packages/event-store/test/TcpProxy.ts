/** A wire between a store and its server that can be cut, muted or frozen. For the tests on PostgreSQL. */
import { Effect, type Scope } from "effect"
import { createConnection, createServer, type Socket } from "node:net"

export interface TcpProxy {
  readonly port: number
  /** Nothing passes any more, in either direction, and neither side is told. */
  readonly freeze: () => void
  /** What the client sends arrives; of the answers nothing does. */
  readonly mute: () => void
  /** Everything passes again, for connections made from now on. */
  readonly open: () => void
  /** Ends every connection. */
  readonly cut: () => void
  /** Cuts every connection once so many bytes more have come from the server. */
  readonly cutAfter: (bytes: number) => void
  /**
   * Counts the protocol's messages from now on, in both directions, on connections over which the client asks something. Right after so
   * many of them nothing passes any more, and `act` is called with the process id of the server's side.
   */
  readonly after: (messages: number, act: (backend: number) => void) => void
  /** Messages counted since. */
  readonly passed: () => number
  /** The clients are cut off; the server hears farewell, behind all that was passed on. */
  readonly hangUp: () => void
  /** Bytes that came from the clients so far. */
  readonly sent: () => number
}

/** Where the messages of one direction end. */
class Messages {
  /** Its very first message has no type. */
  #typed: boolean
  #header: Array<number> = []
  #left = 0
  readonly #onMessage: (type: string, start: Buffer) => void

  constructor(typed: boolean, onMessage: (type: string, start: Buffer) => void = () => undefined) {
    this.#typed = typed
    this.#onMessage = onMessage
  }

  /** The offsets behind the messages that end in these bytes. */
  endsIn(data: Buffer): ReadonlyArray<number> {
    const ends: Array<number> = []
    let at = 0
    while (at < data.length) {
      if (this.#left === 0) {
        this.#header.push(data[at++]!)
        const size = this.#typed ? 5 : 4
        if (this.#header.length < size) continue
        const header = Buffer.from(this.#header)
        this.#left = header.readInt32BE(size - 4) - 4
        this.#onMessage(this.#typed ? String.fromCharCode(header[0]!) : "", data.subarray(at))
        this.#header = []
        this.#typed = true
      } else {
        const taken = Math.min(this.#left, data.length - at)
        this.#left -= taken
        at += taken
      }
      if (this.#left === 0) ends.push(at)
    }
    return ends
  }
}

/** @param target a port, or where it points to at the moment a client connects */
export const tcpProxy = (target: number | (() => number)): Effect.Effect<TcpProxy, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly proxy: TcpProxy; readonly close: () => void }>((resume) => {
      let mode: "open" | "frozen" | "muted" = "open"
      let sent = 0
      let left = Number.POSITIVE_INFINITY
      let counted = 0
      let wanted = Number.POSITIVE_INFINITY
      let act: (backend: number) => void = () => undefined
      let asked = new Set<Socket>()
      const sockets = new Set<Socket>()
      const clients = new Set<Socket>()
      const cut = () => {
        for (const socket of sockets) socket.destroy()
        sockets.clear()
        clients.clear()
      }
      const hangUp = () => {
        for (const socket of sockets) if (clients.has(socket)) socket.destroy()
        for (const socket of sockets) if (!clients.has(socket)) socket.end()
        sockets.clear()
        clients.clear()
      }
      const server = createServer((client) => {
        const upstream = createConnection(typeof target === "number" ? target : target(), "127.0.0.1")
        let backend = 0
        clients.add(client)
        const questions = new Messages(false)
        const answers = new Messages(true, (type, rest) => {
          if (type === "K") backend = rest.readInt32BE(0)
        })
        /** Passes on what may pass. */
        const pass = (data: Buffer, ends: ReadonlyArray<number>, to: Socket) => {
          if (!asked.has(client)) return void to.write(data)
          const end = wanted === 0 ? 0 : ends[wanted - counted - 1]
          counted += ends.length
          if (end === undefined) return void to.write(data)
          counted = wanted
          wanted = Number.POSITIVE_INFINITY
          mode = "frozen"
          to.write(data.subarray(0, end), () => act(backend))
        }
        for (const socket of [client, upstream]) {
          sockets.add(socket)
          socket.on("error", () => undefined)
        }
        client.on("data", (data) => {
          sent += data.length
          const ends = questions.endsIn(data)
          asked.add(client)
          if (mode !== "frozen") pass(data, ends, upstream)
        })
        upstream.on("data", (data) => {
          left -= data.length
          if (left <= 0) return cut()
          const ends = answers.endsIn(data)
          if (mode === "open") pass(data, ends, client)
        })
        // A frozen wire carries no farewell either.
        client.on("close", () => mode === "open" && upstream.destroy())
        upstream.on("close", () => mode === "open" && client.destroy())
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        const set = (next: typeof mode) => () => void (mode = next)
        resume(
          Effect.succeed({
            proxy: {
              port,
              freeze: set("frozen"),
              mute: set("muted"),
              open: () => {
                mode = "open"
                left = Number.POSITIVE_INFINITY
                wanted = Number.POSITIVE_INFINITY
              },
              cut,
              cutAfter: (bytes) => void (left = bytes),
              after: (messages, then) => {
                counted = 0
                wanted = messages
                act = then
                asked = new Set()
              },
              passed: () => counted,
              hangUp,
              sent: () => sent
            },
            close: () => {
              cut()
              server.close()
            }
          })
        )
      })
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ proxy }) => proxy))
