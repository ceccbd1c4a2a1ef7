/**
 * The worked cases of freezes: what a frozen wallet and frozen units stand against, and what goes on. For the tests by example.
 */
import { describe, expect, it } from "vitest"
import { Freezing, Holding } from "../src/index.ts"
import { type Case, later, ready } from "./Case.ts"

const wallet = (c: Case, operation: "FreezeWallet" | "UnfreezeWallet", walletId = "w", platform?: string) =>
  c.by(platform, operation, { walletId, basis: "court" }, { reference: "00 AB 1/26", note: "on paper" })

const units = (c: Case, operation: "FreezeUnits" | "UnfreezeUnits", count: number, change: object = {}) =>
  c.by(undefined, operation, { walletId: "w", productId: "bond", units: count, basis: "court", ...change }, {})

describe("a frozen wallet", () => {
  it("nothing new leaves it; what is in flight settles, and credits go on", () => {
    const c = ready()
    c.deliver("a", 10)
    expect(c.redeem("1", 4)).toBe("4 of a")
    expect(wallet(c, "FreezeWallet")).toBe("accepted")
    expect(c.redeem("2", 1)).toBe("wallet_frozen")
    expect(c.settle("1", "succeeded")).toBe("accepted")
    expect(c.deliver("b", 5)).toBe("accepted")
    expect(c.redeem("3", 1)).toBe("wallet_frozen")
    expect(wallet(c, "UnfreezeWallet")).toBe("accepted")
    expect(c.redeem("4", 7)).toBe("6 of a, 1 of b")
  })

  it("frozen again, on another basis, or released again: no change", () => {
    const c = ready()
    expect(wallet(c, "UnfreezeWallet")).toBe("no change")
    expect(wallet(c, "FreezeWallet")).toBe("accepted")
    expect(c.by(undefined, "FreezeWallet", { walletId: "w", basis: "statute" }, {})).toBe("no change")
    expect(c.last(["WalletFrozen"])).toEqual({ walletId: "w", investorId: "anna", basis: "court" })
    expect([wallet(c, "UnfreezeWallet"), wallet(c, "UnfreezeWallet")]).toEqual(["accepted", "no change"])
    expect(c.register.state(Freezing.ofWallet("w" as never))).toBe(false)
  })

  it("is told before the amount, and after a pause", () => {
    const c = ready()
    wallet(c, "FreezeWallet")
    expect(c.redeem("1", 1)).toBe("wallet_frozen")
    c.by(undefined, "PauseProduct", { productId: "bond", basis: "administrative_act" })
    expect(c.redeem("2", 1)).toBe("product_paused")
  })

  it("of nobody, or of another platform: not found; of a forgotten investor: refused", () => {
    const c = ready()
    expect(wallet(c, "FreezeWallet", "none")).toBe("wallet_not_found")
    expect(wallet(c, "FreezeWallet", "w", "q")).toBe("wallet_not_found")
    expect(units(c, "FreezeUnits", 0, { walletId: "none" })).toBe("wallet_not_found")
    c.now = later(366 * 11)
    expect(c.by(undefined, "EraseInvestor", { investorId: "anna", ground: "retention_over" })).toBe("accepted")
    expect(wallet(c, "FreezeWallet")).toBe("investor_erased")
    expect(wallet(c, "UnfreezeWallet")).toBe("investor_erased")
    expect(units(c, "FreezeUnits", 1)).toBe("investor_erased")
    expect(units(c, "UnfreezeUnits", 1)).toBe("investor_erased")
  })
})

describe("frozen units", () => {
  it("are a number of the holding, whichever lots they are in", () => {
    const c = ready()
    c.deliver("a", 10)
    c.deliver("b", 5)
    c.deliver("c", 8)
    expect(units(c, "FreezeUnits", 9)).toBe("accepted")
    expect(c.redeem("1", 15)).toBe("insufficient_units 14")
    expect(c.redeem("2", 12)).toBe("10 of a, 2 of b")
    expect(units(c, "FreezeUnits", 3)).toBe("insufficient_units 2")
    expect(c.settle("2", "failed")).toBe("accepted")
    expect(Holding.free(c.holding())).toBe(14)
    expect(units(c, "FreezeUnits", 14)).toBe("accepted")
    expect(c.redeem("3", 1)).toBe("insufficient_units 0")
    expect(units(c, "UnfreezeUnits", 24)).toBe("insufficient_frozen_units")
    expect(units(c, "UnfreezeUnits", 23)).toBe("accepted")
    expect([Holding.free(c.holding()), c.holding().frozen]).toEqual([23, 0])
  })

  it("15 of 20 frozen, then the contract for the older 10 is cancelled after delivery: free 0", () => {
    const c = ready({ cancellationDays: 14 })
    c.deliver("a", 10)
    c.deliver("b", 10)
    expect(units(c, "FreezeUnits", 15)).toBe("accepted")
    expect(c.cancel("a")).toBe("accepted")
    expect(Holding.free(c.holding())).toBe(0)
    expect(c.redeem("1", 1)).toBe("insufficient_units 0")
    // Ten of them fit into what is not blocked. Five must be released before a unit is free.
    expect(units(c, "UnfreezeUnits", 5)).toBe("accepted")
    expect(Holding.free(c.holding())).toBe(0)
    expect(units(c, "UnfreezeUnits", 1)).toBe("accepted")
    expect(c.redeem("2", 1)).toBe("1 of b")
  })

  it("are whole units of one product in one wallet, of a frozen wallet too", () => {
    const c = ready()
    c.deliver("a", 10)
    wallet(c, "FreezeWallet")
    expect(units(c, "FreezeUnits", 0)).toBe("units_invalid")
    expect(units(c, "UnfreezeUnits", 0.5)).toBe("units_invalid")
    expect(units(c, "FreezeUnits", 1, { productId: "none" })).toBe("insufficient_units 0")
    expect(units(c, "UnfreezeUnits", 1)).toBe("insufficient_frozen_units")
    expect(units(c, "FreezeUnits", 10)).toBe("accepted")
    expect(c.last(["UnitsFrozen"])).toEqual({
      walletId: "w",
      investorId: "anna",
      productId: "bond",
      units: 10,
      basis: "court"
    })
    expect(wallet(c, "UnfreezeWallet")).toBe("accepted")
    expect(c.redeem("1", 1)).toBe("insufficient_units 0")
  })
})
