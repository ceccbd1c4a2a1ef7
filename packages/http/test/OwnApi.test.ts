/**
 * The services behind an `HttpApi` of the application's own: each failure has its status there too. For applications that offer an API over
 * the register.
 */
import { failureCode, failures, NotFound, Rejection, Unavailable } from "@effekten/services"
import { Effect, Layer, Result, Schema } from "effect"
import { HttpClient, HttpClientResponse, HttpRouter, HttpServer } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiClient, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { describe, expect, it } from "vitest"

type Failure = Rejection | NotFound | Unavailable

const call = { key: "our-key", attempts: 2 }
const refusal = (status: number) =>
  new Rejection({ code: failureCode(`code_${status}`), status, message: "Refused.", call })

const all: ReadonlyArray<readonly [number, Failure]> = [
  ...[400, 401, 403, 409, 412, 413, 415, 422].map((status) => [status, refusal(status)] as const),
  [404, new NotFound({ code: "investor_not_found", message: "There is no such investor.", call })],
  [
    503,
    new Unavailable({ executed: "unknown", message: "Not now.", retryAfter: 3, cause: new Error("a secret"), call })
  ]
]

const over = (failing: () => Failure) => {
  const fails = HttpApiEndpoint.get("fails", "/fails", { success: Schema.String, error: failures })
  const plain = HttpApiEndpoint.get("plain", "/plain", {
    success: Schema.String,
    error: [Rejection, NotFound, Unavailable]
  })
  const api = HttpApi.make("shop").add(HttpApiGroup.make("orders").add(fails, plain))
  const orders = HttpApiBuilder.group(api, "orders", (handlers) =>
    handlers
      .handle("fails", () => Effect.suspend(() => Effect.fail(failing())))
      .handle("plain", () => Effect.suspend(() => Effect.fail(failing())))
  )
  const { handler } = HttpRouter.toWebHandler(
    HttpApiBuilder.layer(api).pipe(Layer.provide(orders), Layer.provide(HttpServer.layerServices)),
    { disableLogger: true }
  )
  return { api, get: (path: string) => handler(new Request(`http://localhost${path}`)) }
}

describe("a failure of a service in an API of the application's own", () => {
  for (const [status, failure] of all) {
    it(`${failure._tag} ${"code" in failure ? failure.code : ""} is ${status}, and shows neither cause nor call`, async () => {
      const answer = await over(() => failure).get("/fails")
      expect(answer.status).toBe(status)
      const body = await answer.json()
      expect(body).toMatchObject({ _tag: failure._tag, message: failure.message })
      expect(JSON.stringify(body)).not.toMatch(/secret|our-key|attempts/)
    })
  }

  it("has the status of its kind where an endpoint names the class itself", async () => {
    const statuses = await Promise.all(all.map(async ([, failure]) => (await over(() => failure).get("/plain")).status))
    expect(statuses).toEqual([...all.slice(0, 8).map(() => 409), 404, 503])
  })

  it("is the same failure again for a client that is made of that API", async () => {
    for (const [, failure] of all) {
      const { api, get } = over(() => failure)
      const connected = HttpClient.make((request) =>
        Effect.map(
          Effect.promise(() => get(new URL(request.url).pathname)),
          (answer) => HttpClientResponse.fromWeb(request, answer)
        )
      )
      const result = await Effect.runPromise(
        HttpApiClient.make(api, { baseUrl: "http://localhost" }).pipe(
          Effect.flatMap((client) => Effect.result(client.orders.fails())),
          Effect.provideService(HttpClient.HttpClient, connected)
        )
      )
      const told = Result.isFailure(result) ? result.failure : undefined
      expect(told).toBeInstanceOf(failure.constructor)
      expect(told).toMatchObject({ _tag: failure._tag, message: failure.message })
      expect((told as Failure).executed).toBe(failure.executed)
    }
  })
})
