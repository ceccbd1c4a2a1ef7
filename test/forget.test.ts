/**
 * Forgetting as a person does it: in the data folder of a server that was stopped. For the registrar's staff.
 */
import { expect, it } from "vitest"
import { connect, created, investorBody } from "./Api.ts"
import { effekten, startServer, temporaryFolder } from "./Process.ts"

it("forget and disclose: not beside a server, not within retention, not of a stranger, and said in one line", async () => {
  const folder = temporaryFolder()
  const server = await startServer(folder.path)
  const api = await connect(server)
  const investor = created(await api.post("/v2/investors/", investorBody("Wilma"), "wilma")).id
  const command = (...args: ReadonlyArray<string>) => effekten([...args, "--data", folder.path])

  const held = await command("forget", investor)
  expect([held.code, held.stdout]).toEqual([4, ""])
  expect(held.stderr).toMatch(/^effekten: .* is in use by another process: stop it first.*\n$/)
  await server.stop()

  const kept = await command("forget", investor, "--ground", "unlawful")
  expect([kept.code, kept.stdout]).toEqual([6, ""])
  expect(kept.stderr).toMatch(/^effekten: retention_running: .* Until \d{4}-01-01T00:00:00\+01:00\.\n$/)
  expect((await command("forget", "nobody")).code).toBe(6)
  expect((await command("forget", investor, "--ground", "no_reason")).code).toBe(2)
  expect((await command("forget")).code).toBe(2)

  expect((await command("rotate-master-key")).code).toBe(0)
  const told = await command("disclose", investor)
  expect([told.code, told.stderr]).toEqual([0, ""])
  expect(JSON.parse(told.stdout)).toMatchObject({
    investor_id: investor,
    erased: false,
    entries: [{ type: "InvestorRegistered", subject: `investor:${investor}` }]
  })
  expect(told.stdout).toContain("Wilma")
  folder.remove()
})
