/** `effekten projections`, beside a running register: how far each list has come, and which one stopped. For operators. */
import { MemoryEventStore, Vault } from "@effekten/event-store"
import { Events } from "@effekten/domain"
import { MemoryReadModels, type Projection, Projections } from "@effekten/projections"
import { Registrar } from "@effekten/registrar"
import { Investors, Platforms } from "@effekten/services"
import { Console, Effect, Layer, Option, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, expect, it } from "vitest"
import { folderPlace } from "../src/FolderPlace.ts"
import { placeNamed } from "../src/PlaceFlags.ts"
import { runProjections } from "../src/Projections.ts"
import { stoppedLists } from "../src/Readiness.ts"
import { somebody } from "./Past.ts"

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "effekten-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const printed = (json: boolean) => {
  const lines: Array<string> = []
  return Effect.as(
    Effect.provideService(runProjections(folderPlace(folder), { json }), Console.Console, {
      ...globalThis.console,
      log: (...args: ReadonlyArray<unknown>) => void lines.push(args.join(" "))
    } as Console.Console),
    lines
  ).pipe(Effect.map((all) => all.join("\n")))
}

interface Told {
  readonly head: number
  readonly lists: ReadonlyArray<{ readonly name: string; readonly state: string; readonly lag: number }>
}

it("tells of every list its state, position, lag and failure, beside the register that serves it", () =>
  Effect.gen(function* () {
    const platform = yield* (yield* Platforms).register({ name: "Erste Plattform" })
    const services = Registrar.layer({ platform: platform.id })
    yield* Effect.provide(
      Effect.flatMap(Investors, (investors) => Effect.andThen(investors.create(somebody), investors.list())),
      services
    )
    const before: Told = JSON.parse(yield* printed(true))
    expect(before.lists.map(({ name }) => name)).toEqual(Projections.all.map(({ name }) => name).toSorted())
    expect(before.lists.find(({ name }) => name === "investors")).toMatchObject({
      state: "current",
      lag: 0,
      position: before.head
    })
    // As a program leaves it whose fold cannot take an event, and as one of another version does.
    const database = new DatabaseSync(join(folder, "views.db"))
    database.exec(`UPDATE read_model SET position = 1, failed_at = 2, failure = 'no such units' WHERE name = 'wallets'`)
    database.exec(`INSERT INTO read_model SELECT name, layout, 0 - version, log, 1, leaf, '2026-01-01T00:00:00.000Z',
      NULL, NULL FROM read_model WHERE name = 'investors'`)
    database.close()
    const after: Told = JSON.parse(yield* printed(true))
    expect(after.lists.find(({ name }) => name === "wallets")).toMatchObject({
      state: "stopped",
      lag: after.head - 1,
      failure: { position: 2, message: "no such units" }
    })
    expect(after.lists.filter(({ state }) => state === "other")).toMatchObject([
      { name: "investors", keptUntil: "2026-01-08T00:00:00.000Z" }
    ])
    const text = yield* printed(false)
    expect(text).toMatch(/^Log: \d+ events\n/)
    expect(text).toMatch(/wallets +version \d+ +stopped +at 1, \d+ behind +stopped before position 2: no such units/)
    expect(text).toContain("dropped after 2026-01-08T00:00:00.000Z if no program uses it")
  }).pipe(Effect.provide(Registrar.layerFolder({ folder })), Effect.runPromise))

it("says that there is no register, and of one without lists that it has none", () =>
  Effect.gen(function* () {
    expect(yield* Effect.flip(printed(true))).toMatchObject({ message: expect.stringContaining(folder) })
    yield* Effect.scoped(Layer.build(Registrar.layerFolder({ folder })))
    for (const suffix of ["", "-wal", "-shm"]) rmSync(join(folder, `views.db${suffix}`), { force: true })
    expect(JSON.parse(yield* printed(true))).toMatchObject({ lists: [] })
  }).pipe(Effect.runPromise))

it("/readyz is told of a list that stopped, with its position and without the cause", () =>
  Effect.gen(function* () {
    const log = yield* MemoryEventStore.make<Events.RegisterEvent>({ catalogue: Events.catalogue })
    const broken: Projection.Any = {
      ...Projections.documents,
      types: ["DocumentErased"],
      keys: () => ["D"],
      evolve: () => {
        throw new Error("secret")
      }
    }
    yield* log.append([
      {
        id: "0190c2a4-0000-7000-8000-000000000000",
        type: "DocumentErased",
        data: { documentId: "0190c2a4-0000-7000-8000-000000000001" as never },
        meta: { operation: "EraseDocument", instruction: "00", actor: "issuer", receivedAt: "2026-01-01T00:00:00.000Z" }
      } as never
    ])
    const models = MemoryReadModels.make({ log, projections: [Projections.wallets, broken] })
    expect(yield* stoppedLists(models)).toEqual([])
    yield* Effect.result(models.catchUp)
    expect(yield* stoppedLists(models)).toEqual([
      `the list of documents (version ${Projections.documents.version}) stopped before position 1`
    ])
  }).pipe(
    Effect.provide(Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))),
    Effect.scoped,
    Effect.runPromise
  ))

it("the place may be named by an argument: a folder, or a database", () => {
  const flags = { folder: "/srv/register", store: Option.some(Redacted.make("postgres://of-the-environment")) }
  const named = (target: Option.Option<string>) => {
    const { folder, store } = placeNamed({ ...flags, anchor: Option.none(), target } as never) as typeof flags
    return [folder, Option.getOrUndefined(Option.map(store, Redacted.value))]
  }
  expect(named(Option.none())).toEqual(["/srv/register", "postgres://of-the-environment"])
  expect(named(Option.some("/srv/other"))).toEqual(["/srv/other", undefined])
  expect(named(Option.some("postgres://db/register"))).toEqual(["/srv/register", "postgres://db/register"])
})
