/** Promise 1: conservation, checked after every event; and what is not so is reported. */
import { makeRegister, makeViews, holdings } from "@effekten/projections"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { choices, makeWorld, type StoredEvent } from "./World.ts"

const registerOf = (events: ReadonlyArray<StoredEvent>) => {
  const register = makeRegister()
  for (const event of events) register.apply(event)
  return register
}

const isUnitEvent = (event: StoredEvent) => event.type === "UnitsCredited" || event.type === "UnitsRedeemed"

/** The log with one event put in after a position; positions stay dense. */
const withForged = (events: ReadonlyArray<StoredEvent>, after: number, forged: StoredEvent) =>
  [...events.slice(0, after), forged, ...events.slice(after)].map((event, index) => ({ ...event, position: index + 1 }))

describe("the register", () => {
  it("promise 1: conservation holds at every position", () => {
    fc.assert(
      fc.property(choices(200), (all) => {
        const register = makeRegister()
        for (const event of makeWorld(all).events) {
          register.apply(event)
          expect(register.checkConservation()).toStrictEqual([])
        }
        expect(register.violations).toStrictEqual([])
      }),
      { numRuns: 40 }
    )
  })

  it("promise 1: what the register holds is what the holdings hold", () => {
    fc.assert(
      fc.property(choices(200), (all) => {
        const { events } = makeWorld(all)
        const register = registerOf(events)
        const views = makeViews([holdings])
        for (const event of events) views.apply(event)
        for (const product of register.products()) {
          const held = views.keys(holdings, product).map((key) => views.get(holdings, key)!)
          expect(register.totals(product)).toMatchObject({
            held: held.reduce((sum, holding) => sum + holding.held, 0),
            reserved: held.reduce((sum, holding) => sum + holding.reserved, 0)
          })
        }
      }),
      { numRuns: 40 }
    )
  })

  it("promise 1: a forged event is reported: an entry made twice", () => {
    let forgeries = 0
    fc.assert(
      fc.property(choices(200), fc.nat(), (all, n) => {
        const { events } = makeWorld(all)
        const entries = events.filter(isUnitEvent)
        const entry = entries[n % Math.max(entries.length, 1)]
        fc.pre(entry !== undefined)
        forgeries++
        const register = registerOf(withForged(events, entry!.position, entry!))
        expect(register.violations[0]?.position).toBe(entry!.position + 1)
      }),
      { numRuns: 60 }
    )
    expect(forgeries).toBeGreaterThan(20)
  })

  it("promise 1: a forged event is reported: an entry left out", () => {
    fc.assert(
      fc.property(choices(200), fc.nat(), (all, n) => {
        const { events } = makeWorld(all)
        const credited = events.filter((event) => event.type === "UnitsCredited")
        const entry = credited[n % Math.max(credited.length, 1)]
        fc.pre(entry !== undefined)
        const used = events.some(
          (event) =>
            event.type === "RedemptionRequested" &&
            event.data.lots.some((lot) => lot.investmentId === entry!.data.investmentId)
        )
        fc.pre(used)
        expect(registerOf(events.filter((event) => event !== entry)).violations).not.toStrictEqual([])
      }),
      { numRuns: 40 }
    )
  })

  it("promise 1: a forged event is reported: units that differ by one", () => {
    fc.assert(
      fc.property(choices(200), fc.nat(), fc.constantFrom(-1, 1), (all, n, by) => {
        const { events } = makeWorld(all)
        const entries = events.filter(isUnitEvent)
        const entry = entries[n % Math.max(entries.length, 1)]
        fc.pre(entry !== undefined)
        const forged = { ...entry!, data: { ...entry!.data, units: entry!.data.units + by } } as StoredEvent
        const register = registerOf(events.map((event) => (event === entry ? forged : event)))
        expect(register.violations.map((violation) => violation.position)).toContain(entry!.position)
        // Of a credit the lot bears the same wrong number, and only what was asked for tells.
        const laws = register.checkConservation().map((violation) => violation.law)
        expect(laws.includes("issued_is_held_and_redeemed")).toBe(entry!.type === "UnitsRedeemed")
      }),
      { numRuns: 60 }
    )
  })

  it("promise 1: a subscription past the allocation, and a campaign past the volume, are reported", () => {
    const { events } = makeWorld([])
    const [product] = events.filter((event) => event.type === "ProductRegistered")
    const meta = product!.meta
    const make = (type: string, data: object, index: number) =>
      ({
        type,
        data,
        meta,
        tags: [],
        id: `x${index}`,
        version: 1,
        position: events.length + 1 + index
      }) as unknown as StoredEvent
    const open = { productId: product!.data.productId, campaignId: "c" }
    const signed = { ...open, investmentId: "i", investorId: "p", units: 11, kyc: "cleared", documentIds: [] }
    const within = registerOf([
      ...events,
      make("CampaignOpened", { ...open, allocation: 10 }, 0),
      make("InvestmentSigned", signed, 1)
    ])
    expect(within.violations.map((violation) => violation.law)).toStrictEqual([
      "used_within_committed",
      "used_within_allocation"
    ])
    expect(within.violations.every((violation) => violation.position === events.length + 2)).toBe(true)
    const over = registerOf([...events, make("CampaignOpened", { ...open, allocation: 2001 }, 0)])
    expect(over.violations.map((violation) => violation.law)).toStrictEqual(["committed_within_issue_volume"])
  })
})
