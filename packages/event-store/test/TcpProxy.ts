/** A wire between a store and its server that can be cut, muted or frozen. */
import { Effect, type Scope } from "effect"
import { createConnection, createServer, type Socket } from "node:net"

export interface TcpProxy {
  readonly port: number
  /** Nothing passes any more, in either direction, and nobody is told. */
  readonly freeze: () => void
  /** What the client sends arrives; of the answers nothing does. */
  readonly mute: () => void
  /** Everything passes again, for connections made from now on. */
  readonly open: () => void
  /** Ends every connection. */
  readonly cut: () => void
  /** Cuts every connection once so many bytes more have come from the server. */
  readonly cutAfter: (bytes: number) => void
  /** Bytes that came from the clients so far. */
  readonly sent: () => number
}

export const tcpProxy = (target: number): Effect.Effect<TcpProxy, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<{ readonly proxy: TcpProxy; readonly close: () => void }>((resume) => {
      let mode: "open" | "frozen" | "muted" = "open"
      let sent = 0
      let left = Number.POSITIVE_INFINITY
      const sockets = new Set<Socket>()
      const cut = () => {
        for (const socket of sockets) socket.destroy()
        sockets.clear()
      }
      const server = createServer((client) => {
        const upstream = createConnection(target, "127.0.0.1")
        for (const socket of [client, upstream]) {
          sockets.add(socket)
          socket.on("error", () => undefined)
        }
        client.on("data", (data) => {
          sent += data.length
          if (mode !== "frozen") upstream.write(data)
        })
        upstream.on("data", (data) => {
          left -= data.length
          if (left <= 0) return cut()
          if (mode === "open") client.write(data)
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
              },
              cut,
              cutAfter: (bytes) => void (left = bytes),
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
