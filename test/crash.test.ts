/**
 * The server is killed again and again while clients work. Nothing acknowledged is lost, nothing happens twice. For operators.
 *
 * The clients behave as the API asks: they store the key before the call and repeat what got no answer. CRASH_SEED and CRASH_ROUNDS
 * repeat a run; which requests a kill hits depends on the machine too. A daily run kills 15 times, `EFFEKTEN_STEPS=all` 50 times.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { afterAll, expect, it } from "vitest"
import { connect, created, eventually, investmentBody, investorBody, onboard, type Answer, type Api } from "./Api.ts"
import { bin, effekten, serveArgs, startServer, temporaryFolder, type Server } from "./Process.ts"

const seed = Number(process.env["CRASH_SEED"] ?? Date.now() % 1_000_000)
const rounds = Number(process.env["CRASH_ROUNDS"] ?? (process.env["EFFEKTEN_STEPS"] === "all" ? 50 : 15))
const clients = 16

const temporary = temporaryFolder()
afterAll(() => temporary.remove())

/** mulberry32: small, seeded, good enough to choose what to do next. */
const random = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

type Kind = "investor" | "investment" | "credit" | "redemption"

interface Call {
  readonly key: string
  readonly kind: Kind
  readonly path: string
  readonly body: unknown
  readonly units: number
  answer?: Answer
}

/** One platform's worker: one investor, one wallet, one call at a time. */
class Client {
  readonly calls: Array<Call> = []
  /** Created, and not credited yet. */
  readonly waiting: Array<{ readonly id: string; readonly units: number }> = []
  readonly investments = new Map<string, number>()
  credited = 0
  redeemed = 0
  pending: Call | undefined
  readonly next: (below: number) => number
  readonly name: string
  readonly owner: { readonly investor: string; readonly wallet: string }

  constructor(name: string, owner: Client["owner"], next: Client["next"]) {
    this.name = name
    this.owner = owner
    this.next = next
  }

  /** Works until the server is gone. */
  async work(api: Api, server: Server): Promise<void> {
    for (;;) {
      const call = (this.pending ??= this.choose(server))
      try {
        const answer = await api.post(call.path, call.body, call.key)
        if (answer.status === 503) continue
        this.accept(call, answer)
      } catch {
        return
      }
    }
  }

  accept(call: Call, answer: Answer): void {
    call.answer = answer
    this.calls.push(call)
    this.pending = undefined
    if (call.kind === "redemption" && answer.status === 409) return
    const { id } = created(answer)
    if (call.kind === "investment") {
      this.waiting.push({ id, units: call.units })
      this.investments.set(id, call.units)
    }
    if (call.kind === "credit") this.credited += call.units
    if (call.kind === "redemption") this.redeemed += call.units
  }

