/**
 * Personal data stay in the vault: what a person typed is in no file and no log, in no form that a search would find. For the data
 * protection officer.
 */
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { connect, created, identificationBody, investmentBody, investorBody } from "./Api.ts"
import { startServer, temporaryFolder } from "./Process.ts"

/** In every member a person or a client types freely, and in every key. */
const mark = "Kanarienvogel"

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())

/** In every header that a client may fill as it likes. */
const headers = {
  "x-request-id": `${mark}-request-id`,
  "x-correlation-id": `${mark}-correlation-id`,
  "user-agent": `${mark}/1.0`,
  from: `${mark}@example.org`,
  referer: `https://example.org/${mark}`,
  "x-forwarded-for": mark,
  forwarded: `for=${mark};host=${mark}`,
  traceparent: `00-${mark}-${mark}-01`,
  baggage: `name=${mark}`,
  cookie: `name=${mark}`,
  "if-none-match": `"${mark}"`,
  [`x-${mark}`]: mark
}

/** Text that means one thing only, wherever it stands in a body. */
const isCode = (text: string): boolean => /^([A-Z]{2,3}|\d{4}-\d{2}-\d{2}(T.*)?|IDCARD|POSTIDENT)$/.test(text)

const textsOf = (body: unknown): ReadonlyArray<string> =>
  typeof body === "string"
    ? [body]
    : typeof body === "object" && body !== null
      ? Object.values(body).flatMap(textsOf)
      : []

it("I-04, D-01, D-17, promise 9: what was typed is in the bytes of no file and of no log", async () => {
  const folder = temporaryFolder()
  const server = await startServer(folder.path)
  const api = await connect(server)
  const person = investorBody(mark)
  const first = await api.send("POST", "/v2/investors/", {
    headers: { ...headers, "content-type": "application/json", "x-idempotency-key": `${mark}-investor` },
    body: JSON.stringify(person)
  })
  // It is told to the client, and to nobody else.
  expect(first.headers.get("x-request-id")).toBe(headers["x-request-id"])
  const investor = created(first).id
  for (const path of [`/v2/investors/?limit=${mark}`, `/v2/investors/${mark}/`, `/${mark}/`, `/v2/investors/${mark};/`])
    expect((await api.send("GET", path, { headers })).status).toBeGreaterThanOrEqual(400)
  const document = created(await api.upload(`${mark}.pdf`, `${mark} in the content`, `${mark}-document`)).id
  const identification = identificationBody(document, mark)
  const path = `/v2/investors/${investor}`
  created(await api.post(`${path}/identifications/`, identification, `${mark}-identification`))
  const wallet = created(await api.post(`${path}/wallets/eth-managed/`, undefined, `${mark}-wallet`)).id
  const signed = [{ document_id: document, category: `${mark} category`, subject: `${mark} subject` }]
  const body = investmentBody(server, investor, wallet, 10, signed)
  const investment = created(await api.post("/v2/investments/", body, `${mark}-investment`)).id
  created(await api.post(`/v2/investments/${investment}/credits/`, undefined, `${mark}-credit`))
  // Refusals are recorded too, and repeats, lists and mistakes may be logged.
  const redeem = { investor_id: investor, product_id: server.productId, wallet_id: wallet, units: 11 }
  expect((await api.post("/v2/redemptions/", redeem, `${mark}-refused`)).status).toBe(409)
  expect(
    (await api.post("/v2/investors/", { ...person, natural_person: { forename: mark } }, `${mark}-400`)).status
  ).toBe(400)
  expect((await api.post("/v2/investors/", { ...person, is_beneficiary: mark }, `${mark}-400`)).status).toBe(400)
  expect((await api.get("/v2/investors/")).bytes.includes(mark)).toBe(true)
  expect((await api.get("/v2/documents/")).bytes.includes(mark)).toBe(true)

  const planted = [...new Set([mark, ...textsOf(person), ...textsOf(identification), ...textsOf(signed)])].filter(
    (text) => !isCode(text) && text !== document
  )
  expect(planted.length).toBeGreaterThan(15)
  const forms = planted.flatMap((text) => [
    Buffer.from(text, "utf8"),
    Buffer.from(text, "utf16le"),
    Buffer.from(Buffer.from(text).toString("hex")),
    // Base64 without the ends, which depend on what stands around.
    Buffer.from(
      Buffer.from(text)
        .toString("base64")
        .replace(/.{0,4}$/, "")
    )
  ])
  const search = (where: string, bytes: Buffer): void => {
    for (const form of forms) {
      if (form.length >= 8 && bytes.includes(form)) throw new Error(`${form.toString()} stands in ${where}`)
    }
  }
  const searchAll = (): number => {
    const files = filesBelow(folder.path)
    for (const file of files) search(file, readFileSync(file))
    return files.length
  }

  // While it runs, with the write-ahead logs; and after it has ended.
  expect(searchAll()).toBeGreaterThanOrEqual(8)
  const ended = await server.stop()
  expect(searchAll()).toBeGreaterThanOrEqual(8)
  search("standard output", Buffer.from(ended.stdout))
  search("standard error", Buffer.from(ended.stderr))
  folder.remove()
})
