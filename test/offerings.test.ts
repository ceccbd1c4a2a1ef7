/**
 * A register that is no sandbox sells without a program: an operator sets up issuer, product, listing and campaign by commands, and reads
 * them. For operators.
 */
import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { companyBody, connect, created, investorBody } from "./Api.ts"
import { bin, effekten, type Ended, root, temporaryFolder, valuesOf } from "./Process.ts"

const temporary = temporaryFolder()
afterAll(() => temporary.remove())

const refuses = (ended: Ended, exitCode: number, says: RegExp): void => {
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: exitCode, stdout: "" })
  expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1)
  expect(ended.stderr).toMatch(says)
}

/** A server that is no sandbox. */
const serve = (folder: string) =>
  new Promise<{ readonly url: string; readonly stop: () => Promise<void> }>((resolve, reject) => {
    const child = spawn(process.execPath, [bin, "serve", "--data", folder, "--port", "0"], { cwd: root })
    let heard = ""
    let said = ""
    const ended = new Promise<void>((done) => child.once("close", () => done()))
    const stop = () => {
      child.kill("SIGTERM")
      return ended
    }
    child.stderr.on("data", (piece) => (said += String(piece)))
    child.stdout.on("data", (piece) => {
      heard += String(piece)
      const url = /^URL=(.*)$/m.exec(heard)?.[1]
      if (url !== undefined) resolve({ url, stop })
    })
    void ended.then(() => reject(new Error(`the server ended: ${said}`)))
  })

