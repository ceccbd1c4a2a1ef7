/**
 * The examples do what they say, and the README shows what was run. For the next reader.
 */
import { Refusal } from "@effekten/domain"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { root, run, startServer, temporaryFolder, type Server } from "./Process.ts"

const temporary = temporaryFolder()
let server: Server

beforeAll(async () => {
  server = await startServer(temporary.path)
})
afterAll(async () => {
  await server.stop()
  temporary.remove()
})

const example = (name: string, args: ReadonlyArray<string> = [], env: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, ["--conditions=@effekten/source", join(root, "examples", name), ...args], { env })

it("embedded.ts sells, redeems and is refused without a server", async () => {
  expect(await example("embedded.ts")).toMatchObject({
    code: 0,
    stdout: `DELIVERED 200 ${Refusal.words("insufficient_units", Refusal.wordsVersion).message}\n`,
    stderr: ""
  })
})

it("guide.ts sells and redeems with the typed client, and audit-replay.ts sees it beside the server", async () => {
  const sold = await example("guide.ts", [], { EFFEKTEN_DATA: temporary.path })
  expect(sold).toMatchObject({ code: 0, stderr: "" })
  expect(sold.stdout).toMatch(/DELIVERED, 200 of 300 units/)

  const now = await example("audit-replay.ts", [temporary.path])
  expect(now).toMatchObject({ code: 0, stderr: "" })
  expect(now.stdout).toMatch(/held 200 units of/)
  expect(now.stdout).toMatch(/No unit came from nowhere/)
  const then = await example("audit-replay.ts", [temporary.path, "5"])
  expect(then.stdout).toMatch(/^At position 5 of \d+:\nNo unit came from nowhere\.$/m)
})

it("intents.ts makes one investor, however often it is run", async () => {
  const file = join(temporary.path, "intents.db")
  const once = () => example("intents.ts", ["customer-of-the-example", file], { EFFEKTEN_DATA: temporary.path })
  const first = await once()
  expect(first).toMatchObject({ code: 0, stderr: "" })
  expect(first.stdout).toMatch(/^customer-of-the-example is [0-9a-f-]{36}$/m)
  expect(await once()).toEqual(first)
})

it("the page on projections shows the definition of examples/projection", () => {
  const source = readFileSync(join(root, "examples/projection/Positions.ts"), "utf8")
  const definition = source.slice(source.indexOf("*/\n") + 3)
  expect(readFileSync(join(root, "docs/guide/projection.md"), "utf8")).toContain(definition)
})

it("store.ts sells ten seats to 64 buyers, without a register", async () => {
  expect(await example("store.ts")).toMatchObject({
    code: 0,
    stdout: "10 seats are sold, 54 orders refused\n",
    stderr: ""
  })
})

it("examples/ledger is killed and started again, and submits nothing twice; the page shows its ledger", async () => {
  expect(await example("ledger/main.test.ts")).toMatchObject({ code: 0 })
  const source = readFileSync(join(root, "examples/ledger/HttpLedger.ts"), "utf8")
  expect(readFileSync(join(root, "docs/guide/ledger.md"), "utf8")).toContain(source.slice(source.indexOf("*/\n") + 3))
})

it("examples/application sells the same over an embedded register and a remote one", async () => {
  expect(await example("application/main.test.ts")).toMatchObject({ code: 0 })
})

it("the tests of examples/tests pass", async () => {
  const files = globSync("tests/*.test.ts", { cwd: join(root, "examples") })
  expect(files.length).toBeGreaterThan(1)
  for (const file of files) expect(await example(file)).toMatchObject({ code: 0 })
})

it("the README's program is examples/embedded.ts", () => {
  const source = readFileSync(join(root, "examples/embedded.ts"), "utf8")
  const program = source.slice(source.indexOf("*/\n") + 3)
  expect(readFileSync(join(root, "README.md"), "utf8")).toContain(program)
})
