/**
 * Webhooks to a receiver that fails in every way: each event arrives, in order, signed, and never inside of the operator's network. For an
 * operator of a register, and for an author of receivers.
 */
import { assert, describe, it } from "@effect/vitest"
import { SqliteClient } from "@effekten/event-store"
import { WebhookSignature, Webhooks, WebhookStore } from "@effekten/http"
import { Id, type Timestamp } from "@effekten/domain"
import { Log, Registrar } from "@effekten/registrar"
import { EventFeed, type PlatformService, PlatformServices } from "@effekten/services"
import { Clock, Context, Effect, Fiber, Layer, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { TestClock } from "effect/testing"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { delivered, offering, onboarded } from "../packages/registrar/test/fixture.ts"
import { as } from "../packages/registrar/test/parts.ts"

interface Got {
  readonly path: string
  readonly headers: IncomingMessage["headers"]
  readonly body: string
}

/** A receiver, and what it does with each request. */
const receiver = Effect.gen(function* () {
  const got: Array<Got> = []
  const state = { got, url: "", answer: (_: Got, response: ServerResponse): void => void response.end() }
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => (body += chunk))
    request.on("end", () => {
      const one = { path: request.url ?? "", headers: request.headers, body }
      got.push(one)
      state.answer(one, response)
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return state
})

const key = Redacted.make(new Uint8Array(32).fill(7))
const world = WebhookStore.layerSql(key).pipe(
  Layer.provide(SqliteClient.layer({ filename: ":memory:" })),
  Layer.provideMerge(Layer.merge(Registrar.layerMemory(), SecureRandom.layerWebCrypto))
)

const investment = "01a20498-e104-7063-9ae9-4e903587f58b"

/** A feed of two events, where days may pass that a whole register would fill with rounds of its own. */
const events = ["PAID", "DELIVERED"].map((status, at) => ({
  id: `event-${at}`,
  type: "investment.status_changed" as const,
  objectId: investment,
  investmentId: Id.InvestmentId.make(investment),
  status,
  changedAt: "2026-01-01T00:00:00.000Z" as Timestamp.Timestamp
}))
const feed = Context.make(EventFeed, {
  list: (page) => {
    const results = events.slice(events.findIndex(({ id }) => id === page?.cursor) + 1)
    return Effect.succeed({ count: events.length, results })
  }
})
const given = WebhookStore.layerSql(key).pipe(
  Layer.provide(SqliteClient.layer({ filename: ":memory:" })),
  Layer.provideMerge(SecureRandom.layerWebCrypto),
  Layer.merge(
    Layer.succeed(PlatformServices, {
      forPlatform: () => feed as unknown as Context.Context<PlatformService>,
      repeat: () => Effect.undefined
    })
  )
)

/** Lets real sockets do their work, whatever clock the effects go by. */
const settle = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5)))

/** Until it holds. The bound is for what never comes about. */
const until = Effect.fnUntraced(function* (holds: Effect.Effect<boolean, unknown>) {
  for (let looks = 0; looks < 3_000; looks++) {
    if (yield* Effect.orDie(holds)) return
    yield* settle
  }
  throw new Error("it never came about")
})

/** A platform with one delivered investment, and an endpoint that is told of it from the first event on. */
const sold = Effect.fnUntraced(function* (
  url: string,
  options: {
    readonly allowPrivate?: boolean
    readonly authorization?: WebhookStore.Authorization
    readonly ewpg?: boolean
  } = {}
) {
  const { campaign, platform } = yield* offering({ ewpg: options.ewpg ?? false })
  const endpoint = yield* Webhooks.add({
    platform,
    url,
    allowPrivate: options.allowPrivate ?? true,
    authorization: options.authorization ?? { kind: "none" },
    fromStart: true
  })
  const investment = yield* Effect.gen(function* () {
    return yield* delivered(campaign, yield* onboarded, 10)
  }).pipe(as(platform))
  return { ...endpoint, investment }
})

const statuses = (got: ReadonlyArray<Got>, investment: string) =>
  got.map(({ body }) => JSON.parse(body)).flatMap((body) => (body.object_id === investment ? [body.status] : []))

