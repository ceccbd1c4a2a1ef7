/**
 * Webhooks whose sender is killed between and within deliveries, to a receiver that fails in every way. The sender has a folder, or is one of
 * three nodes on a database. For an operator, and for an author of receivers.
 */
import { WebhookSignature } from "@effekten/http"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startServer as startPostgres } from "../packages/event-store/test/PgServer.ts"
import { eventually } from "./Api.ts"
import { temporaryFolder } from "./Process.ts"
import type { Asked, Settings } from "./WebhooksChild.ts"
import { type Doing, faults, type Got, type Node, type Receiver, receive, start } from "./WebhooksNode.ts"

const seed = Number(process.env["EFFEKTEN_SEED"] ?? Math.floor(Math.random() * 1_000_000))
console.log(`webhooks under kills: EFFEKTEN_SEED=${seed}`)

const drawing = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const temporary = temporaryFolder()
afterAll(() => temporary.remove())
let postgres: Awaited<ReturnType<typeof startPostgres>>
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres?.stop())

/** The days of ten attempts go by in about this many seconds of the machine. */
const secondsToGiveUp = 8
const speed = (76 * 3_600) / secondsToGiveUp
/** Kills of a run. Each may have what was under way delivered twice: attempts of an endpoint at a time, of both. */
const kills = 6
const underWay = 16

/** Nodes over one register: what is killed is started again. */
const running = async (all: ReadonlyArray<Settings>) => {
  const nodes: Array<Node> = await Promise.all(all.map(start))
  const starting = new Set<number>()
  let isOver = false
  const revive = async (at: number): Promise<void> => {
    starting.add(at)
    nodes[at] = await start(all[at]!)
    starting.delete(at)
  }
  const timer = setInterval(() => {
    for (const [at, node] of nodes.entries())
      if (!isOver && !node.isAlive() && !starting.has(at)) revive(at).catch(() => starting.delete(at))
  }, 20)
  /** Asks any node that is up, and another one where it died meanwhile. */
  const ask = <A = any>(asked: Asked): Promise<A> =>
    eventually(async () => {
      const node = nodes.find((each) => each.isAlive())
      if (node === undefined) return undefined
      const answer = await node.ask<A>(asked).catch((error: Error) => {
        if (node.isAlive()) throw error
        return undefined
      })
      return answer === undefined ? undefined : { answer }
    }).then(({ answer }) => answer)
  return {
    nodes,
    ask,
    close: async () => {
      isOver = true
      clearInterval(timer)
      await eventually(async () => (starting.size === 0 ? true : undefined))
      await Promise.all(nodes.map((node) => node.kill()))
    }
  }
}
type Running = Awaited<ReturnType<typeof running>>

interface Sold {
  readonly platform: string
  readonly campaign: string
  readonly endpoint: string
  readonly secret: string
}

interface Entry {
  readonly id: string
  readonly objectId: string
  readonly investmentId: string | null
  readonly status: string
}

const feedOf = async ({ ask }: Running, { platform }: Sold): Promise<ReadonlyArray<Entry>> =>
  (await ask({ what: "feed", platform })).results

const signedWith = (secret: string, { id, signature, text, timestamp }: Got): boolean =>
  WebhookSignature.isSigned(secret, { id, timestamp, body: text }, { signature, now: timestamp })

