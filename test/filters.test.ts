/**
 * What a list is asked for by a member of its objects, over real HTTP: every filter that a description names. For a developer that adds one.
 */
import { Id } from "@effekten/domain"
import { DistributionClient } from "@effekten/http"
import { Investments, Operation, Pages, platformResources, servedResources } from "@effekten/services"
import { Context, Effect, Redacted, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { FetchHttpClient } from "effect/http"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Api, connect } from "./Api.ts"
import { fill, start, type Tenants } from "./Tenants.ts"

let tenants: Tenants
let issuer: Api
beforeAll(async () => {
  tenants = await start({ rateLimit: "none" })
  issuer = await connect({ ...tenants.issuers[0].credentials, url: tenants.url })
})
afterAll(() => tenants.close())

interface Filtered {
  readonly path: string
  /** Further members of the query, which the list needs. */
  readonly needed: string
  readonly filter: string
}

const filtered: ReadonlyArray<Filtered> = servedResources.flatMap(({ resource }) =>
  Object.values<Operation.Any>(resource.operations).flatMap((operation) => {
    if (operation._tag !== "List") return []
    const needed = operation.asks.map((name) => `&${name}=:${name.replace(/_id$/, "")}`).join("")
    return Object.keys(Operation.filterFields(operation)).map((filter) => ({
      path: Operation.partsOf(operation.route!)[1],
      needed,
      filter
    }))
  })
)

/** The list, as its own party asks for it. */
const asking = ({ needed, path }: Filtered) => {
  const isIssuers = path.startsWith("/issuer/")
  const ids = isIssuers ? tenants.issuers[0].ids : tenants.first.ids
  const api = isIssuers ? issuer : tenants.first.api
  return (query: string) => api.get(fill(`${path}?${query}${needed}`, ids))
}

const pointers = ({ errors }: any): ReadonlyArray<string> => errors.map(({ pointer }: any) => pointer)

it("there are filters", () => expect(filtered.length).toBeGreaterThanOrEqual(10))

describe.each(filtered.map((each) => [`${each.path}?${each.filter}=`, each] as const))("%s", (_, each) => {
  it("shows those that have the value, all of them, page after page", async () => {
    const ask = asking(each)
    const whole: ReadonlyArray<any> = (await ask("limit=500")).json.results
    expect(whole.length).toBeGreaterThan(0)
    for (const value of new Set(whole.map((object) => object[each.filter]))) {
      // What a transfer brought is of no campaign.
      if (value === null) continue
      const found: Array<unknown> = []
      let page = await ask(`limit=1&${each.filter}=${value}`)
      for (;;) {
        found.push(...page.json.results)
        const { next } = page.json
        if (next === null) break
        expect(new URL(next).searchParams.get(each.filter)).toBe(String(value))
        page = await (each.path.startsWith("/issuer/") ? issuer : tenants.first.api).get(next.slice(tenants.url.length))
      }
      expect(found).toEqual(whole.filter((object) => object[each.filter] === value))
      expect(page.json.count).toBe(found.length)
      for (let { previous } = page.json; previous !== null;) {
        const before = await tenants.first.api.get(previous.slice(tenants.url.length))
        expect(before.json.results).toEqual([found[found.length - 2]])
        found.pop()
        previous = before.json.previous
      }
    }
  })

  it("is refused twice, empty, or with what can be no value", async () => {
    const ask = asking(each)
    for (const query of [`${each.filter}=`, `${each.filter}=no.such`, `${each.filter}=a&${each.filter}=b`]) {
      const { json, status } = await ask(query)
      expect([query, status, pointers(json)]).toEqual([query, 400, [`/${each.filter}`]])
    }
  })
})

it("a member that a list cannot be asked for is refused with the names of those that it can", async () => {
  const { json, status } = await tenants.first.api.get("/v2/investments/?units=3")
  expect([status, pointers(json)]).toEqual([400, ["/units"]])
  expect(json.detail).toBe(
    "The query takes limit and cursor and campaign_id and product_id and investor_id and status."
  )
})

it("several filters at once show what has all the values", async () => {
  const { campaignId, api, ids } = tenants.first
  const query = `campaign_id=${campaignId}&investor_id=${ids["investor"]}`
  const { count, results } = (await api.get(`/v2/investments/?${query}`)).json
  expect(count).toBe(results.length)
  expect(results.map(({ id }: any) => id)).toContain(ids["investment"])
  expect((await api.get(`/v2/investments/?${query}&status=REJECTION`)).json).toMatchObject({ count: 0, results: [] })
})

it("a typed client chooses by the same names in its own spelling, over all pages", async () => {
  const { campaignId, credentials } = tenants.first
  const options = { ...credentials, clientSecret: Redacted.make(credentials.clientSecret), url: tenants.url }
  const campaign = Id.CampaignId.make(campaignId)
  const found = await Effect.runPromise(
    Effect.gen(function* () {
      const { list } = Context.get(yield* DistributionClient.make(platformResources, options), Investments)
      const chosen = Pages.stream((page) => list({ ...page, campaignId: campaign, status: "DELIVERED" }), { limit: 1 })
      const wrong = yield* Effect.flip(list({ status: "NO_SUCH" as "PAID" }))
      return { wrong, ids: (yield* Stream.runCollect(chosen)).map(({ id }) => id) }
    }).pipe(Effect.scoped, Effect.provide([FetchHttpClient.layer, SecureRandom.layerWebCrypto]))
  )
  const asked = await tenants.first.api.get(`/v2/investments/?campaign_id=${campaignId}&status=DELIVERED`)
  expect(found.ids).toEqual(asked.json.results.map(({ id }: any) => id))
  expect(found.wrong).toMatchObject({ _tag: "Rejection", errors: [{ pointer: "/status" }] })
})

it("promise 10: an id of another platform chooses nothing", async () => {
  const { first, second } = tenants
  const { json } = await second.api.get(`/v2/investments/?investor_id=${first.ids["investor"]}`)
  expect(json).toEqual({ count: 0, next: null, previous: null, results: [] })
})
