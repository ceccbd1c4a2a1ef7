/**
 * What is asked at the end of a run. Of every holding and of every campaign it is one unit more than there is, and then all of it. For the
 * author of requests.
 */
import { expect, it } from "vitest"
import { Objects, type Unit } from "../src/model/Objects.ts"
import { closing } from "../src/workload/Closing.ts"

const id = (n: number): string => `01900000-0000-7000-8000-00000000000${n}`
const [platform, product, campaign, investor, wallet, investment] = [id(1), id(2), id(3), id(4), id(5), id(6)]

const units = (count: number, unit: Partial<Unit>): Array<Unit> =>
  Array.from({ length: count }, () => ({
    campaign,
    investment: undefined,
    state: "unissued",
    wallet: undefined,
    delivery: 0,
    takenBy: undefined,
    blocked: false,
    ...unit
  }))

/** One holding of five units, and a campaign that has three left. */
const worldOf = (ewpg = false): Objects => {
  const world = new Objects()
  world.platforms.add(platform)
  world.products.set(product, {
    ewpg,
    units: [...units(5, { investment, state: "held", wallet }), ...units(3, {})]
  } as unknown as Parameters<typeof world.products.set>[1])
  world.campaigns.set(campaign, { platform, product, allocation: 8, open: true, opens: 0, closes: 0, review: false })
  world.investors.set(investor, { platform, erased: false } as Parameters<typeof world.investors.set>[1])
  world.investments.set(investment, { platform, product, investor, delivered: wallet } as Parameters<
    typeof world.investments.set
  >[1])
  return world
}

/** Names of requests, and the units that they ask for. */
const asked = (world: Objects): ReadonlyArray<readonly [string, number] | undefined> => {
  const knows = { world, now: Date.parse("2026-03-01T09:00:00.000Z"), endpoints: [] }
  return closing(knows).map((read) => {
    const request = read(knows)
    return request && [request.name, (request.input as { readonly units: number }).units]
  })
}

it("asks for one unit more than a holding and a campaign have, and then for all", () => {
  expect(asked(worldOf())).toEqual([
    ["Redemptions.create", 6],
    ["Redemptions.create", 5],
    ["Investments.create", 4],
    ["Investments.create", 3]
  ])
})

it("asks for what is left by then, and for nothing where nothing is", () => {
  const world = worldOf()
  world.frozen.set(`${product} ${wallet}`, 2)
  expect(asked(world).slice(0, 2)).toEqual([
    ["Redemptions.create", 4],
    ["Redemptions.create", 3]
  ])
  for (const unit of world.units(product)) unit.takenBy = "a task"
  expect(asked(world).slice(0, 2)).toEqual([["Redemptions.create", 1], undefined])
})

it("asks nobody for units that platforms cannot redeem, and nobody to sign where all investors are erased", () => {
  const world = worldOf(true)
  world.investors.get(investor)!.erased = true
  expect(asked(world)).toEqual([undefined, undefined])
})