describe("webhooks", () => {
  it.live(
    "arrive with the documented members first, signed, with the receiver's token, and once where all goes well",
    () =>
      Effect.gen(function* () {
        const to = yield* receiver
        to.answer = ({ path }, response) =>
          void response.end(path === "/token" ? '{"access_token":"t1","expires_in":600}' : "")
        const { id, investment, secret } = yield* sold(`${to.url}/hook`, {
          authorization: {
            kind: "client_credentials",
            tokenUrl: `${to.url}/token`,
            clientId: "us",
            clientSecret: "secret of ours"
          }
        })
        const store = yield* WebhookStore.WebhookStore
        const fiber = yield* Effect.forkChild(Webhooks.deliverForever())
        const hooks = () => to.got.filter(({ path }) => path === "/hook")
        yield* until(Effect.sync(() => statuses(hooks(), investment).includes("DELIVERED")))
        yield* until(Effect.map(store.waiting(id), ({ pending }) => pending === 0))
        assert.deepStrictEqual(statuses(hooks(), investment), ["PAID", "DELIVERED"])
        for (const { body, headers } of hooks()) {
          assert.deepStrictEqual(Object.keys(JSON.parse(body)).slice(0, 3), ["investment_id", "status", "changed_at"])
          assert.strictEqual(headers.authorization, "Bearer t1")
          const message = {
            id: String(headers["webhook-id"]),
            timestamp: Number(headers["webhook-timestamp"]),
            body
          }
          const told = {
            signature: String(headers["webhook-signature"]),
            now: Math.floor((yield* Clock.currentTimeMillis) / 1000)
          }
          assert.isTrue(WebhookSignature.isSigned(Redacted.value(secret), message, told))
          assert.isFalse(WebhookSignature.isSigned(Redacted.value(secret), { ...message, body: `${body} ` }, told))
          assert.isFalse(WebhookSignature.isSigned(Redacted.value(secret), message, { ...told, now: told.now + 301 }))
        }
        assert.lengthOf(new Set(hooks().map(({ headers }) => headers["webhook-id"])), hooks().length)
        yield* Fiber.interrupt(fiber)
      }).pipe(Effect.provide(world), Effect.scoped)
  )

  it.live("tell of each statement of the register, and of nothing that it says", () =>
    Effect.gen(function* () {
      const to = yield* receiver
      const { investment } = yield* sold(`${to.url}/hook`, { ewpg: true })
      yield* sold(`${to.url}/other`)
      const fiber = yield* Effect.forkChild(Webhooks.deliverForever())
      const told = () =>
        to.got
          .map(({ body, path }) => ({ path, ...JSON.parse(body) }))
          .filter(({ type }) => type === "investment.statement_issued")
      yield* until(Effect.sync(() => told().length > 0))
      yield* until(Effect.sync(() => to.got.some(({ body, path }) => path === "/other" && /DELIVERED/.test(body))))
      yield* Fiber.interrupt(fiber)
      const [statement] = (yield* (yield* Log).readAll([{ types: ["RegistryStatementIssued"] }])).map(
        ({ data }) => data
      )
      assert.deepStrictEqual(
        told().map(({ changed_at: _at, id: _id, ...rest }) => rest),
        [
          {
            path: "/hook",
            investment_id: investment,
            status: "entry",
            type: "investment.statement_issued",
            object_id: statement && "statementId" in statement ? statement.statementId : undefined
          }
        ]
      )
    }).pipe(Effect.provide(world), Effect.scoped)
  )

  it.effect("are sent again after each failure, with pauses that grow, and are given up where a person sees it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      const to = yield* receiver
      const bad: ReadonlyArray<(response: ServerResponse) => void> = [
        (response) => void response.writeHead(500).end(),
        (response) => void response.writeHead(301, { location: `${to.url}/elsewhere` }).end(),
        (response) => void response.socket?.destroy(),
        (response) => void response.writeHead(404).end("x".repeat(1_000_000)),
        (response) => void response.writeHead(204 + 100).end()
      ]
      to.answer = ({ body }, response) => {
        const { status } = JSON.parse(body)
        const at = to.got.length
        if (status === "PAID") bad[at % bad.length]!(response)
        else response.end()
      }
      const { id } = yield* Webhooks.add({
        platform: Id.PlatformId.make("platform"),
        url: to.url,
        allowPrivate: true,
        authorization: { kind: "none" },
        fromStart: true
      })
      const store = yield* WebhookStore.WebhookStore
      const fiber = yield* Effect.forkChild(Webhooks.deliverForever({ round: "20 minutes" }))
      const tries = () => statuses(to.got, investment)
      // The clock goes in steps, so that what is under way ends in between.
      for (let attempts = 1; attempts <= 10; attempts++) {
        const step = Math.max((Webhooks.pauses[attempts - 2] ?? 0) / 20, 1_200_000)
        yield* until(
          Effect.andThen(
            TestClock.adjust(step),
            Effect.sync(() => tries().length >= attempts)
          )
        )
        // What came of it is written down.
        yield* until(
          attempts === 10
            ? Effect.map(store.dead(id), (dead) => dead.length === 1)
            : Effect.map(store.due(id, Number.MAX_SAFE_INTEGER, 100), (due) =>
                due.some((delivery) => delivery.lane === investment && delivery.attempts >= attempts)
              )
        )
        assert.isTrue(
          tries()
            .slice(0, 10)
            .every((status) => status === "PAID"),
          "the next waits for the one before"
        )
      }
      const at = to.got
        .filter(({ body }) => JSON.parse(body).status === "PAID")
        .map(({ headers }) => Number(headers["webhook-timestamp"]) * 1000)
      Webhooks.pauses.forEach((pause, index) => {
        const waited = at[index + 1]! - at[index]!
        assert.isAtLeast(waited, pause * 0.9 - 1000)
        // Later by a round at most, and by the step in which the answer came.
        assert.isAtMost(waited, pause * 1.1 + 2 * 1_200_000 + Math.max(pause / 10, 1_200_000))
      })
      // The next of the investment passes, marked.
      yield* until(
        Effect.andThen(
          TestClock.adjust("20 minutes"),
          Effect.sync(() => tries().includes("DELIVERED"))
        )
      )
      const last = to.got
        .map(({ body }) => JSON.parse(body))
        .find(({ status, object_id }) => object_id === investment && status === "DELIVERED")
      assert.isTrue(last.undelivered_before)
      assert.isFalse(to.got.some(({ path }) => path === "/elsewhere"))
      const [dead] = yield* store.dead(id)
      assert.strictEqual(dead?.attempts, 10)
      // A person has it sent again, once the receiver is well.
      to.answer = (_, response) => void response.end()
      assert.strictEqual(yield* store.resend(id, dead?.event, yield* Clock.currentTimeMillis), 1)
      yield* until(
        Effect.andThen(
          TestClock.adjust("20 minutes"),
          Effect.map(store.waiting(id), ({ dead, pending }) => dead + pending === 0)
        )
      )
      assert.strictEqual(tries().at(-1), "PAID")
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(given), Effect.provideService(Webhooks.AttemptTime, "1000 days"), Effect.scoped)
  )

  it.live(
    "reach no address that is not public, unless it is allowed: the name is resolved once, and all its addresses count",
    () =>
      Effect.gen(function* () {
        const to = yield* receiver
        const names: Array<string> = []
        const { port } = new URL(to.url)
        const { id } = yield* sold(`http://receiver.example:${port}/`, { allowPrivate: false })
        const store = yield* WebhookStore.WebhookStore
        const resolve = (addresses: ReadonlyArray<string>) => async (name: string) => {
          names.push(name)
          return addresses.map((address) => ({ address, family: address.includes(":") ? (6 as const) : (4 as const) }))
        }
        const fiber = yield* Webhooks.deliverForever().pipe(
          Effect.provideService(Webhooks.Resolving, resolve(["93.184.216.34", "127.0.0.1"])),
          Effect.forkChild
        )
        yield* until(
          Effect.map(store.due(id, Number.MAX_SAFE_INTEGER, 100), (due) =>
            due.some(({ reason }) => reason === "receiver.example has an address that is not public")
          )
        )
        assert.lengthOf(to.got, 0)
        assert.isTrue(names.every((name) => name === "receiver.example"))
        yield* Fiber.interrupt(fiber)
      }).pipe(Effect.provide(world), Effect.scoped)
  )

  it.live("count a token that is no header as a failed attempt: nothing else of the endpoint stands still", () =>
    Effect.gen(function* () {
      const to = yield* receiver
      to.answer = (_, response) => void response.end(JSON.stringify({ access_token: "two\nlines" }))
      const { id } = yield* sold(`${to.url}/hook`, {
        authorization: { kind: "client_credentials", tokenUrl: `${to.url}/token`, clientId: "us", clientSecret: "ours" }
      })
      const store = yield* WebhookStore.WebhookStore
      const fiber = yield* Effect.forkChild(Webhooks.deliverForever())
      yield* until(
        Effect.map(
          store.due(id, Number.MAX_SAFE_INTEGER, 100),
          (due) =>
            due.length > 0 &&
            due.every(({ attempts, reason }) => attempts > 0 && reason?.includes("authorization") === true)
        )
      )
      assert.isFalse(to.got.some(({ path }) => path === "/hook"))
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(world), Effect.scoped)
  )

  it("take mapped, link-local, shared, loopback and unique-local addresses for private", () => {
    const family = (address: string) => (address.includes(":") ? (6 as const) : (4 as const))
    const said = (addresses: ReadonlyArray<string>) =>
      addresses.map((address) => Webhooks.isPublic({ address, family: family(address) }))
    const inside = [
      "127.0.0.1",
      "10.1.2.3",
      "172.31.0.1",
      "192.168.0.1",
      "169.254.169.254",
      "100.64.0.1",
      "0.0.0.0",
      "224.0.0.1",
      "255.255.255.255",
      "::1",
      "::",
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
      "fe80::1",
      "fd00::1",
      "64:ff9b::7f00:1",
      "2002:7f00:1::",
      "2001:db8::1",
      "ff02::1"
    ]
    assert.deepStrictEqual(
      said(inside),
      inside.map(() => false)
    )
    const outside = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "2a00:1450:4001::1"]
    assert.deepStrictEqual(
      said(outside),
      outside.map(() => true)
    )
  })
})
