/**
 * The service that the ledger is behind, invented. It is slow, drops half of the connections after it has done what it was asked, and answers
 * a third of the questions with 503.
 */
import { createServer } from "node:http"
import { once } from "node:events"
import type { AddressInfo } from "node:net"

export const start = async () => {
  const accepted = new Map<string, { readonly at: number; times: number }>()
  const waiting: Array<{ readonly count: number; readonly reached: () => void }> = []
  let asked = 0
  const server = createServer((request, response) => {
    const id = request.url!.split("/").at(-1)!
    const say = (status: number, body: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
    const known = accepted.get(id)
    if (request.method === "PUT") {
      if (known === undefined) accepted.set(id, { at: Date.now(), times: 1 })
      else known.times += 1
      for (const { count, reached } of waiting) if (accepted.size >= count) reached()
      if (accepted.size % 2 === 0) request.socket.destroy()
      else setTimeout(() => say(200, { state: "pending" }), 50)
      return
    }
    if (++asked % 3 === 0) return void say(503, {})
    if (known === undefined) return void say(404, {})
    say(200, { state: Date.now() - known.at < 200 ? "pending" : "done" })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    /** Once so many transfers were taken, the last of them a moment ago. */
    taken: (count: number) => new Promise<void>((reached) => void waiting.push({ count, reached })),
    /** How often each transfer was submitted. */
    times: () => [...accepted.values()].map(({ times }) => times),
    stop: () => void server.close().closeAllConnections()
  }
}
