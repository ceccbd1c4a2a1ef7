/**
 * A program whose register has an event of a kind that it does not know. It serves, lists and decides nothing, whenever it was started, and
 * says what to do. For operators of a rolling upgrade, and for an author of a new event.
 *
 * Today's command is the older program here. The newer one knows one type more.
 */
import { Events } from "@effekten/domain"
import type { NewEvent } from "@effekten/event-store"
import { Log, Registrar, type RegisterUnavailable } from "@effekten/registrar"
import { Effect, Layer, Redacted, Schema } from "effect"
import { cpSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"
import { connect, created, investorBody } from "./Api.ts"
import { effekten, serveArgs, startServer, temporaryFolder } from "./Process.ts"

const type = "WalletBlessed"
const masterKey = Redacted.make(new Uint8Array(32).fill(7))
const says = new RegExp(`"${type}" in version 1 \\(first at position \\d+\\): upgrade this program`)
const temporary = temporaryFolder()
afterAll(() => temporary.remove())

const catalogued: { [type: string]: unknown } = Events.catalogue.events

/** What a register does that is built by the newer program. */
const asNewer = <A, E>(
  register: Layer.Layer<Log, RegisterUnavailable>,
  work: Effect.Effect<A, E, Log>
): Effect.Effect<A, E | RegisterUnavailable> =>
  Effect.scoped(
    Effect.flatMap(
      Effect.acquireUseRelease(
        Effect.sync(() => {
          catalogued[type] = {
            version: 1,
            data: Schema.Struct({ wallet: Schema.String }),
            upcasters: {},
            tags: () => []
          }
        }),
        () => Layer.build(register),
        () => Effect.sync(() => delete catalogued[type])
      ),
      (context) => Effect.provideContext(work, context)
    )
  )

/** Records the first event of the kind. */
const bless = Effect.gen(function* () {
  const log = yield* Log
  const [last] = yield* log.readAll("all", { backwards: true, limit: 1 })
  const { fingerprint: _, recordedAt: __, ...meta } = last!.meta
  const event = { id: `${last!.id}-blessed`, type, data: { wallet: "w" }, meta }
  return yield* log.append([event as unknown as NewEvent<Events.RegisterEvent>])
})

/** What reads or changes a register, with its exit code. Without what it does not know it would say something else. */
const commands: ReadonlyArray<readonly [number, ...ReadonlyArray<string>]> = [
  [1, "replay"],
  [1, "retention"],
  [1, "policy", "show"],
  [1, "projections"],
  [4, "platform", "add", "Zweite Plattform"],
  [4, "disclose", "01a2b3c4-0000-7000-8000-000000000000"]
]

const refusedEverywhere = async (data: string, env: NodeJS.ProcessEnv = {}): Promise<void> => {
  for (const [code, ...words] of commands) {
    const { stderr, ...ended } = await effekten([...words, "--data", data], { env })
    expect.soft({ words, code: ended.code, stderr }).toEqual({ words, code, stderr: expect.stringMatching(says) })
    expect.soft(stderr.trimEnd().split("\n")).toHaveLength(1)
  }
  // They look at bodies that they do not decode, and say what they cannot judge.
  for (const word of ["verify", "audit"])
    expect.soft(await effekten([word, "--data", data], { env })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(`of the type "${type}", which is not known here: run the version that wrote it`)
    })
}

describe("promise 2: behind an event of a kind that it does not know, a program", () => {
  it("is refused over a folder by every command, and says which version to take", async () => {
    const data = join(temporary.path, "folder")
    const server = await startServer(data)
    await (await connect(server)).post("/v2/investors/", investorBody(), "before")
    await server.stop()
    const before = join(temporary.path, "before")
    expect(await effekten(["backup", before, "--data", data])).toMatchObject({ code: 0 })
    await Effect.runPromise(asNewer(Registrar.layerFolder({ folder: data, sandbox: true }), bless))
    const started = await effekten(serveArgs(data))
    expect(started).toMatchObject({ code: 4, stdout: "", stderr: expect.stringMatching(says) })
    await refusedEverywhere(data)
    // A backup from before is the way back. One of today's log is as the log.
    const restored = join(temporary.path, "restored")
    expect(await effekten(["restore", before, "--data", restored])).toMatchObject({ code: 0 })
    await (await startServer(restored)).stop()
    const behind = join(temporary.path, "behind")
    cpSync(data, behind, { recursive: true })
    expect(await effekten(serveArgs(behind))).toMatchObject({ code: 4, stderr: expect.stringMatching(says) })
  })

  describe("over PostgreSQL", () => {
    let postgres: Awaited<ReturnType<typeof startPostgres>>
    beforeAll(async () => {
      postgres = await startPostgres()
    })
    afterAll(() => postgres?.stop())

    it("stops where it is up, does not start, and every command is refused", async () => {
      const data = temporaryFolder()
      writeFileSync(join(data.path, "master.key"), Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 })
      const args = ["--store", postgres.url()]
      const server = await startServer(data.path, { args })
      try {
        const api = await connect(server)
        const investor = created(await api.post("/v2/investors/", investorBody(), "before")).id
        const asks = [
          () => api.get(`/v2/investors/${investor}/`),
          () => api.get("/v2/investors/"),
          () => api.post("/v2/investors/", investorBody(), "after")
        ]
        expect((await api.get(`/v2/investors/${investor}/`)).status).toBe(200)
        await Effect.runPromise(
          asNewer(Registrar.layerPostgres({ server: postgres.server(), masterKey, sandbox: true }), bless)
        )
        for (const ask of asks) expect((await ask()).status).toBe(503)
        expect((await fetch(new URL("/readyz", server.url))).status).toBe(503)
        const started = await effekten(serveArgs(data.path, { args }))
        expect(started).toMatchObject({ code: 4, stdout: "", stderr: expect.stringMatching(says) })
        await refusedEverywhere(data.path, { EFFEKTEN_STORE: postgres.url() })
      } finally {
        await server.stop()
        data.remove()
      }
    })
  })
})
