/**
 * The record of openings as a person asks for it: beside the server, of one investor, from a backup. For the data protection officer.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Events } from "@effekten/domain"
import { PgEventStore, PgKeyStore } from "@effekten/event-store/postgres"
import { Log, AccessRecord } from "@effekten/registrar"
import { Effect, Layer } from "effect"
import { globSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { useServer } from "../packages/event-store/test/PgServer.ts"
import {
  type Decrypted,
  holdsItAtOnce,
  holdsWhatIsDecrypted,
  masterKey,
  registerOver
} from "../packages/registrar/test/OpeningsPlay.ts"
import { connect, created, investorBody } from "./Api.ts"
import { effekten, root, startServer, temporaryFolder } from "./Process.ts"

const postgres = useServer()

let schemas = 0
const onPostgres = (decrypted: Array<Decrypted>) =>
  Layer.unwrap(
    Effect.sync(() => {
      const schema = `openings${++schemas}`
      const server = postgres.server()
      return registerOver(decrypted, {
        vault: PgKeyStore.layerVault({ server, schema: `${schema}_keys`, masterKey }),
        log: Log.layer(
          PgEventStore.make<Events.RegisterEvent>({ server, schema: `${schema}_log`, catalogue: Events.catalogue })
        ),
        // The schema is made with the keys.
        openings: AccessRecord.layerSql().pipe(
          Layer.provide(PgClient.layer({ ...server, startupParameters: { search_path: `${schema}_keys` } }))
        )
      })
    })
  )

describe("the record of a register on PostgreSQL", () => {
  it("D-18 holds what the vault decrypts, no more and no less, with actor, purpose, subject and class", () =>
    holdsWhatIsDecrypted(onPostgres, 3))

  it("D-18 holds it as well when many ask at once", () => holdsItAtOnce(onPostgres, 2))
})

const temporary = temporaryFolder()
afterAll(() => temporary.remove())
const at = (name: string): string => join(temporary.path, name)

interface Told {
  readonly at: string
  readonly actor: string
  readonly platform?: string
  readonly client?: string
  readonly purpose: string
  readonly subject: string
  readonly class: string
  readonly number: number
}

const openings = async (...args: ReadonlyArray<string>): Promise<ReadonlyArray<Told>> => {
  const ended = await effekten(["openings", "--json", ...args])
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: "" })
  return ended.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Told)
}

/** What of it does not depend on when. */
const essence = ({ client, purpose, subject }: Told) => ({ client, purpose, subject })

