/**
 * What the log says of refused clients and requests: one line each, bounded, with nothing that a stranger chose. For an operator.
 */
import { it as effectIt } from "@effect/vitest"
import { Rejection } from "@effekten/services"
import { Clock, Effect, Logger } from "effect"
import { HttpServerResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { describe, expect, it } from "vitest"
import { OAuthStoreError } from "../src/oauth/OAuthStore.ts"
import { storeUnavailable } from "../src/server/Authentication.ts"
import * as RefusalLog from "../src/server/RefusalLog.ts"
import * as H from "./Harness.ts"

const canary = 'canary"\n\tlevel=FATAL msg=canary'
const form = { "content-type": "application/x-www-form-urlencoded" }

const requests = async (h: H.Harness) => {
  const token = async (id: string, secret: string) =>
    H.post(`${h.url}/oauth/token`, {
      ...form,
      body: new URLSearchParams({ grant_type: "client_credentials", client_id: id, client_secret: secret }).toString()
    })
  const reader = await h.tokenFor("reader")
  h.log.length = 0
  return {
    "an unknown client": () => token(canary, canary),
    "a wrong secret": () => token("reader", canary),
    "no client": () =>
      H.post(`${h.url}/oauth/revoke`, { ...form, body: new URLSearchParams({ token: canary }).toString() }),
    "no token": () => H.get(`${h.url}/v2/investors/?canary=1`),
    "an unknown token": () => H.get(`${h.url}/v2/investors/`, { authorization: "Bearer canary" }),
    "no scope": () =>
      H.post(`${h.url}/v2/redemptions/`, { authorization: `Bearer ${reader}`, "user-agent": "canary", body: "canary" })
  }
}

const clients = [{ clientId: "reader", scopes: ["investors:read" as const] }]

describe("a refused request leaves one line", () => {
  it("that names what was refused, and nothing that the sender wrote", async () => {
    const h = await H.start({ clients })
    const said: Array<unknown> = []
    for (const [name, request] of Object.entries(await requests(h))) {
      const { status, headers } = await request()
      expect(h.log).toHaveLength(1)
      const { annotations, level, message } = h.log.pop()!
      expect(annotations["request_id"]).toBe(headers["x-request-id"])
      said.push([name, status, level, message, { ...annotations, request_id: "" }])
    }
    await h.close()
    expect(JSON.stringify(said)).not.toContain("canary")
    expect(said).toMatchInlineSnapshot(`
      [
        [
          "an unknown client",
          401,
          "WARN",
          "refused a client: its secret is wrong or missing, or there is no such client",
          {
            "request_id": "",
          },
        ],
        [
          "a wrong secret",
          401,
          "WARN",
          "refused a client: its secret is wrong or missing, or there is no such client",
          {
            "client_id": "reader",
            "request_id": "",
          },
        ],
        [
          "no client",
          401,
          "WARN",
          "refused a client: its secret is wrong or missing, or there is no such client",
          {
            "request_id": "",
          },
        ],
        [
          "no token",
          401,
          "WARN",
          "refused a request: it bears no token",
          {
            "operation": "investors.list",
            "request_id": "",
          },
        ],
        [
          "an unknown token",
          401,
          "WARN",
          "refused a request: its token is unknown or has expired",
          {
            "operation": "investors.list",
            "request_id": "",
          },
        ],
        [
          "no scope",
          403,
          "WARN",
          "refused a request: its token lacks the scope",
          {
            "client_id": "reader",
            "operation": "redemptions.create",
            "request_id": "",
          },
        ],
      ]
    `)
  })

  it("also of an address that is taken, which tells what another platform has; of no other conflict", async () => {
    const h = await H.start()
    const ask = async (code: "address_taken" | "kyc_not_successful", key: string) => {
      h.memory.before = () => Effect.fail(new Rejection({ code, status: 409, message: "No." }))
      const answer = await H.post(`${h.url}/v2/investors/investor/wallets/eth-generic/`, {
        authorization: `Bearer ${h.token}`,
        "x-idempotency-key": key,
        "content-type": "application/json",
        body: JSON.stringify({ address: "0x52908400098527886E0F7030069857D2E4169EE7" })
      })
      expect([answer.status, answer.json.code]).toEqual([409, code])
    }
    h.log.length = 0
    await ask("kyc_not_successful", "another")
    expect(h.log).toEqual([])
    await ask("address_taken", "taken")
    const [line] = h.log
    expect([h.log.length, line?.level, line?.message]).toEqual([
      1,
      "WARN",
      "refused a request: the address is registered already, maybe for another platform"
    ])
    expect(JSON.stringify(line)).not.toMatch(/0x52908400/i)
    await h.close()
  })

  it("a request that is answered leaves none", async () => {
    const h = await H.start()
    await H.get(`${h.url}/v2/investors/`, { authorization: `Bearer ${h.token}` })
    expect((await H.get(`${h.url}/v2/nothing/`)).status).toBe(404)
    await h.close()
    expect(h.log).toEqual([])
  })
})

effectIt.effect("a flood of refusals leaves twenty lines in a minute and one with the number of the others", () =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const logger = Logger.map(Logger.formatStructured, ({ annotations, message }) =>
      lines.push(`${String(message)} ${JSON.stringify(annotations)}`)
    )
    const flood = Effect.gen(function* () {
      const lineOf = yield* RefusalLog.make
      const exchange = H.exchange({ refusal: "token" })
      const refuse = (status: number, times: number) =>
        Effect.repeat(
          Effect.suspend(() => lineOf(exchange, HttpServerResponse.empty({ status })) ?? Effect.void),
          { times: times - 1 }
        )
      const since = yield* Clock.currentTimeMillis
      yield* refuse(401, 1)
      yield* TestClock.adjust("30 seconds")
      yield* refuse(401, 1_019)
      expect(lines).toHaveLength(RefusalLog.linesPerMinute)
      yield* TestClock.adjust("29999 millis")
      expect(lines).toHaveLength(RefusalLog.linesPerMinute)
      yield* TestClock.adjust("1 millis")
      expect(lines.slice(RefusalLog.linesPerMinute)).toEqual([
        'refused a request: its token is unknown or has expired {"more":1000}'
      ])
      expect((yield* Clock.currentTimeMillis) - since).toBe(60_000)
      // The next minute begins with the next refusal. A server that ends tells what it has counted.
      lines.length = 0
      yield* refuse(401, 23)
      expect(lines).toHaveLength(RefusalLog.linesPerMinute)
    })
    yield* Effect.scoped(flood).pipe(Effect.provide(Logger.layer([logger])))
    expect(lines.at(-1)).toContain('{"more":3}')
  })
)

effectIt.effect("a store of clients that fails leaves no more lines than that, each with its cause", () =>
  Effect.gen(function* () {
    const lines: Array<string> = []
    const logger = Logger.map(Logger.formatStructured, (line) => lines.push(JSON.stringify(line)))
    const failing = Effect.gen(function* () {
      const lineOf = yield* RefusalLog.make
      const ask = Effect.suspend(() => {
        const exchange = H.exchange()
        const answer = storeUnavailable(exchange, new OAuthStoreError({ cause: new Error("the disk is gone") }))
        return Effect.as(lineOf(exchange, answer) ?? Effect.void, answer)
      })
      const answers = yield* Effect.forEach(Array.from({ length: 30 }), () => ask)
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
      expect(lines).toHaveLength(RefusalLog.linesPerMinute)
      for (const line of lines) expect(line).toMatch(/OAuthStoreError.*"level":"ERROR"/)
      yield* TestClock.adjust("1 minute")
      expect(lines).toHaveLength(RefusalLog.linesPerMinute + 1)
      expect(lines.at(-1)).toContain('"more":10')
    })
    yield* Effect.scoped(failing).pipe(Effect.provide(Logger.layer([logger])))
  })
)
