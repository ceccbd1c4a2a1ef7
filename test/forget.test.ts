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
  expect((await server.stop()).stdout).not.toContain("Erases")

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

it("D-15 hold, release and retention: as the command line has them, and a server says by itself that it erases", async () => {
  const folder = temporaryFolder()
  const erasing = { EFFEKTEN_ERASE_WHEN_DUE: "true", EFFEKTEN_RETENTION: "8" }
  const server = await startServer(folder.path, { env: erasing })
  const api = await connect(server)
  const investor = created(await api.post("/v2/investors/", investorBody("Wilma"), "wilma")).id
  const command = (...args: ReadonlyArray<string>) => effekten([...args, "--data", folder.path])

  const beside = await command("retention", "--retention", "8")
  expect([beside.code, beside.stderr]).toEqual([0, ""])
  expect(beside.stdout).toMatch(
    /^0 due, 1 restricted, 0 held, .* for 8 calendar years\n\d{4}-01-01T00:00:00\+01:00 {2}/
  )
  expect((await command("hold", investor, "--basis", "legal_claims")).code).toBe(4)
  expect(server.stdout()).toContain("Erases   investors, 8 calendar years after")
  await server.stop()

  expect((await command("hold", investor)).code).toBe(2)
  expect((await command("hold", investor, "--basis", "because")).code).toBe(2)
  const held = await command("hold", investor, "--basis", "legal_claims")
  expect([held.code, held.stderr]).toEqual([0, ""])
  const id = held.stdout.replace(/^held: /, "").trim()
  expect(JSON.parse((await command("retention", "--json")).stdout)).toMatchObject({
    held: 1,
    investors: [{ investorId: investor, state: "held", due: null, holds: [{ id, basis: "legal_claims", until: null }] }]
  })
  expect((await command("retention", "--limit", "501")).code).toBe(2)
  const unread = await effekten(["retention", "--data", folder.path], { env: { EFFEKTEN_RETENTION: "five" } })
  expect([unread.code, unread.stdout]).toEqual([2, ""])
  expect(unread.stderr).toMatch(/^effekten: .*EFFEKTEN_RETENTION.*\nRun `effekten retention --help` for help\.\n$/)
  expect((await command("release", investor, id)).stdout).toBe(`released: ${id}\n`)
  folder.remove()
})
