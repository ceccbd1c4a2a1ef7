/**
 * What a company is refused, and amendments of investors, over HTTP. How a company subscribes, `variants.test.ts` shows. For a developer of a
 * client.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Api, connect, created, investorBody } from "./Api.ts"
import { startServer, temporaryFolder, type Server } from "./Process.ts"

const data = temporaryFolder()
let server: Server
let api: Api

beforeAll(async () => {
  server = await startServer(data.path)
  api = await connect(server)
})
afterAll(async () => {
  await server?.stop()
  data.remove()
})

const patch = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  api.send("PATCH", path, { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) })

const person = { forename: "Wilma", surname: "Beispiel", is_pep: false }

describe("a company", () => {
  it("a person has none: refused with the code, and a company sent at creation in parts with its pointers", async () => {
    const { id } = created(await api.post("/v2/investors/", investorBody(), "person"))
    const refused = await api.post(`/v2/investors/${id}/benefiting-persons/`, { natural_person: person }, "none")
    expect(refused).toMatchObject({ status: 409, json: { code: "investor_not_legal_person" } })
    const { json, status } = await api.post(
      "/v2/investors/",
      { ...investorBody(), company_name: "Muster GmbH" },
      "part"
    )
    expect(status).toBe(400)
    expect(json.errors.map(({ pointer }: { pointer: string }) => pointer)).toContain(
      "/legal_person/commercial_register"
    )
  })
})

describe("PATCH of an investor", () => {
  it("merges: what it names is set, null takes away, an answer may be sent back, and If-Match is held", async () => {
    const { id } = created(await api.post("/v2/investors/", investorBody(), "amended"))
    const path = `/v2/investors/${id}/`
    const first = await api.get(path)
    const same = await patch(path, first.json)
    expect({ status: same.status, json: same.json }).toEqual({ status: 200, json: first.json })
    const body = { natural_person: { salutation: null, street: "Neue Gasse 1" }, communication: null }
    const amended = await patch(path, body, { "if-match": first.headers.get("etag")! })
    expect(amended.status).toBe(200)
    expect(amended.json.natural_person).toMatchObject({ street: "Neue Gasse 1", city: first.json.natural_person.city })
    expect(amended.json.natural_person).not.toHaveProperty("salutation")
    expect(amended.json.communication).toBeNull()
    expect((await api.get(path)).json).toEqual(amended.json)
    expect((await patch(path, body, { "if-match": first.headers.get("etag")! })).status).toBe(412)
    for (const wrong of [
      {},
      { natural_person: {} },
      { natural_person: { surname: null } },
      { natural_person: { is_pep: null } },
      { bank_account: { iban: null } },
      { bank_account: { iban: "DE00370400440532013000" } },
      { is_beneficiary: false },
      { phone: "0" },
      { benefiting_persons: [person] }
    ])
      expect([wrong, (await patch(path, wrong)).status]).toEqual([wrong, 400])
    expect(await patch(path, { legal_person: { company_name: "Muster GmbH" } })).toMatchObject({
      status: 409,
      json: { code: "investor_kind_fixed" }
    })
    expect((await patch("/v2/investors/none/", { natural_person: { surname: "X" } })).status).toBe(404)
  })
})
