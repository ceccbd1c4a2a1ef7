/**
 * What the OpenAPI document allows, the server takes: bodies made from its schemas, sent to every call. For an author of a schema.
 */
import * as fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { document } from "./Conforms.ts"
import { ruledMembers, valuesOf } from "./Generated.ts"
import * as H from "./Harness.ts"

type Json = Record<string, any>

let h: H.Harness
beforeAll(async () => {
  h = await H.start({ rateLimit: "none" })
})
afterAll(() => h.close())

const calls = Object.entries<Json>(document["paths"]).flatMap(([path, methods]) =>
  Object.entries<Json>(methods).flatMap(([method, operation]) => {
    const schema: Json | undefined = operation["requestBody"]?.content["application/json"]?.schema
    // No platform can send what is for issuers.
    return schema === undefined || path.startsWith("/issuer/")
      ? []
      : [[`${method.toUpperCase()} ${path}`, { method, path, schema }] as const]
  })
)

const seed = Number(process.env["FC_SEED"] ?? Date.now() % 2 ** 31)

let count = 0
describe.each(calls)(`%s (seed ${seed})`, (_, { method, path, schema }) => {
  const ruled = new Set(ruledMembers(schema, document))
  const send = (body: unknown) =>
    H.send(method.toUpperCase(), `${h.url}${path.replace(/\{\w+\}/g, "unknown")}`, {
      authorization: `Bearer ${h.token}`,
      "x-idempotency-key": `allowed-${++count}`,
      "content-type": "application/json",
      body: JSON.stringify(body)
    })

  it("a body that the schema allows is refused for nothing but what a schema cannot say", async () => {
    await fc.assert(
      fc.asyncProperty(valuesOf(schema, document), async (body) => {
        const { json, status } = await send(body)
        if (status < 300 || status === 404) return
        // A name of which nothing can be seen is refused, too.
        const unexplained = (json.errors as ReadonlyArray<Json>).filter(
          ({ message, pointer }) => !ruled.has(pointer) && message !== "Expected a name that can be seen"
        )
        expect([status, json.code, unexplained]).toEqual([400, "invalid_request", []])
      }),
      { seed, numRuns: 60 }
    )
  })

  it("the example is taken", async () => {
    const example: unknown = document["paths"][path][method].requestBody.content["application/json"].example
    // The object that the path names is not there.
    expect([200, 201, 404]).toContain((await send(example)).status)
  })
})
