/**
 * Eight clients call a register through a network that delays, cuts, resets, truncates, throttles and sends twice. Each call has one effect,
 * and each caller is told what the log says. For an application of a platform.
 *
 * The seed decides what becomes of each connection (`EFFEKTEN_SEED`). `EFFEKTEN_CALLS` says how many calls; `npm run chaos` makes a million.
 */
import { Log, Registrar, Secrets } from "@effekten/registrar"
import { PlatformServices } from "@effekten/services"
import { Effect, Layer, Redacted, Result, Stream } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { afterAll, beforeAll, expect, it } from "vitest"
import { budgetCapacity, repeatCost } from "../packages/http/src/client/ClientBudget.ts"
import { connect, created, investmentBody, onboard } from "./Api.ts"
import { client, type Sent, type Told } from "./Chaos.ts"
import { effekten, type Server, startServer, temporaryFolder } from "./Process.ts"
import { chances, type Proxy, startProxy } from "./Proxy.ts"

const calls = Number(process.env["EFFEKTEN_CALLS"] ?? (process.env["EFFEKTEN_STEPS"] === "all" ? 10_000 : 800))
const seed = Number(process.env["EFFEKTEN_SEED"] ?? Date.now() % 1_000_000)
const patience = 600_000 + calls * 200

const temporary = temporaryFolder()
let server: Server
let holder: { readonly investor: string; readonly wallet: string }

beforeAll(async () => {
  server = await startServer(temporary.path)
  const api = await connect(server)
  holder = await onboard(api, "owner")
  const body = investmentBody(server, holder.investor, holder.wallet, 10_000_000)
  const investment = created(await api.post("/v2/investments/", body, "investment"))
  created(await api.post(`/v2/investments/${investment.id}/credits/`, undefined, "credit"))
})
afterAll(async () => {
  await server.stop()
  temporary.remove()
})

/** Proxies that leave now and then, until it is said that it is enough. */
const restless = async (proxies: ReadonlyArray<Proxy>, signal: AbortSignal): Promise<void> => {
  const chance = chances(seed)
  const wait = (millis: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(done, millis)
      function done() {
        clearTimeout(timer)
        signal.removeEventListener("abort", done)
        resolve()
      }
      signal.addEventListener("abort", done)
    })
  while (!signal.aborted) {
    await wait(200 + chance() * 1_800)
    if (!signal.aborted) await Promise.all(proxies.map((proxy) => proxy.goAway(10 + chance() * 90)))
  }
}

/** Calls through two proxies: one that also sends twice, and one that does only what a network does, for callers in a hurry. */
const storm = async (): Promise<{ readonly told: Array<Told>; readonly sent: ReadonlyArray<Sent> }> => {
  const target = Number(new URL(server.url).port)
  const copying = await startProxy({ target, seed, copies: true })
  const plain = await startProxy({ target, seed: seed + 1, copies: false })
  const proxies = [copying, plain]
  const ended = new AbortController()
  const leaving = restless(proxies, ended.signal)
  const told: Array<Told> = []
  const each = Math.ceil(calls / 8)
  const clients = Array.from({ length: 8 }, (_, index) => {
    const hurried = index >= 6
    const { port } = hurried ? plain : copying
    return client({ ...server, ...holder }, { name: `c${index}`, port, calls: each, seed: seed + index, hurried, told })
  })
  try {
    const sent = await Effect.runPromise(Effect.all(clients, { concurrency: "unbounded" }))
    return { told, sent }
  } finally {
    ended.abort()
    await leaving
    for (const proxy of proxies) await proxy.settled()
    for (const proxy of proxies) await proxy.close()
    console.log("connections:", JSON.stringify(copying.met), "without copies:", JSON.stringify(plain.met))
  }
}

/** The register's own secrets: by them a key is found in the log, which has none. */
const secretsIn = (folder: string): Secrets["Service"] => {
  const stored = JSON.parse(readFileSync(join(folder, "register.key"), "utf8"))
  const bytes = (text: string) => Redacted.make(new Uint8Array(Buffer.from(text, "base64")))
  return Secrets.make({ pepper: bytes(stored.pepper), custodySeed: bytes(stored.custodySeed) })
}

