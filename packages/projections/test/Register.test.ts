/** Promise 1: conservation is checked after every event, and every violation is reported. For auditors. */
import { Campaign } from "@effekten/domain"
import { Projections, Register, Views } from "@effekten/projections"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { choices, makeWorld, stateOver, type StoredEvent } from "./World.ts"

const registerOf = (events: ReadonlyArray<StoredEvent>) => {
  const register = Register.make()
  for (const event of events) register.apply(event)
  return register
}

const isUnitEvent = (event: StoredEvent) =>
  event.type === "UnitsCredited" ||
  event.type === "UnitsRedeemed" ||
  event.type === "UnitsTransferred" ||
  event.type === "RegisterChangeReversed"

/** The log with one event put in after a position; positions stay dense. */
const withForged = (events: ReadonlyArray<StoredEvent>, after: number, forged: StoredEvent) =>
  [...events.slice(0, after), forged, ...events.slice(after)].map((event, index) => ({ ...event, position: index + 1 }))

describe("the register", () => {
  it("promise 1: conservation holds at every position", () => {
    fc.assert(
      fc.property(choices(200), (all) => {
        const register = Register.make()
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
        const views = Views.make([Projections.holdings])
        for (const event of events) views.apply(event)
        for (const product of register.products()) {
          const held = views.keys(Projections.holdings, product).map((key) => views.get(Projections.holdings, key)!)
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
            (event.type === "RedemptionRequested" || event.type === "TransferRequested") &&
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
        // A credit that is undone takes its wrong number along.
        fc.pre(!events.some(({ type }) => type === "RegisterChangeReversed"))
        const entries = events.filter(isUnitEvent)
        const entry = entries[n % Math.max(entries.length, 1)]
        fc.pre(entry !== undefined)
        const forged = { ...entry!, data: { ...entry!.data, units: entry!.data.units + by } } as StoredEvent
        const register = registerOf(events.map((event) => (event === entry ? forged : event)))
        expect(register.violations.map((violation) => violation.position)).toContain(entry!.position)
        // For a credit the lot bears the same wrong number: only the request shows it.
        const laws = register.checkConservation().map((violation) => violation.law)
        expect(laws.includes("issued_is_held_and_redeemed")).toBe(entry!.type !== "UnitsCredited")
      }),
      { numRuns: 60 }
    )
  })

  it("promise 1: the totals are those the decisions reckon with", () => {
    fc.assert(
      fc.property(choices(200), (all) => {
        const { events } = makeWorld(all)
        const register = registerOf(events)
        const model = stateOver(events)
        const unitsOf = (type: "UnitsCredited" | "UnitsRedeemed", product: string) =>
          events.reduce((sum, event) => {
            if (event.type === type && event.data.productId === product) return sum + event.data.units
            if (event.type !== "RegisterChangeReversed" || event.data.productId !== product) return sum
            const undone = type === "UnitsCredited" ? "credit" : "redemption"
            return event.data.change.kind === undone ? sum - event.data.units : sum
          }, 0)
        for (const product of register.products()) {
          const shares = model(Campaign.ofProduct(product)).map((share) => ({
            ...share,
            used: model(Campaign.used(share.campaignId))
          }))
          expect(register.totals(product)).toMatchObject({
            campaigns: shares,
            used: shares.reduce((sum, share) => sum + share.used, 0),
            committed: shares.reduce((sum, share) => sum + (share.open ? share.allocation : share.used), 0),
            issued: unitsOf("UnitsCredited", product),
            redeemed: unitsOf("UnitsRedeemed", product)
          })
        }
      }),
      { numRuns: 40 }
    )
  })
})

describe("forged entries, one by one", () => {
  const base = { productId: "p", campaignId: "c", investorId: "o", walletId: "w" }
  const product = ["ProductRegistered", { ...base, issueVolume: 100 }] as const
  const open = ["CampaignOpened", { ...base, allocation: 20 }] as const
  const sign = ["InvestmentSigned", { ...base, investmentId: "i", units: 10 }] as const
  const request = ["CreditRequested", { ...base, investmentId: "i", creditId: "k", units: 10 }] as const
  const credit = ["UnitsCredited", { ...base, investmentId: "i", creditId: "k", units: 10 }] as const
  const delivered = [product, open, sign, request, credit]
  const block = ["InvestmentCancelledAfterDelivery", { ...base, investmentId: "i" }] as const
  const lots = [{ investmentId: "i", units: 4 }]
  const redemption = { ...base, redemptionId: "r", units: 4, lots }
  const transfer = {
    productId: "p",
    transferId: "t",
    sourceWalletId: "w",
    targetWalletId: "v",
    recipientInvestmentId: "j",
    units: 4,
    lots
  }
  const frozen = { ...base, units: 4 }
  const undone = {
    productId: "p",
    campaignId: "c",
    reversalId: "x",
    change: { kind: "credit", id: "i" },
    fromWalletId: "w",
    units: 10,
    taken: [{ investmentId: "i", units: 10 }],
    returned: [],
    releases: false
  }
  const givenBack = {
    productId: "p",
    reversalId: "x",
    change: { kind: "transfer", id: "t" },
    toWalletId: "w",
    units: 4,
    taken: [],
    returned: lots
  }
  const end = ["InvestmentEnded", { ...base, investmentId: "i", units: 10 }] as const

  it.each<readonly [name: string, entries: ReadonlyArray<readonly [string, object]>, laws: ReadonlyArray<string>]>([
    ["nothing forged", [...delivered, ["RedemptionRequested", redemption], ["UnitsRedeemed", redemption]], []],
    ["a product made twice", [product, product], ["entry_has_ground"]],
    ["a campaign of no product", [open], ["entry_has_ground", "committed_within_issue_volume"]],
    [
      "a campaign past the volume",
      [product, ["CampaignOpened", { ...base, allocation: 101 }]],
      ["committed_within_issue_volume"]
    ],
    [
      "a campaign closed twice",
      [product, open, ["CampaignClosed", base], ["CampaignClosed", base]],
      ["entry_has_ground"]
    ],
    ["a subscription to no campaign", [product, sign], ["entry_has_ground"]],
    [
      "a subscription past the allocation",
      [product, open, ["InvestmentSigned", { ...base, investmentId: "i", units: 21 }]],
      ["used_within_committed", "used_within_allocation"]
    ],
    [
      "an end made twice",
      [product, open, sign, end, end],
      ["entry_has_ground", "issued_within_used", "used_within_allocation"]
    ],
    ["an end after delivery", [...delivered, end], ["entry_has_ground", "issued_within_used"]],
    [
      "an end with other units",
      [product, open, sign, ["InvestmentEnded", { ...base, investmentId: "i", units: 9 }]],
      ["entry_has_ground"]
    ],
    ["a credit requested twice", [product, open, sign, request, request], ["entry_has_ground"]],
    ["a credit without a subscription", [product, open, credit], ["entry_has_ground", "issued_within_used"]],
    ["a credit not requested", [product, open, sign, credit], ["entry_has_ground"]],
    [
      "a credit that failed",
      [product, open, sign, request, ["CreditFailed", { investmentId: "i", creditId: "k" }], credit],
      ["entry_has_ground"]
    ],
    [
      "a credit of an ended investment",
      [product, open, sign, request, end, credit],
      ["entry_has_ground", "issued_within_used"]
    ],
    ["a block without a lot", [product, open, sign, block], ["entry_has_ground"]],
    ["a redemption of a blocked lot", [...delivered, block, ["RedemptionRequested", redemption]], ["entry_has_ground"]],
    [
      "a redemption whose lots are of other units",
      [...delivered, ["RedemptionRequested", { ...redemption, units: 5 }]],
      ["entry_has_ground"]
    ],
    [
      "a redemption of more than the lot has",
      [...delivered, ["RedemptionRequested", { ...redemption, units: 11, lots: [{ investmentId: "i", units: 11 }] }]],
      ["lot_within_bounds"]
    ],
    [
      "a redemption from another wallet",
      [...delivered, ["RedemptionRequested", { ...redemption, walletId: "v" }]],
      ["entry_has_ground"]
    ],
    [
      "a redemption requested twice",
      [...delivered, ["RedemptionRequested", redemption], ["RedemptionRequested", redemption]],
      ["entry_has_ground"]
    ],
    ["a redemption not requested", [...delivered, ["UnitsRedeemed", redemption]], ["entry_has_ground"]],
    [
      "a redemption of other lots than requested",
      [
        ...delivered,
        ["RedemptionRequested", redemption],
        ["UnitsRedeemed", { ...redemption, lots: [{ investmentId: "i", units: 3 }] }]
      ],
      ["entry_has_ground", "issued_is_held_and_redeemed"]
    ],
    [
      "a freeze of more than lies in the wallet",
      [...delivered, ["UnitsFrozen", { ...frozen, units: 11 }]],
      ["frozen_within_holding"]
    ],
    [
      "a release of more than is frozen",
      [...delivered, ["UnitsFrozen", frozen], ["UnitsUnfrozen", { ...frozen, units: 5 }]],
      ["frozen_within_holding"]
    ],
    [
      "a redemption of frozen units",
      [...delivered, ["UnitsFrozen", { ...frozen, units: 7 }], ["RedemptionRequested", redemption]],
      ["frozen_within_holding"]
    ],
    [
      "a transfer of frozen units",
      [...delivered, ["UnitsFrozen", { ...frozen, units: 7 }], ["TransferRequested", transfer]],
      ["frozen_within_holding"]
    ],
    ["a failure of no redemption", [...delivered, ["RedemptionFailed", redemption]], ["entry_has_ground"]],
    ["no forged transfer", [...delivered, ["TransferRequested", transfer], ["UnitsTransferred", transfer]], []],
    ["a transfer not requested", [...delivered, ["UnitsTransferred", transfer]], ["entry_has_ground"]],
    [
      "a transfer to another wallet than requested",
      [...delivered, ["TransferRequested", transfer], ["UnitsTransferred", { ...transfer, targetWalletId: "x" }]],
      ["entry_has_ground"]
    ],
    [
      "a transfer into an investment that is there",
      [
        ...delivered,
        ["TransferRequested", { ...transfer, recipientInvestmentId: "i" }],
        ["UnitsTransferred", { ...transfer, recipientInvestmentId: "i" }]
      ],
      ["entry_has_ground", "issued_is_held_and_redeemed"]
    ],
    ["a transfer of a blocked lot", [...delivered, block, ["TransferRequested", transfer]], ["entry_has_ground"]],
    ["a failure of no transfer", [...delivered, ["TransferFailed", transfer]], ["entry_has_ground"]],
    ["no forged reversal", [...delivered, ["ReversalRequested", undone], ["RegisterChangeReversed", undone]], []],
    ["a reversal not requested", [...delivered, ["RegisterChangeReversed", undone]], ["entry_has_ground"]],
    [
      "a reversal of another campaign than requested",
      [...delivered, ["ReversalRequested", undone], ["RegisterChangeReversed", { ...undone, campaignId: "d" }]],
      ["entry_has_ground", "lot_within_bounds"]
    ],
    [
      "a reversal that says otherwise whether the investment has ended",
      [...delivered, block, ["ReversalRequested", undone], ["RegisterChangeReversed", undone]],
      ["entry_has_ground"]
    ],
    [
      "a reversal that gives back what nothing took",
      [...delivered, ["ReversalRequested", givenBack], ["RegisterChangeReversed", givenBack]],
      ["lot_within_bounds", "issued_is_held_and_redeemed"]
    ],
    ["a failure of no reversal", [...delivered, ["ReversalFailed", undone]], ["entry_has_ground"]],
    [
      "a transfer and a redemption of one id",
      [
        ...delivered,
        ["RedemptionRequested", { ...redemption, redemptionId: "t" }],
        ["TransferRequested", transfer],
        ["RedemptionFailed", { ...redemption, redemptionId: "t" }],
        ["UnitsTransferred", transfer]
      ],
      []
    ]
  ])("promise 1: %s", (_name, entries, laws) => {
    const events = entries.map(([type, data], index) => ({ type, data, position: index + 1 }) as unknown as StoredEvent)
    const { violations } = registerOf(events)
    expect([...new Set(violations.map((violation) => violation.law))]).toStrictEqual(laws)
    expect(violations.every((violation) => violation.productId === "p")).toBe(true)
  })
})
