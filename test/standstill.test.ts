/**
 * What stands still while a register is served: its readiness stays 200 and names it. For operators.
 */
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, expect, it } from "vitest"
import { connect, created, identificationBody, investorBody } from "./Api.ts"
import { type Server, startServer, temporaryFolder } from "./Process.ts"

const temporary = temporaryFolder()
afterAll(() => temporary.remove())

/** Status and detail of `/readyz`. */
const readiness = async (server: Server) => {
  const answer = await fetch(`${new URL(server.url).origin}/readyz`)
  const { detail } = (await answer.json()) as { readonly detail?: ReadonlyArray<string> }
  return { status: answer.status, detail }
}

/** As an operator's tool would. */
const change = (file: string, statement: string): void => {
  const database = new DatabaseSync(file, { timeout: 30_000 })
  expect(database.prepare(statement).run().changes).toBe(1)
  database.close()
}

it("a list that cannot go on is named by the readiness of a served process, which stays ready", async () => {
  const folder = join(temporary.path, "list")
  const server = await startServer(folder)
  const api = await connect(server)
  const { id } = created(await api.post("/v2/investors/", investorBody(), "investor"))
  const protocol = created(await api.upload("protocol.pdf", "nothing in it", "protocol")).id
  expect((await api.get("/v2/investors/")).json.count).toBe(1)
  expect(await readiness(server)).toEqual({ status: 200, detail: undefined })
  const views = new DatabaseSync(join(folder, "views.db"), { readOnly: true })
  const [table] = views
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%investors%'")
    .all() as unknown as ReadonlyArray<{ readonly name: string }>
  views.close()
  change(join(folder, "views.db"), `UPDATE "${table!.name}" SET state = 'null'`)
  created(await api.post(`/v2/investors/${id}/identifications/`, identificationBody(protocol), "identification"))
  await api.get("/v2/investors/")
  expect(await readiness(server)).toEqual({
    status: 200,
    detail: [expect.stringMatching(/^the list of investors \(version \d+\) stopped before position \d+$/)]
  })
  expect((await api.get(`/v2/investors/${id}/`)).status).toBe(200)
  expect(await server.stop()).toMatchObject({ code: 0 })
}, 240_000)

it("a settlement behind which the log was put back is named by the readiness, until a start says that it goes on", async () => {
  const folder = join(temporary.path, "settlement")
  const before = await startServer(folder)
  expect(await readiness(before)).toEqual({ status: 200, detail: undefined })
  await before.stop()
  // What a log from an older backup leaves, beside a younger state.
  const state = new DatabaseSync(join(folder, "state.db"))
  state
    .prepare(
      `INSERT INTO reactors (name, position, leaf_position, leaf) VALUES ('settlement', 900, 900, ?)
       ON CONFLICT (name) DO UPDATE SET position = 900, leaf_position = 900, leaf = excluded.leaf`
    )
    .run("0".repeat(64))
  state.close()

  const stopped = await startServer(folder)
  expect(await readiness(stopped)).toEqual({
    status: 200,
    detail: ["settlement stopped at position 900: the log was put back behind it"]
  })
  expect(stopped.stderr()).toMatch(/settlement does not start/)
  await stopped.stop()

  const resumed = await startServer(folder, { args: ["--resume-reactor", "settlement"] })
  expect(await readiness(resumed)).toEqual({ status: 200, detail: undefined })
  await resumed.stop()
}, 240_000)