/** What a receiver may rely on, whatever was killed. */
const expectDelivered = (got: ReadonlyArray<Got>, feed: ReadonlyArray<Entry>, dead: ReadonlySet<string>) => {
  const at = new Map(feed.map((entry, index) => [entry.id, index]))
  const laneOf = ({ investmentId, objectId }: Entry) => investmentId ?? objectId
  const taken = new Set<string>()
  for (const { body, id, isTaken, lane } of got) {
    const index = at.get(id)
    expect({ id, isOwn: index !== undefined }).toEqual({ id, isOwn: true })
    expect(body).toMatchObject({ id, object_id: feed[index!]!.objectId, status: feed[index!]!.status })
    const missing = feed.slice(0, index).filter((entry) => laneOf(entry) === lane && !taken.has(entry.id))
    // What is given up lets the next pass, which bears a mark.
    if (missing.length > 0) expect({ id, marked: body.undelivered_before }).toEqual({ id, marked: true })
    expect(missing.filter((entry) => !dead.has(entry.id))).toEqual([])
    if (isTaken) taken.add(id)
  }
  for (const { id } of feed) expect({ id, isKnown: taken.has(id) || dead.has(id) }).toEqual({ id, isKnown: true })
  const repeated = got.filter(({ isTaken }) => isTaken).length - taken.size
  expect(repeated).toBeLessThanOrEqual(kills * underWay)
}

/** A receiver that fails by chance, has its sender killed, and never takes what `refuses` says. */
const failing = (
  receiver: Receiver,
  { nodes }: Running,
  next: () => number,
  refuses: (got: Pick<Got, "path" | "lane" | "body">) => boolean
) => {
  const names = Object.keys(faults) as ReadonlyArray<keyof typeof faults>
  let left = kills
  const pick = <A>(all: ReadonlyArray<A>): A => all[Math.floor(next() * all.length)]!
  receiver.decide = async (got, take): Promise<Doing> => {
    if (refuses(got)) return "answers 500"
    const drawn = next()
    if (drawn < 0.2 && left > 0) {
      left -= 1
      const node = pick(nodes)
      if (next() < 0.5) take()
      await node.kill()
      return "resets the connection"
    }
    return drawn < 0.5 ? pick(names) : drawn < 0.6 ? "takes, and never ends" : "takes"
  }
  return () => left
}

const waitingOf = ({ ask }: Running, { endpoint }: Sold) => ask({ what: "waiting", endpoint })

const isEmptied = (run: Running, sold: Sold) =>
  eventually(async () => ((await waitingOf(run, sold)).pending === 0 ? true : undefined))

const sell = async (run: Running, { campaign, platform }: Sold, count: number): Promise<ReadonlyArray<string>> => {
  const made: Array<string> = []
  for (let index = 0; index < count; index++) made.push(await run.ask({ what: "sale", platform, campaign }))
  return made
}

/** The feed has no more to come: every credit is settled. */
const settled = (run: Running, sold: Sold) =>
  eventually(async () => {
    const feed = await feedOf(run, sold)
    const last = new Map(feed.map(({ objectId, status }) => [objectId, status]))
    return [...last.values()].some((status) => status === "PAID" || status === "processing") ? undefined : feed
  })

