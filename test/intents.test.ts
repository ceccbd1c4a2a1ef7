/**
 * A program that acts by intents is killed at every step, and started again: what it wanted happens once. For an application of a platform.
 *
 * `EFFEKTEN_STEPS=all` tries each step; a daily run takes some, others every time.
 */
import { Id } from "@effekten/domain"
import { Intents } from "@effekten/http/intents"
import { Registrar } from "@effekten/registrar"
import { Api as Described, Investors, Wallets } from "@effekten/services"
import { guideInvestor } from "effekten"
import { Effect, Layer, Schema } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { offering } from "../packages/registrar/test/fixture.ts"
import { type Api, connect, created, eventually, investmentBody, onboard } from "./Api.ts"
import { intentsIn, type Ran, type Settings, work } from "./IntentsProgram.ts"
import { effekten, type Server, startServer, temporaryFolder } from "./Process.ts"

const stride = process.env["EFFEKTEN_STEPS"] === "all" ? 1 : 5
const seed = Number(process.env["EFFEKTEN_SEED"] ?? Date.now() % 1_000)

const temporary = temporaryFolder()
let server: Server
let api: Api
let settings: Settings

beforeAll(async () => {
  server = await startServer(temporary.path)
  api = await connect(server)
  const owner = await onboard(api, "owner")
  const body = investmentBody(server, owner.investor, owner.wallet, 1_000)
  const investment = created(await api.post("/v2/investments/", body, "investment"))
  created(await api.post(`/v2/investments/${investment.id}/credits/`, undefined, "credit"))
  const { clientId, clientSecret, productId, url } = server
  settings = { url, clientId, clientSecret, productId, ...owner }
})
afterAll(async () => {
  await server.stop()
  temporary.remove()
})

const fileOf = (id: string) => join(temporary.path, `${id}.intents.db`)

/** Runs the program in a process of its own that kills itself at a step; what it printed. */
const child = async (id: string, at: number): Promise<{ readonly killed: boolean; readonly steps: number }> => {
  const process_ = spawn(
    process.execPath,
    [
      "--conditions=@effekten/source",
      "--disable-warning=ExperimentalWarning",
      join(import.meta.dirname, "IntentsChild.ts"),
      fileOf(id),
      id,
      String(at),
      JSON.stringify(settings)
    ],
    { stdio: ["ignore", "pipe", "pipe"] }
  )
  let [out, err] = ["", ""]
  process_.stdout.on("data", (data: Buffer) => (out += data.toString()))
  process_.stderr.on("data", (data: Buffer) => (err += data.toString()))
  const [code, signal] = await once(process_, "close")
  if (signal !== "SIGKILL" && code !== 0) throw new Error(`the program ended by itself: ${err}`)
  return { killed: signal === "SIGKILL", steps: Number(out) }
}

/** The same program, started again, here. */
const again = (id: string): Promise<Ran> =>
  Effect.runPromise(Effect.provide(work(id, settings), intentsIn(fileOf(id), settings)))

const investorJson = Schema.encodeSync(Described.Investor)
const redemptionJson = Schema.encodeSync(Described.Redemption)

/** Programs that ran before the sweep, each of which redeemed a unit. */
let alone = 0

const numbers = async () => {
  const investors: number = (await api.get("/v2/investors/?limit=1")).json.count
  const redemptions: number = (await api.get("/v2/redemptions/?limit=1")).json.count
  return { investors, redemptions }
}

it("an embedded register takes intents as a served one does: one Layer is swapped", () =>
  Effect.gen(function* () {
    const { platform } = yield* offering()
    const intents = Intents.layerSqlite({ file: ":memory:" }).pipe(Layer.provide(Registrar.layer({ platform })))
    yield* Effect.gen(function* () {
      const { answer, submit } = yield* Intents.Intents
      yield* submit("customer-1", Investors, "create", guideInvestor)
      const investor = yield* answer("customer-1", Investors, "create")
      yield* submit("wallet-1", Wallets, "createManaged", investor.id)
      expect(yield* Effect.flip(answer("wallet-1", Wallets, "createManaged"))).toMatchObject({
        code: "kyc_not_successful"
      })
      yield* submit("nobody-1", Wallets, "createManaged", Id.InvestorId.make("nobody"))
      expect((yield* Effect.flip(answer("nobody-1", Wallets, "createManaged")))._tag).toBe("NotFound")
    }).pipe(Effect.provide(intents))
  }).pipe(Effect.provide(Registrar.layerMemory()), Effect.runPromise))

it("promise 4: two processes over one file that want the same do it once, and both get the answer", async () => {
  const before = await numbers()
  await Promise.all([child("both", 0), child("both", 0)])
  expect(await numbers()).toEqual({ investors: before.investors + 1, redemptions: before.redemptions + 1 })
  alone += 1
})

it("promise 4: a program of intents that is killed at any step and started again makes one effect", async () => {
  const before = await numbers()
  const whole = await child("whole", 0)
  expect(whole).toMatchObject({ killed: false })
  expect(whole.steps).toBeGreaterThan(20)
  let runs = 1
  for (let at = 1 + (seed % stride); ; at += stride) {
    const id = `killed-at-${at}`
    const { killed } = await child(id, at)
    const { investor, redemption } = await again(id)
    runs += 1
    // The answers are those that the register has: of the POSTs, and of the objects.
    const shown = (await api.get(`/v2/investors/${investor.id}`)).json
    expect({ at, ...shown }).toEqual({ at, ...investorJson(investor) })
    const { status: _, ...asked } = (await api.get(`/v2/redemptions/${redemption.id}`)).json
    expect({ at, ...redemptionJson(redemption) }).toEqual({ at, ...asked, status: "processing" })
    // And a third start asks nobody.
    expect(await again(id)).toEqual({ investor, redemption })
    expect({ at, ...(await numbers()) }).toEqual({
      at,
      investors: before.investors + runs,
      redemptions: before.redemptions + runs
    })
    if (!killed) break
  }
  console.log(`${runs} runs of ${whole.steps} steps, one in ${stride} (seed ${seed})`)
  const replayed = await eventually(async () => {
    const { stdout } = await effekten(["replay", "--json", "--data", temporary.path])
    const all = JSON.parse(stdout)
    return all.products[0].redeemed === runs + alone ? all : undefined
  })
  expect(replayed).toMatchObject({ conservation: "holds", violations: [] })
})