describe("the issuer's side by commands", () => {
  const folder = join(temporary.path, "register")
  mkdirSync(folder)
  const run = (...args: ReadonlyArray<string>) => effekten([...args, "--data", folder])
  const done = async (...args: ReadonlyArray<string>): Promise<Ended> => {
    const ended = await run(...args)
    expect(ended).toMatchObject({ code: 0, stderr: "" })
    return ended
  }
  const told = async (...args: ReadonlyArray<string>) => JSON.parse((await done(...args, "--json")).stdout)

  it("a served register sells what they set up", async () => {
    // A register is made where a server first opens it.
    const first = await serve(folder)
    refuses(await run("issuer", "add"), 4, /open|lock/)
    await first.stop()

    const client = valuesOf(await done("platform", "add", "Example platform"))
    const platform = client["PLATFORM_ID"]!
    expect(await told("platform", "show", platform)).toEqual({ id: platform, name: "Example platform" })
    const issuer = valuesOf(await done("issuer", "add", "--key", "issuer"))["ISSUER_ID"]!
    expect(valuesOf(await done("issuer", "add", "--key", "issuer"))["ISSUER_ID"]).toBe(issuer)
    const unknown = { id: issuer, natural_person: null, legal_person: null, bank_account: null }
    expect(await told("issuer", "list")).toEqual([unknown])
    const patch = join(temporary.path, "patch.json")
    const amend = (change: object) => {
      writeFileSync(patch, JSON.stringify(change))
      return run("issuer", "amend", issuer, patch)
    }
    const { company_identity_proof_id: _proof, ...company } = companyBody("").legal_person
    expect((await amend({ legal_person: company })).stdout).toBe(`amended: ${issuer}\n`)
    expect(await amend({ legal_person: { city: "Beispielstadt" } })).toMatchObject({ code: 0 })
    expect(await told("issuer", "show", issuer)).toEqual({
      ...unknown,
      legal_person: { ...company, city: "Beispielstadt" }
    })
    refuses(await amend({ bank_account: { iban: "none" } }), 2, /\/bank_account\/iban: /)
    refuses(await run("issuer", "amend", issuer, join(temporary.path, "none.json")), 2, /cannot be read/)

    const terms = ["--issuer-id", issuer, "--product-type", "BOND", "--issue-volume", "10000"]
    const price = ["--nominal-value", "1000.00", "--currency", "EUR", "--cancellation-days", "14"]
    const product = valuesOf(await done("product", "add", "Example note", ...terms, ...price))["PRODUCT_ID"]!
    expect(await told("product", "show", product)).toMatchObject({
      id: product,
      issuer_id: issuer,
      name: "Example note",
      product_type: "BOND",
      ewpg: false,
      nominal_value: { amount: "100000", decimals: 2, currency: "EUR" },
      issue_volume: 10_000,
      step_size: 1,
      cancellation_days: 14,
      isin: null
    })
    const offer = ["--product-id", product, "--platform-id", platform, "--allocation", "500"]
    refuses(await run("campaign", "add", ...offer), 6, /product_not_listed/)
    await done("product", "list-on", product, platform)
    expect(await told("product", "listings", product)).toMatchObject([{ platform_id: platform, listed: true }])
    const campaign = valuesOf(await done("campaign", "add", ...offer))["CAMPAIGN_ID"]!

    const server = await serve(folder)
    const api = await connect({
      url: server.url,
      clientId: client["CLIENT_ID"]!,
      clientSecret: client["CLIENT_SECRET"]!
    })
    const investor = created(await api.post("/v2/investors/", investorBody(), "investor"))
    const order = { campaign_id: campaign, investor_id: investor.id, units: 30, signed_at: "2024-05-06T07:14:13Z" }
    const bought = created(await api.post("/v2/investments/", order, "order")).id
    await server.stop()

    expect(await told("campaign", "show", campaign)).toMatchObject({ allocation: 500, used_units: 30, open: true })
    expect((await done("campaign", "list")).stdout).toMatch(/30 of 500 units taken {2}open/)
    await done("campaign", "resize", campaign, "--allocation", "40")
    refuses(await run("campaign", "resize", campaign, "--allocation", "29"), 6, /allocation_below_use/)
    await done("product", "amend", product, "--payment-days", "14", "--cancellation-days", "none")
    await done("product", "pause", product, "--basis", "court")
    expect(await told("product", "show", product)).toMatchObject({
      payment_days: 14,
      cancellation_days: null,
      paused: true
    })
    await done("product", "resume", product, "--basis", "court")
    refuses(await run("product", "amend", product), 2, /a term to change/)
    const paper = join(temporary.path, "terms.txt")
    const digestOf = (text: string) => createHash("sha256").update(text).digest("hex")
    const deposit = async (text: string, ...args: ReadonlyArray<string>) => {
      writeFileSync(paper, text)
      return valuesOf(await done("product", "deposit-terms", product, paper, "--media-type", "text/plain", ...args))
    }
    for (const _again of [1, 2])
      expect(await deposit("4 %", "--key", "terms")).toEqual({ VERSION: "1", DIGEST: digestOf("4 %") })
    expect(await deposit("5 %")).toEqual({ VERSION: "2", DIGEST: digestOf("5 %") })
    expect(await told("product", "terms", product)).toMatchObject([
      { version: 1, sha256: digestOf("4 %") },
      { version: 2, sha256: digestOf("5 %") }
    ])
    refuses(await run("decide", "investment", "accept-review", bought), 6, /outside_review_not_open/)
    expect((await done("decide", "investment", "cancel", bought, "--late")).stdout).toBe(`cancelled: ${bought}\n`)
    refuses(await run("decide", "investment", "reject", bought), 6, /investment_ended/)
    await done("campaign", "close", campaign)
    await done("product", "delist", product, platform)
    expect((await done("campaign", "list")).stdout).toMatch(/closed/)
    expect((await done("product", "list")).stdout).toMatch(/Example note {2}BOND {2}10000 units/)
    expect((await done("product", "listings", product)).stdout).toMatch(/no longer listed/)
  })

  it("say what is wrong: an id, a term, an object that is not there", async () => {
    refuses(await run("product", "show", "nonsense"), 6, /product_not_found/)
    const nobody = "0198c0de-0000-7000-8000-000000000000"
    refuses(await run("campaign", "show", nobody), 6, /campaign_not_found/)
    const note = ["product", "add", "Note", "--issuer-id", nobody, "--product-type", "BOND", "--issue-volume", "10"]
    refuses(await run(...note), 6, /issuer_not_found/)
    const priced = [...note, "--nominal-value", "many", "--currency", "EUR"]
    refuses(await run(...priced), 2, /--nominal-value amount: /)
  })
})