const trial = async (all: ReadonlyArray<Settings>) => {
  const next = drawing(seed)
  const receiver = await receive()
  const run = await running(all)
  try {
    const [one, other]: ReadonlyArray<Sold> = [
      await run.ask({ what: "platform", url: `${receiver.url}/one` }),
      await run.ask({ what: "platform", url: `${receiver.url}/other` })
    ]
    const gotOf = (path: string) => receiver.got.filter((got) => got.path === path)

    // Everything fails, and one entry never gets through.
    let stubborn: string | undefined
    let isWell = false
    const left = failing(receiver, run, next, ({ body, lane, path }) => {
      if (path === "/one" && body.status === "PAID") stubborn ??= lane
      return !isWell && lane === stubborn && body.status === "PAID"
    })
    for (let round = 0; round < 3; round++) {
      await sell(run, one!, 1)
      await sell(run, other!, 1)
    }
    await eventually(async () => (stubborn === undefined ? undefined : true))
    const feed = await settled(run, one!)
    const { letters } = await eventually(async () => {
      const found = await waitingOf(run, one!)
      return found.dead === 1 && found.pending === 0 ? found : undefined
    })
    const [letter] = letters
    expect(letter).toMatchObject({ lane: stubborn, attempts: 10, reason: "the receiver answered 500" })
    expectDelivered(gotOf("/one"), feed, new Set([letter.event]))
    const marked = gotOf("/one").filter(({ body }) => body.undelivered_before === true)
    expect(marked.length).toBeGreaterThan(0)
    expect(new Set(marked.map(({ lane }) => lane))).toEqual(new Set([stubborn]))
    await isEmptied(run, other!)
    expectDelivered(gotOf("/other"), await settled(run, other!), new Set())
    for (const [path, { secret }] of [["/one", one!] as const, ["/other", other!] as const])
      expect(gotOf(path).filter((got) => !signedWith(secret, got))).toEqual([])
    expect(receiver.overlaps).toEqual([])
    expect(left()).toBeLessThan(kills)

    // A person has it sent again.
    isWell = true
    expect(await run.ask({ what: "resend", endpoint: one!.endpoint })).toBe(1)
    await eventually(async () => ((await waitingOf(run, one!)).dead === 0 ? true : undefined))
    await isEmptied(run, one!)
    expect(gotOf("/one").at(-1)).toMatchObject({ id: letter.event, isTaken: true })

    // A secret is changed while deliveries wait, over a kill.
    let isAway = true
    failing(
      receiver,
      run,
      () => 0.9,
      ({ path }) => isAway && path === "/other"
    )
    const waits = gotOf("/other").length
    await sell(run, other!, 1)
    await eventually(async () => (gotOf("/other").length > waits ? true : undefined))
    const renewed: string = await run.ask({ what: "rotate", endpoint: other!.endpoint, finish: false })
    await Promise.all(run.nodes.map((node) => node.kill()))
    const before = gotOf("/other").length
    isAway = false
    await isEmptied(run, other!)
    const both = gotOf("/other").slice(before)
    expect(both.length).toBeGreaterThan(0)
    for (const got of both) expect([signedWith(other!.secret, got), signedWith(renewed, got)]).toEqual([true, true])
    expect(await run.ask({ what: "rotate", endpoint: other!.endpoint, finish: true })).toBe(renewed)
    const after = gotOf("/other").length
    await sell(run, other!, 1)
    await settled(run, other!)
    await eventually(async () => (gotOf("/other").length > after ? true : undefined))
    await isEmptied(run, other!)
    for (const got of gotOf("/other").slice(after))
      expect([signedWith(other!.secret, got), signedWith(renewed, got)]).toEqual([false, true])

    // An endpoint is removed while deliveries wait. The other one goes on.
    isAway = true
    const seen = gotOf("/other").length
    await sell(run, other!, 1)
    await eventually(async () => (gotOf("/other").length > seen ? true : undefined))
    await run.ask({ what: "remove", endpoint: other!.endpoint })
    const goesOn = async () => {
      const [investment] = await sell(run, one!, 1)
      await eventually(async () =>
        gotOf("/one").some(
          ({ body, isTaken }) => body.object_id === investment && body.status === "DELIVERED" && isTaken
        )
          ? true
          : undefined
      )
      return gotOf("/other").length
    }
    const under = await goesOn()
    await sell(run, other!, 1)
    expect(await goesOn()).toBe(under)
    expect(await waitingOf(run, other!)).toMatchObject({ pending: 0, dead: 0 })
  } finally {
    await run.close()
    await receiver.close()
  }
}

describe("webhooks whose sender is killed", () => {
  const settings = (name: string, store?: string): Settings => {
    const folder = join(temporary.path, name)
    mkdirSync(folder)
    if (store !== undefined)
      writeFileSync(join(folder, "master.key"), Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 })
    return { folder, begun: Date.now(), speed, ...(store === undefined ? {} : { store }) }
  }

  it("I-20, 37: of a folder arrive at least once, in order, signed, or are a dead letter that a person has sent again", () =>
    trial([settings("folder")]))

  it("I-20, 37: of three nodes on PostgreSQL too, and one node at a time delivers", () => {
    const first = settings("node-0", postgres.url())
    return trial([first, ...[1, 2].map((at) => ({ ...settings(`node-${at}`, postgres.url()), begun: first.begun }))])
  })
})