  choose(server: Server): Call {
    const key = `${this.name}-${this.calls.length}`
    const { investor, wallet } = this.owner
    const waiting = this.waiting[0]
    switch (this.next(waiting === undefined ? 4 : 8)) {
      case 0:
        return { key, kind: "investor", path: "/v2/investors/", body: investorBody(), units: 0 }
      case 1:
      case 2: {
        const units = 1 + this.next(50)
        // More than there is, now and then: a refusal is an answer too.
        const body = { investor_id: investor, product_id: server.productId, wallet_id: wallet, units }
        return { key, kind: "redemption", path: "/v2/redemptions/", body, units }
      }
      case 3: {
        const units = 1 + this.next(50)
        return {
          key,
          kind: "investment",
          path: "/v2/investments/",
          body: investmentBody(server, investor, wallet, units),
          units
        }
      }
      default: {
        this.waiting.shift()
        const { id, units } = waiting!
        return { key, kind: "credit", path: `/v2/investments/${id}/credits/`, body: undefined, units }
      }
    }
  }
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

it(`promise 5: killed ${rounds} times under ${clients} clients, all that was acknowledged is there, once`, async () => {
  console.log(`CRASH_SEED=${seed}`)
  const next = random(seed)
  let server = await startServer(temporary.path)
  let api = await connect(server)
  const workers: Array<Client> = []
  for (let i = 0; i < clients; i++) {
    workers.push(new Client(`c${i}`, await onboard(api, `owner-${i}`), random(seed + i)))
  }

  let repeated = 0
  const began = Date.now()
  for (let round = 0; round < rounds; round++) {
    const before = workers.map(({ calls }) => calls.length)
    const working = workers.map((worker) => worker.work(api, server))
    // After some answers, at a moment that has nothing to do with them.
    await answered(workers, next(40))
    await server.kill()
    await Promise.all(working)

    if (round % 5 === 4) await killDuringStart(next(600))
    server = await startServer(temporary.path)
    api = await connect(server)
    // What was acknowledged in this round is there: its key finds it, with the same bytes and without a second effect.
    const acknowledged = workers.flatMap(({ calls }, i) => calls.slice(before[i]).slice(-4))
    const answers = await Promise.all(acknowledged.map(({ body, key, path }) => api.post(path, body, key)))
    for (const [i, answer] of answers.entries()) {
      const first = acknowledged[i]!.answer!
      expect({ seed, round, status: answer.status, body: answer.bytes.toString() }).toEqual({
        seed,
        round,
        status: first.status,
        body: first.bytes.toString()
      })
      expect(answer.headers.get("idempotent-replayed")).toBe("true")
      repeated++
    }
  }

  // What is still open is repeated, as a client does, and then everything adds up.
  for (const worker of workers) {
    if (worker.pending === undefined) continue
    const call = worker.pending
    worker.accept(call, await api.post(call.path, call.body, call.key))
  }
  const total = (of: (worker: Client) => number) => workers.reduce((sum, worker) => sum + of(worker), 0)
  const credited = total((worker) => worker.credited)
  const redeemed = total((worker) => worker.redeemed)

  // Tasks that a kill interrupted are settled, or known to be unknown, soon after the start. The book-entry ledger knows them all.
  const product = await eventually(async () => {
    const found = await replayed()
    const [product] = found.products
    return product.issued === credited && product.redeemed === redeemed ? product : undefined
  }).catch(async () => (await replayed()).products[0])
  expect({ seed, issued: product.issued, redeemed: product.redeemed, held: product.held }).toEqual({
    seed,
    issued: credited,
    redeemed,
    held: credited - redeemed
  })
  const heldBy = new Map<string, number>(product.holdings.map(({ held, walletId }: any) => [walletId, held]))
  for (const { credited, name, owner, redeemed } of workers) {
    expect({ seed, name, held: heldBy.get(owner.wallet) ?? 0 }).toEqual({ seed, name, held: credited - redeemed })
  }
  expect((await api.get("/v2/investments/?limit=1")).json.count).toBe(total(({ investments }) => investments.size))
  const investors = total(({ calls }) => calls.filter(({ kind }) => kind === "investor").length)
  expect((await api.get("/v2/investors/?limit=1")).json.count).toBe(clients + investors)

  expect((await server.stop()).code).toBe(0)
  expect(await replayed()).toMatchObject({ conservation: "holds", violations: [] })
  const calls = total(({ calls }) => calls.length)
  console.log(`${rounds} kills in ${Date.now() - began} ms, ${calls} calls acknowledged, ${repeated} repeated`)
  expect(calls).toBeGreaterThan(rounds)
}, 900_000)

/** Until the workers have got so many more answers, or a second has passed. */
const answered = async (workers: ReadonlyArray<Client>, more: number): Promise<void> => {
  const count = () => workers.reduce((sum, { calls }) => sum + calls.length, 0)
  const enough = count() + more
  for (let i = 0; i < 200 && count() < enough; i++) await sleep(5)
}

const replayed = async () => {
  const ended = await effekten(["replay", "--json", "--data", temporary.path])
  expect(ended).toMatchObject({ code: 0, stderr: "" })
  return JSON.parse(ended.stdout)
}

/** A crash while it recovers from a crash. */
const killDuringStart = async (after: number): Promise<void> => {
  const child = spawn(process.execPath, [bin, ...serveArgs(temporary.path)], { stdio: "ignore" })
  const closed = once(child, "close")
  await sleep(after)
  child.kill("SIGKILL")
  await closed
}
