/**
 * The guide with a client that a generator made of the OpenAPI document, against a real server. For a developer of another language: what
 * compiles and runs here does so with the generator of that language, too.
 *
 * `scripts/openapi.mjs` makes the client's types, and CI compares them with the document.
 */
import createClient from "openapi-fetch"
import { afterAll, beforeAll, expect, it } from "vitest"
import { expectConforming } from "../packages/http/test/Conforms.ts"
import type { components, paths } from "../packages/http/test/generated/DistributionApi.js"
import { identificationBody, investorBody } from "./Api.ts"
import { startServer, temporaryFolder, type Server } from "./Process.ts"

const temporary = temporaryFolder()
let server: Server

beforeAll(async () => {
  server = await startServer(temporary.path)
})
afterAll(async () => {
  await server.stop()
  temporary.remove()
})

type Schemas = components["schemas"]

/** The answer of a call, or its problem, thrown. */
const given = <A>({ data, error }: { readonly data?: A; readonly error?: unknown }): A => {
  if (data === undefined) throw new Error(JSON.stringify(error))
  return data
}

let keys = 0
const key = () => ({ header: { "X-Idempotency-Key": `generated-${++keys}` } })

it("a client that is generated from the document runs the guide", async () => {
  const client = createClient<paths>({ baseUrl: server.url })
  client.use({
    onResponse: async ({ request, response }) => {
      const { pathname, search } = new URL(request.url)
      expectConforming({
        method: request.method,
        path: `${pathname}${search}`,
        status: response.status,
        headers: Object.fromEntries(response.headers),
        text: await response.clone().text()
      })
    }
  })
  const token = given(
    await client.POST("/oauth/token", {
      body: { grant_type: "client_credentials", client_id: server.clientId, client_secret: server.clientSecret },
      bodySerializer: (body) => new URLSearchParams(Object.entries(body)),
      headers: { "content-type": "application/x-www-form-urlencoded" }
    })
  )
  client.use({
    onRequest: ({ request }) => {
      request.headers.set("authorization", `Bearer ${token.access_token}`)
      return request
    }
  })

  const investor = given(await client.POST("/v2/investors/", { params: key(), body: investorBody() }))
  const protocol = given(
    await client.POST("/v2/documents/", {
      params: key(),
      body: { file: "" },
      bodySerializer: () => {
        const form = new FormData()
        form.set("file", new Blob(["ASD"], { type: "application/pdf" }), "protocol.pdf")
        return form
      }
    })
  )
  const ofInvestor = { path: { id: investor.id } }
  const identification = given(
    await client.POST("/v2/investors/{id}/identifications/", {
      params: { ...ofInvestor, ...key() },
      body: identificationBody(protocol.id)
    })
  )
  expect(identification.kyc_status).toBe("SUCCESS")
  const wallet = given(
    await client.POST("/v2/investors/{id}/wallets/eth-managed/", { params: { ...ofInvestor, ...key() } })
  )
  const signed = "2024-05-02T10:00:00.000000+00:00"
  const body: Schemas["CreateInvestment"] = {
    campaign_id: server.campaignId,
    investor_id: investor.id,
    units: 300,
    signed_at: signed,
    accepted_at: signed,
    paid_at: signed,
    signed_documents: [{ document_id: protocol.id, category: "contract", subject: "subscription" }],
    wallet: wallet.id
  }
  const investment = given(await client.POST("/v2/investments/", { params: key(), body }))
  const ofInvestment = { path: { id: investment.id } }
  given(await client.POST("/v2/investments/{id}/credits/", { params: { ...ofInvestment, ...key() } }))
  const read = async () => given(await client.GET("/v2/investments/{id}/", { params: ofInvestment }))
  await expect.poll(async () => (await read()).status).toBe("DELIVERED")

  const redemption = { investor_id: investor.id, product_id: server.productId, wallet_id: wallet.id, units: 300 }
  given(await client.POST("/v2/redemptions/", { params: key(), body: redemption }))
  await expect.poll(async () => (await read()).remaining_units).toBe(0)

  const { error, response } = await client.POST("/v2/redemptions/", { params: key(), body: redemption })
  expect([response.status, error?.code, error?.details]).toEqual([409, "insufficient_units", { free: 0 }])
  const page = given(await client.GET("/v2/investments/", { params: { query: { limit: 1 } } }))
  expect(page.results.map(({ id }) => id)).toEqual([investment.id])
})
