/**
 * A node whose database answers no more, as behind a link that drops every packet: not ready within two seconds, told once. For operators.
 */
import { connect as dial, createServer, type AddressInfo, type Socket } from "node:net"
import { afterAll, beforeAll, expect, it } from "vitest"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"
import { eventually } from "./Api.ts"
import { startServer, temporaryFolder, type Server } from "./Process.ts"

const folder = temporaryFolder()
let postgres: Awaited<ReturnType<typeof startPostgres>>
let server: Server

/** Between the node and its database. While it is cut, nothing that is sent arrives, and nothing is closed. */
const link = (port: number) => {
  const sockets = new Set<Socket>()
  let isCut = false
  const listening = createServer((near) => {
    const far = dial(port, "127.0.0.1")
    for (const [from, to] of [
      [near, far],
      [far, near]
    ] as const) {
      sockets.add(from)
      from.on("data", (chunk) => to.write(chunk))
      from.on("error", () => to.destroy())
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
      if (isCut) from.pause()
    }
  })
  return {
    listening,
    cut: () => {
      isCut = true
      for (const socket of sockets) socket.pause()
    },
    mend: () => {
      isCut = false
      for (const socket of sockets) socket.resume()
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      listening.close()
    }
  }
}
let between: ReturnType<typeof link>

beforeAll(async () => {
  postgres = await startPostgres()
  between = link(postgres.port)
  await new Promise<void>((resolve) => between.listening.listen(0, "127.0.0.1", resolve))
  const url = new URL(postgres.url())
  url.port = String((between.listening.address() as AddressInfo).port)
  server = await startServer(folder.path, { args: ["--store", url.href] })
})
afterAll(async () => {
  await server?.kill()
  between?.close()
  await postgres?.stop()
  folder.remove()
})

it("O6 a node whose database is silent says so within two seconds, in one line, and takes requests again by itself", async () => {
  const statusOf = async (path: string) => (await fetch(`${new URL(server.url).origin}${path}`)).status
  const lines = () =>
    server
      .stderr()
      .split("\n")
      .filter((line) => /ready/.test(line))
  expect(await statusOf("/readyz")).toBe(200)
  between.cut()
  const begun = performance.now()
  expect(await Promise.all(Array.from({ length: 10 }, () => statusOf("/readyz")))).toEqual(Array<number>(10).fill(503))
  // Two seconds, and what a busy machine adds. Without a bound it is the patience of the driver: 45 seconds.
  expect(performance.now() - begun).toBeLessThan(20_000)
  expect(await statusOf("/livez")).toBe(200)
  expect(await statusOf("/readyz")).toBe(503)
  expect(lines()).toEqual([expect.stringMatching(/not ready: no answer after 2 seconds/)])
  between.mend()
  await eventually(async () => ((await statusOf("/readyz")) === 200 ? true : undefined))
  await eventually(async () => (lines().length === 2 ? true : undefined))
  expect(lines()[1]).toMatch(/ready again/)
})
