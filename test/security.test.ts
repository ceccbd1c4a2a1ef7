/**
 * Platforms are strangers to each other: an object of another is in no list, and cannot be named in a body. Every route by id is held to it by
 * `matrix.test.ts`. For a developer that adds a route.
 */
import { platformResources } from "@effekten/services"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { identificationBody, investmentBody, investorBody } from "./Api.ts"
import { start, type Tenants } from "./Tenants.ts"

let tenants: Tenants
beforeAll(async () => {
  tenants = await start({ rateLimit: "none" })
})
afterAll(() => tenants.close())

let keys = 0

describe("promise 10: another platform's object", () => {
  it("is in no list of another platform", async () => {
    const { first, second } = tenants
    const lists = platformResources.flatMap(({ resource }) =>
      Object.values(resource.operations).filter(({ _tag, ids }) => _tag === "List" && ids.length === 0)
    )
    expect(lists.length).toBeGreaterThanOrEqual(4)
    for (const { route } of lists) {
      const answer = await second.api.get(route!.split(" ")[1]!)
      expect(answer.status).toBe(200)
      for (const id of Object.values(first.ids)) expect(answer.bytes.includes(id)).toBe(false)
    }
  })

  it("cannot be named in a body", async () => {
    const { first, productId, second } = tenants
    const { campaignId, ids } = first
    const own = second.ids
    const invest = (body: object) => ({ ...investmentBody(second, own["investor"]!, own["wallet"]!, 1), ...body })
    const redeem = { investor_id: own["investor"], product_id: productId, wallet_id: own["wallet"], units: 1 }
    const attempts: ReadonlyArray<readonly [path: string, body: unknown, allowed: ReadonlyArray<number>]> = [
      ["/v2/investments/", invest({ investor_id: ids["investor"] }), [404]],
      ["/v2/investments/", invest({ campaign_id: campaignId }), [404]],
      ["/v2/investments/", invest({ wallet: ids["wallet"] }), [404]],
      [
        "/v2/investments/",
        invest({ signed_documents: [{ document_id: ids["document"], category: "c", subject: "s" }] }),
        [400]
      ],
      [`/v2/investors/${own["investor"]}/identifications/`, identificationBody(ids["document"]!), [400]],
      ["/v2/redemptions/", { ...redeem, investor_id: ids["investor"] }, [404]],
      ["/v2/redemptions/", { ...redeem, wallet_id: ids["wallet"] }, [404]]
    ]
    for (const [path, body, allowed] of attempts) {
      const answer = await second.api.post(path, body, `body-${++keys}`)
      expect({ path, body, status: answer.status }).toEqual({ path, body, status: allowed[0] })
    }
  })
})

it("I-07, promise 10: one platform's key means nothing to another", async () => {
  const [one, two] = await Promise.all(
    [tenants.first, tenants.second].map(({ api }) => api.post("/v2/investors/", investorBody(), "the-same-key"))
  )
  expect([one!.status, two!.status]).toEqual([201, 201])
  expect(one!.json.id).not.toBe(two!.json.id)
})
