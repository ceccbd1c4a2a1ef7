/**
 * The page of the documentation in a real browser: authorise, and run the guide by clicking. For an author of the page.
 *
 * It asks for Chromium, which `.ci/run` installs. Where it is missing, the names of the tests say so.
 */
import { existsSync } from "node:fs"
import { type Browser, chromium, type Locator, type Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startServer, temporaryFolder, type Server } from "./Process.ts"

const executablePath = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync)
const left = executablePath === undefined ? " (Chromium is not here)" : ""

const screen = { width: 1280, height: 900 }

describe.skipIf(executablePath === undefined)(`the page of the documentation${left}`, () => {
  const temporary = temporaryFolder()
  let server: Server
  let browser: Browser
  let page: Page
  const asked: Array<string> = []
  const said: Array<string> = []

  beforeAll(async () => {
    server = await startServer(temporary.path)
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    })
    page = await browser.newPage({ viewport: screen })
    page.setDefaultTimeout(120_000)
    page.on("request", (request) => asked.push(new URL(request.url()).origin))
    page.on("console", (message) => said.push(message.text()))
    page.on("pageerror", (error) => said.push(error.message))
    await page.goto(`${new URL(server.url).origin}/docs`)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.stop()
    temporary.remove()
  })

  const opened = async (id: string): Promise<Locator> => {
    const call = page.locator(`[id="${id}"]`)
    if (!(await call.evaluate((element) => element.hasAttribute("open")))) await call.locator("summary").first().click()
    return call
  }
  /** Sends what the page has filled in, untouched. */
  const sent = async (id: string): Promise<{ readonly status: string | null; readonly text: string }> => {
    const output = (await opened(id)).locator("output")
    await output.evaluate((element) => element.removeAttribute("data-status"))
    await (await opened(id)).getByRole("button", { name: "Send" }).click()
    await expect.poll(() => output.getAttribute("data-status")).not.toBeNull()
    return { status: await output.getAttribute("data-status"), text: await output.innerText() }
  }

  it("says first in which order to call, and what a key is for", async () => {
    const top = await page.locator("main").innerText()
    expect(top.indexOf("Idempotency.")).toBeGreaterThan(0)
    expect(top.indexOf("Idempotency.")).toBeLessThan(top.indexOf("POST"))
    expect(await page.locator("main > ol li").count()).toBe(8)
  })

  it("is kept by no cache, because it holds the secret of the sandbox", async () => {
    const answer = await fetch(`${new URL(server.url).origin}/docs`)
    expect(answer.headers.get("cache-control")).toBe("no-store")
  })

  it("shows a call on one screen", async () => {
    const calls = page.locator("details.call")
    expect(await calls.count()).toBeGreaterThan(20)
    for (const id of await calls.evaluateAll((all) => all.map(({ id }) => id))) {
      const box = await (await opened(id)).boundingBox()
      expect([id, box!.height < screen.height]).toEqual([id, true])
    }
  })

  it("authorises with the credentials of the sandbox, and runs the guide as it stands", async () => {
    await page.getByRole("button", { name: "Get a token" }).click()
    await expect.poll(() => page.locator("#token output").innerText()).toContain("There is a token")
    for (const id of [
      "investors.create",
      "documents.upload",
      "investors.identify",
      "wallets.createManaged",
      "investments.create",
      "credits.create"
    ])
      expect([id, await sent(id)]).toMatchObject([id, { status: "201" }])
    await expect.poll(async () => (await sent("investments.get")).text).toContain('"status": "DELIVERED"')
    expect(await sent("redemptions.create")).toMatchObject({ status: "201" })
    // The same key again is the same answer.
    expect((await sent("redemptions.create")).text).toContain("idempotent-replayed: true")
  })

  it("leads from a problem to the page that explains it", async () => {
    const call = await opened("redemptions.create")
    await call.getByRole("button", { name: "New key" }).click()
    const refused = await sent("redemptions.create")
    expect(refused).toMatchObject({ status: "409" })
    await call.getByRole("link", { name: "What this problem means" }).click()
    await expect.poll(() => page.locator("h1").innerText()).toBe("Insufficient units")
  })

  it("asks no other host, and no rule of its own policy stops it", () => {
    expect(new Set(asked)).toEqual(new Set([new URL(server.url).origin]))
    // Chromium says of each answer above 399 that it is one.
    expect(said.filter((line) => !/status of 409|favicon/.test(line))).toEqual([])
  })
})
