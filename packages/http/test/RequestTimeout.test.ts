/**
 * The time that a client gives its request, as the server reads it and hands it on. For the author of the server.
 */
import { Deadline } from "@effekten/services"
import { Clock, Effect } from "effect"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import * as H from "./Harness.ts"

let h: H.Harness
beforeAll(async () => {
  h = await H.start()
})
afterAll(() => h.close())
beforeEach(() => {
  h.memory.before = () => Effect.void
  h.memory.seen.length = 0
})

let count = 0
const redeem = (headers: { readonly [name: string]: string }) =>
  H.post(`${h.url}/v2/redemptions/`, {
    authorization: `Bearer ${h.token}`,
    "content-type": "application/json",
    "x-idempotency-key": `key-${++count}`,
    body: JSON.stringify(H.redemption),
    ...headers
  })

describe("R-11: Request-Timeout", () => {
  it("reaches the service as the call's deadline; without it there is none", async () => {
    const seen: Array<number | undefined> = []
    h.memory.before = () =>
      Effect.gen(function* () {
        const deadline = yield* Deadline.Deadline
        const now = yield* Clock.monotonicTimeNanos
        seen.push(deadline === undefined ? undefined : Number((deadline - now) / 1_000_000n))
      })
    expect((await redeem({ "request-timeout": "3600000" })).status).toBe(201)
    expect((await redeem({})).status).toBe(201)
    expect(seen).toHaveLength(2)
    expect(seen[0]).toBeGreaterThan(0)
    expect(seen[0]).toBeLessThanOrEqual(3_600_000)
    expect(seen[1]).toBeUndefined()
  })

  it("that is over is told with a code of its own, and that nothing happened", async () => {
    h.memory.before = () => Effect.fail(Deadline.exceeded())
    const answer = await redeem({ "request-timeout": "1" })
    expect(answer.json).toMatchObject({ status: 503, code: "deadline_exceeded", executed: "no", retryable: true })
  })

  it.each(["", "-1", "1.5", "1s", "1, 2", "12345678901", "Infinity"])("%j is refused", async (value) => {
    const answer = await redeem({ "request-timeout": value })
    expect([answer.status, answer.json.code]).toEqual([400, "invalid_request"])
    expect(h.memory.seen).toEqual([])
  })
})