describe("effekten openings", () => {
  it("D-18 tells beside the server which actor opened what; so does a backup, and neither verify nor export adds to it", async () => {
    const folder = at("served")
    const server = await startServer(folder)
    const api = await connect(server)
    const one = created(await api.post("/v2/investors/", investorBody("Canary"), "one")).id as string
    const other = created(await api.post("/v2/investors/", investorBody("Canary"), "other")).id as string
    // What was sent with the request is not opened; what is told again is.
    expect(await openings("--data", folder)).toEqual([])
    await api.get(`/v2/investors/${one}/`)
    await api.get("/v2/investors/")
    await api.post("/v2/investors/", investorBody("Canary"), "one")
    const all = await openings("--data", folder)
    const { clientId: client } = server
    expect(all.map(essence)).toEqual([
      { client, purpose: "GetInvestor", subject: `investor:${one}` },
      { client, purpose: "ListInvestors", subject: `investor:${one}` },
      { client, purpose: "ListInvestors", subject: `investor:${other}` },
      { client, purpose: "RegisterInvestor", subject: `investor:${one}` }
    ])
    expect(all[0]).toMatchObject({ actor: "platform", class: "InvestorRegistered", number: 1 })
    expect(all[0]?.platform).toMatch(/^[0-9a-f-]{36}$/)
    expect(JSON.stringify(all)).not.toMatch(/Canary/)

    expect(await openings("--data", folder, "--investor", other)).toEqual([all[2]])
    expect(await openings("--data", folder, "--document", other)).toEqual([])
    expect(await openings("--data", folder, "--since", all[3]!.at)).toEqual(all.filter(({ at }) => at >= all[3]!.at))
    expect(await openings("--data", folder, "--since", "2999-01-01")).toEqual([])
    const text = (await effekten(["openings", "--data", folder, "--investor", other])).stdout
    expect(text).toBe(
      `${all[2]!.at}  platform ${all[2]!.platform} client ${client}  ListInvestors  investor:${other}  InvestorRegistered  × 1\n`
    )
    expect((await effekten(["verify", "--data", folder])).code).toBe(0)
    expect((await effekten(["export", at("export"), "--data", folder])).code).toBe(0)
    expect(await openings("--data", folder)).toEqual(all)

    expect((await effekten(["backup", at("backup"), "--data", folder])).code).toBe(0)
    await server.stop()
    const disclosed = await effekten(["disclose", one, "--data", folder])
    expect(disclosed.stdout).toMatch(/Canary/)
    expect((await openings("--data", folder)).slice(4)).toMatchObject([
      { actor: "registrar", purpose: "DiscloseInvestor", subject: `investor:${one}` }
    ])
    expect((await effekten(["restore", at("backup"), "--data", at("restored")])).code).toBe(0)
    expect(await openings("--data", at("restored"))).toEqual(all)
  })

  it("D-18 tells the same of a register in PostgreSQL", async () => {
    const store = ["--data", at("node"), "--store", postgres.url()]
    // Nor does a mere look make a register.
    for (const args of [["openings"], ["platform", "list"], ["platform", "add", "Nobody"], ["openings"]]) {
      const ended = await effekten([...args, ...store])
      expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 4, stdout: "" })
      expect(ended.stderr).toMatch(/holds no (register|log)\n$/)
    }
    const server = await startServer(at("node"), { args: ["--store", postgres.url()] })
    const api = await connect(server)
    const one = created(await api.post("/v2/investors/", investorBody(), "one")).id as string
    await Promise.all(Array.from({ length: 8 }, () => api.get(`/v2/investors/${one}/`)))
    const all = await openings(...store)
    expect(new Set(all.map((told) => JSON.stringify(essence(told)))).size).toBe(1)
    expect(all.reduce((sum, { number }) => sum + number, 0)).toBe(8)
    expect(await openings(...store, "--investor", one)).toEqual(all)
    await server.stop()
  })

  it("refuses in words what is no register, no id and no instant", async () => {
    for (const [args, code, says] of [
      [["--data", at("nothing")], 4, /holds no register/],
      [["--data", at("served"), "--investor", "Erika Muster"], 2, /is no id of an investor/],
      [["--data", at("served"), "--since", "gestern"], 2, /Expected a date or an instant/]
    ] as const) {
      const ended = await effekten(["openings", ...args])
      expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" })
      expect(ended.stderr).toMatch(says)
    }
  })
})

it("D-18 nothing opens a vault or a store but what records it", () => {
  const found = globSync("packages/{registrar,http,cli,projections,services,domain}/src/**/*.ts", { cwd: root })
    .map((file) => relative(root, join(root, file)))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8")
      return [
        ...(/\bvault\.open(?:Pieces)?\(/.test(text) ? [`${file} opens the vault`] : []),
        ...(/\bstore\.reveal\(/.test(text) ? [`${file} reveals from the store`] : [])
      ]
    })
    .toSorted()
  expect(found).toEqual([
    // Contents of documents: recorded there.
    "packages/registrar/src/documents/Blobs.ts opens the vault",
    "packages/registrar/src/log/Log.ts reveals from the store",
    // The register's own secrets, which are no person's data.
    "packages/registrar/src/postgres/SealedSecrets.ts opens the vault"
  ])
})