/** Instructions that came through a platform, each with the number of times it is recorded; and what the register answers today. */
const recorded = Effect.fnUntraced(function* (told: ReadonlyArray<Told>) {
  const log = yield* Log
  const times = new Map<string, number>()
  let platform: Parameters<PlatformServices["Service"]["forPlatform"]>[0] | undefined
  yield* Stream.runForEach(log.read("all"), ({ meta }) =>
    Effect.sync(() => {
      if (meta.platform === undefined || meta.fingerprint === undefined) return
      platform = meta.platform
      times.set(meta.instruction, (times.get(meta.instruction) ?? 0) + 1)
    })
  )
  const head = yield* log.head
  const services = (yield* PlatformServices).forPlatform(platform!)
  const answers = yield* Effect.forEach(
    told.filter(({ outcome }) => outcome !== "no"),
    ({ call, key, outcome }) =>
      Effect.map(Effect.result(Effect.provideContext(call(key), services)), (result) => ({
        key,
        told: outcome,
        now: Result.isSuccess(result)
          ? { answer: result.success }
          : { refused: "code" in result.failure ? result.failure.code : result.failure.message }
      })),
    { concurrency: 32 }
  )
  return { times, platform: platform!, answers, grown: (yield* log.head) - head }
})

const sum = <A>(each: ReadonlyArray<A>, number: (one: A) => number): number =>
  each.reduce((sum, one) => sum + number(one), 0)

it(
  `promise 4, R-21, I-17, I-23: ${calls} calls through a bad network have one effect each (seed ${seed})`,
  async () => {
    const begun = performance.now()
    const { sent, told } = await storm()
    const seconds = (performance.now() - begun) / 1_000
    const clean = await server.stop()
    expect(clean.code).toBe(0)

    const identify = secretsIn(temporary.path).identity
    const { answers, grown, platform, times } = await Effect.runPromise(
      Effect.scoped(
        Effect.flatMap(Layer.build(Registrar.layerFolder({ folder: temporary.path, sandbox: true })), (context) =>
          Effect.provideContext(recorded(told), context)
        )
      )
    )
    const timesOf = ({ key, operation }: Told) => times.get(identify({ platform, operation, ids: [], key })) ?? 0
    const nothing = told.filter(({ outcome }) => outcome === "no")
    const settled = told.filter(({ outcome }) => outcome !== "no")
    const repeats = sum(sent, (each) => each.repeats)
    console.log(
      `${told.length} calls in ${seconds.toFixed(0)} s: ${settled.length} answered, ${nothing.length} told that nothing was done, ` +
        `${sum(told, ({ times }) => times - 1)} called again by their callers; ${sum(sent, ({ attempts }) => attempts)} attempts, ` +
        `${repeats} repeats, ${sum(sent, ({ tokens }) => tokens)} requests for tokens`
    )
    expect(told).toHaveLength(Math.ceil(calls / 8) * 8)
    // What was answered is in the log once; what had no effect is not.
    expect(settled.filter((each) => timesOf(each) !== 1).map(({ key, outcome }) => ({ key, outcome }))).toEqual([])
    expect(nothing.filter((each) => timesOf(each) !== 0).map(({ key, times }) => ({ key, times }))).toEqual([])
    // And nothing else is: six instructions made the holder and its units.
    expect(times.size).toBe(settled.length + 6)
    // The answers are those that the register has, which it gives again without another event.
    expect(answers.filter(({ now, told }) => !isDeepStrictEqual(now, told))).toEqual([])
    expect(grown).toBe(0)
    expect(
      new Set(
        settled.flatMap(({ outcome }) => (typeof outcome === "object" && "refused" in outcome ? [outcome.refused] : []))
      )
    ).toEqual(new Set(["insufficient_units"]))
    // a repeat that succeeds gives back what it cost, a first success one token; the rest comes out of those of the beginning.
    for (const { recovered, repeats, smooth } of sent)
      expect(repeats).toBeLessThanOrEqual(recovered + (budgetCapacity + smooth) / repeatCost)
    const replayed = JSON.parse((await effekten(["replay", "--json", "--data", temporary.path])).stdout)
    expect(replayed).toMatchObject({ conservation: "holds", violations: [] })
  },
  patience
)
