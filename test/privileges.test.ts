/** A register in PostgreSQL that is served by a role which owns nothing: with the grants that the docs tell, and no others. */
import { PgConnection } from "@effect/sql-pg"
import { Effect, Redacted } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Projection } from "@effekten/projections"
import { Log, Registrar } from "@effekten/registrar"
import { Erasures } from "@effekten/services"
import { afterAll, assert, beforeAll, expect, it } from "vitest"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"
import { onboarded } from "../packages/registrar/test/fixture.ts"
import { as } from "../packages/registrar/test/parts.ts"
import { connect, created, eventually, investmentBody, onboard } from "./Api.ts"
import { effekten, root, startServer, temporaryFolder } from "./Process.ts"

const role = "effekten_node"
const password = "invented"
const folder = temporaryFolder()
let postgres: Awaited<ReturnType<typeof startPostgres>>

/** As the owner of everything, or as the role that serves. */
const session = <A, E>(work: (connection: PgConnection.PgConnection) => Effect.Effect<A, E>, username?: string) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(
        PgConnection.make(
          postgres.server(username === undefined ? {} : { username, password: Redacted.make(password) })
        ),
        work
      )
    )
  )

/** What an operator is told to grant. */
const grants = (): ReadonlyArray<string> => {
  const page = readFileSync(join(root, "docs/operations/postgres.md"), "utf8")
  const [, found] = /```sql\n(GRANT [^`]*);\n```/.exec(page) ?? []
  if (found === undefined) throw new Error("the docs name no grants")
  return found.split(";\n")
}

/** Forgets an investor with a document, as the role that serves. The keys of what was erased. */
const forgotten = (campaign: string) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const log = yield* Log
      const [opened] = yield* log.readAll([{ types: ["CampaignOpened"], tags: [`campaign:${campaign}`] }])
      const platform = opened?.type === "CampaignOpened" ? opened.data.platformId : undefined
      assert.isDefined(platform)
      const { investor } = yield* onboarded.pipe(as(platform))
      yield* Effect.flatMap(Erasures, (erasures) => erasures.investor(investor, "request"))
      const events = yield* log.readAll([{ types: Projection.erasing }])
      return events.flatMap((event) =>
        Projection.isErasing(event) ? [{ subject: Projection.erasedSubject(event) }] : []
      )
    }).pipe(
      Effect.provide(
        Registrar.layerPostgres({
          server: postgres.server({ username: role, password: Redacted.make(password) }),
          masterKey: Redacted.make(new Uint8Array(32).fill(7)),
          sandbox: true,
          policy: { retention: { seconds: 0 } }
        })
      )
    )
  )

beforeAll(async () => {
  postgres = await startPostgres()
  writeFileSync(join(folder.path, "master.key"), Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 })
})
afterAll(async () => {
  await postgres?.stop()
  folder.remove()
})

it("a role that owns nothing serves the whole life of an investment, with what the docs grant; it can alter no history", async () => {
  await session((owner) => owner.query(`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`))
  const url = postgres.url().replace(/\/\/[^@]*@/, `//${role}:${password}@`)
  const args = ["--store", url]
  await expect(startServer(folder.path, { args })).rejects.toThrow(/permission denied/)
  const made = await startServer(folder.path, { args: ["--store", postgres.url()] })
  await made.stop()
  const told = grants()
  for (const [index, grant] of told.entries()) {
    // What lacks is named, whatever it is that lacks last.
    if (index === told.length - 1)
      await expect(startServer(folder.path, { args })).rejects.toThrow(/effekten: .*permission denied for table/)
    await session((owner) => owner.query(grant))
  }

  const server = await startServer(folder.path, { args })
  expect(await effekten(["guide", "--url", server.url, "--data", folder.path])).toMatchObject({ code: 0, stderr: "" })
  const api = await connect(server)
  const { investor, wallet } = await onboard(api, "served")
  created(await api.upload("deed.pdf", "written here", "deed"))
  const investment = created(await api.post("/v2/investments/", investmentBody(server, investor, wallet, 5), "bought"))
  expect((await api.get(`/v2/investments/${investment.id}/`)).status).toBe(200)
  expect((await api.get("/v2/investors/")).json.results.length).toBeGreaterThan(1)

  const env = { EFFEKTEN_STORE: url }
  const command = (...words: ReadonlyArray<string>) => effekten([...words, "--data", folder.path], { env })
  expect(await command("platform", "add", "Zweite Plattform")).toMatchObject({ code: 0, stderr: "" })
  expect((await command("disclose", investor)).code).toBe(0)
  // The sealer signs as it does for an owner: up to the head.
  await eventually(async () => {
    const [row] = await session((owner) =>
      owner.queryValues(
        "SELECT (SELECT max(size) FROM effekten_state.checkpoints) = (SELECT max(position) FROM effekten_log.events)"
      )
    )
    return row?.[0] === true ? true : undefined
  })
  await server.stop()
  expect(server.stderr()).toBe("")
  const verified = await command("verify", "--json")
  expect(JSON.parse(verified.stdout)).toMatchObject({ verified: "register", faultCount: 0 })

  // A person and their document are forgotten: keys, ciphertexts and contents are destroyed.
  const erased = await forgotten(server.campaignId)
  expect(erased.map(({ subject }) => subject.replace(/:.*/, ""))).toEqual(["investor", "document"])
  for (const { subject } of erased)
    expect(
      await session((owner) =>
        owner.queryValues(
          `SELECT (SELECT count(*)::int FROM effekten_keys.keys WHERE subject = '${subject}'),
             (SELECT count(*)::int FROM effekten_keys.forgotten WHERE subject = '${subject}'),
             (SELECT count(*)::int FROM effekten_state.contents WHERE id = '${subject.replace(/.*:/, "")}')`
        )
      )
    ).toEqual([[0, 1, 0]])

  // What else a node does seldom: it drops old openings, and the nodes of a tree that was begun anew.
  const seldom = ["openings", "opening_groups", "openings_cut", "contents", "tree_nodes"].map(
    (table) => `effekten_state.${table}`
  )
  for (const table of [...seldom, "effekten_log.personal", "effekten_keys.keys"])
    await session((served) => served.query(`DELETE FROM ${table} WHERE false`), role)
  for (const forbidden of [
    "UPDATE effekten_log.events SET body = body",
    "DELETE FROM effekten_log.macs",
    "DELETE FROM effekten_state.checkpoints",
    "UPDATE effekten_state.secrets SET sealed = sealed",
    "UPDATE effekten_state.checkpoint_signers SET sealed = sealed",
    "CREATE TABLE effekten_state.stranger (n integer)"
  ]) {
    const refused = await session((served) => Effect.flip(served.query(forbidden)), role)
    expect([forbidden, String((refused.reason as { readonly cause?: unknown }).cause)]).toEqual([
      forbidden,
      expect.stringMatching(/permission denied/)
    ])
  }
})
