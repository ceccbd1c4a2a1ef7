/**
 * Bodies of other generations over the wire: what is served, told and refused, and that a request stays the body as it came. For the author
 * of the server; each member's case stands in the tests of the services.
 */
import { Effect } from "effect"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import * as H from "./Harness.ts"

let h: H.Harness
beforeAll(async () => {
  h = await H.start()
})
afterAll(() => h.close())
beforeEach(() => {
  h.memory.before = () => Effect.void
  h.memory.seen.length = 0
})

let count = 0
const send = (method: string, path: string, body: unknown, key = `key-${++count}`) =>
  H.send(method, `${h.url}${path}`, {
    authorization: `Bearer ${h.token}`,
    "x-idempotency-key": key,
    "content-type": "application/json",
    body: JSON.stringify(body)
  })
const errorsOf = (answer: H.Answer) =>
  (answer.json.errors as ReadonlyArray<{ readonly pointer: string; readonly code: string }>).map(
    ({ code, pointer }) => `${pointer} ${code}`
  )

const { is_pep: _isPep, ...person } = H.investor.natural_person
/** As the first generation of the API wrote it. */
const first = { ...H.investor, natural_person: person, account_setup_accepted_at: "2022-06-01T00:00:00Z" }

describe("a client of the first generation", () => {
  it.each([true, false])("is served: pep_status %s", async (pep_status) => {
    const answer = await send("POST", "/v2/investors/", { ...first, pep_status })
    expect(answer.status).toBe(201)
    expect(answer.json.natural_person.is_pep).toBe(pep_status)
    expect(answer.headers["x-ignored-members"]).toBe("/account_setup_accepted_at")
  })

  it("that says nowhere whether somebody is a PEP is refused", async () => {
    const answer = await send("POST", "/v2/investors/", first)
    expect(answer.status).toBe(400)
    expect(errorsOf(answer)).toEqual(["/natural_person/is_pep required"])
  })

  it("has its body as it came under its key: repeated it is the same request, spelled otherwise another one", async () => {
    const body = { ...first, pep_status: false }
    const key = "first-generation"
    const answer = await send("POST", "/v2/investors/", body, key)
    expect(h.memory.seen[0]?.body).toEqual(body)
    const again = await send("POST", "/v2/investors/", body, key)
    expect([again.text, again.headers["idempotent-replayed"]]).toEqual([answer.text, "true"])
    const modern = { ...body, natural_person: { ...person, is_pep: false } }
    expect((await send("POST", "/v2/investors/", modern, key)).status).toBe(422)
  })
})

it("our own answers, posted back, are taken as far as they make sense", async () => {
  const investor = await send("POST", "/v2/investors/", { ...H.investor, bank_account: undefined, communication: null })
  expect(investor.json).toMatchObject({ bank_account: null, communication: null })
  const again = await send("POST", "/v2/investors/", investor.json)
  expect([again.status, again.headers["x-ignored-members"]]).toEqual([201, "/id, /kyc_status, /created_at"])
  const { wallet: _wallet, ...unassigned } = H.investment
  const investment = await send("POST", "/v2/investments/", unassigned)
  expect(investment.json).toMatchObject({ wallet: null, disagio: null, accrued_interest: null })
  expect((await send("POST", "/v2/investments/", investment.json)).status).toBe(201)
  const redemption = await send("POST", "/v2/redemptions/", H.redemption)
  expect((await send("POST", "/v2/redemptions/", redemption.json)).status).toBe(201)
})

it("an older redemption is read: product, source_wallet, amount", async () => {
  const { investor_id, product_id, units, wallet_id } = H.redemption
  const answer = await send("POST", "/v2/redemptions/", {
    investor_id,
    product: product_id,
    source_wallet: wallet_id,
    amount: units
  })
  expect([answer.status, answer.headers["x-ignored-members"]]).toEqual([201, undefined])
  expect(answer.json).toMatchObject(H.redemption)
})

describe("what is known and not offered is refused with its pointer", () => {
  it.each([
    ["POST", "/v2/investors/", { ...H.investor, benefiting_persons: [{ surname: "Beispiel" }] }, "/benefiting_persons"],
    ["PATCH", "/v2/investments/investment/", { units: 100 }, "/units"],
    ["POST", "/v2/investments/investment/credits/", { units: 100 }, "/units"],
    ["POST", "/v2/investors/investor/wallets/eth-managed/", { receiving_enabled: true }, "/receiving_enabled"]
  ])("%s %s %j", async (method, path, body, pointer) => {
    const answer = await send(method, path, body)
    expect([answer.status, answer.json.code]).toEqual([400, "invalid_request"])
    expect(errorsOf(answer)).toContain(`${pointer} not_offered`)
    expect(h.memory.seen).toEqual([])
  })
})

it.each([{}, { paid_at: null }, { colour: "red" }])("a PATCH that sets nothing is refused: %j", async (body) => {
  const answer = await send("PATCH", "/v2/investments/investment/", body)
  expect([answer.status, errorsOf(answer)]).toEqual([400, [" invalid_value"]])
  expect(answer.json.errors[0].message).toBe("Expected a member to set: accepted_at, paid_at or wallet")
})

describe("E9 a query", () => {
  const call = (method: string, path: string) =>
    H.send(method, `${h.url}${path}`, { authorization: `Bearer ${h.token}`, "x-idempotency-key": `key-${++count}` })

  it.each([
    ["page=2", ["/page"]],
    ["investor_id=i&offset=10&limit=5&offset=20", ["/investor_id", "/offset"]],
    ["Limit=5", ["/Limit"]],
    ["=1", ["/"]],
    ["a%2Fb=1", ["/a~1b"]]
  ])("of a list with an unknown member is refused, and told what there is: %s", async (query, pointers) => {
    const answer = await call("GET", `/v2/investors/?${query}`)
    expect(answer.status).toBe(400)
    expect(errorsOf(answer)).toEqual(pointers.map((pointer) => `${pointer} unexpected`))
    expect(answer.json.detail).toBe("The query takes limit and cursor and kyc_status.")
  })

  it("of a call that is no list is refused", async () => {
    for (const [method, path] of [
      ["GET", "/v2/investors/investor/?expand=wallets"],
      ["POST", "/v2/investments/investment/credits/?dry_run=true"]
    ] as const) {
      const answer = await call(method, path)
      expect([answer.status, answer.json.detail]).toEqual([400, "This call takes no query."])
    }
    expect(h.memory.seen).toEqual([])
  })

  it("that is empty says nothing", async () => {
    expect((await call("GET", "/v2/investors/?")).status).toBe(200)
  })
})
