/**
 * The worked cases of reversals: what undoes an entry, on which lots, and what stands against it. For the tests by example.
 */
import { describe, expect, it } from "vitest"
import { Holding, Investment, Reversal, Wallet } from "../src/index.ts"
import { given } from "../src/testing/index.ts"
import { Case, later, ready } from "./Case.ts"

type Kind = "credit" | "redemption" | "transfer"

interface Asking {
  readonly units?: number
  readonly platform?: string
}

const request = (c: Case, reversalId: string, kind: Kind, id: string, { platform, units }: Asking = {}): string => {
  const input = { reversalId, change: { kind, id }, basis: "court", ...(units === undefined ? {} : { units }) }
  const answer = c.by(platform, "ReverseChange", input, { reference: "00 AB 2/26", note: "entered twice" })
  if (answer !== "accepted") return answer
  const { returned, taken } = c.last(["ReversalRequested"]) as Record<"taken" | "returned", ReadonlyArray<any>>
  const parts = (lots: ReadonlyArray<any>) => lots.map((part) => `${part.units} of ${part.investmentId}`).join(", ")
  return `takes ${parts(taken)}; returns ${parts(returned)}`
}

const settle = (c: Case, reversalId: string, kind: Kind, id: string, outcome = "succeeded"): string =>
  c.by(undefined, "SettleReversal", { reversalId, change: { kind, id }, outcome })

const resolve = (c: Case, reversalId: string, kind: Kind, id: string, outcome: string): string =>
  c.by(undefined, "ResolveReversal", { reversalId, change: { kind, id }, outcome, resolution: "observed" })

/** Reverses, and the ledger has done it. */
const reverse = (c: Case, reversalId: string, kind: Kind, id: string, asking?: Asking): string => {
  const answer = request(c, reversalId, kind, id, asking)
  return answer.startsWith("takes") ? (settle(c, reversalId, kind, id), answer) : answer
}

const lots = (c: Case, walletId = "w"): string =>
  Holding.lotsOf(c.holding(walletId))
    .map((lot) => `${lot.remaining}/${lot.units} of ${lot.investmentId}${lot.blocked ? ", blocked" : ""}`)
    .join("; ")

const addressOf = (walletId: string) => `0x${walletId.charCodeAt(0).toString(16).padStart(40, "0")}`

/** Anna (w), bert (b) and carl (x), with a managed wallet each that receives. */
const trading = (): Case => {
  const c = new Case()
  for (const [investorId, walletId] of [
    ["anna", "w"],
    ["bert", "b"],
    ["carl", "x"]
  ] as const) {
    if (investorId !== "anna") c.investor(investorId)
    c.identify(investorId)
    const wallet = { walletId, investorId, address: addressOf(walletId), receivingEnabled: true }
    c.by("p", "RegisterManagedWallet", wallet)
  }
  return c
}

const transfer = (c: Case, transferId: string, units: number, from: string, to: string): string => {
  const answer = c.by("p", "RequestTransfer", {
    transferId,
    recipientInvestmentId: `of-${transferId}`,
    sourceWalletId: from,
    productId: "bond",
    targetAddress: addressOf(to),
    units
  })
  return answer === "accepted" ? c.by(undefined, "SettleTransfer", { transferId, outcome: "succeeded" }) : answer
}

describe("a credit reversed", () => {
  it("takes the whole lot: it is gone, the investment is paid again, and another credit may follow", () => {
    const c = ready()
    c.deliver("a", 10)
    c.deliver("b", 5)
    expect(request(c, "r", "credit", "a")).toBe("takes 10 of a; returns ")
    expect([Holding.free(c.holding()), c.status("a"), c.used()]).toEqual([5, "DELIVERED", 15])
    expect(settle(c, "r", "credit", "a")).toBe("accepted")
    expect([lots(c), c.status("a"), c.used()]).toEqual(["5/5 of b", "PAID", 15])
    expect(c.by("p", "RequestCredit", { investmentId: "a", creditId: "again" })).toBe("accepted")
    expect(c.settleCredit("a", "succeeded", "again")).toBe("accepted")
    expect([lots(c), c.status("a")]).toEqual(["5/5 of b; 10/10 of a", "DELIVERED"])
    expect(reverse(c, "r2", "credit", "a")).toBe("takes 10 of a; returns ")
    expect(lots(c)).toBe("5/5 of b")
  })

  it("delivered again into another wallet: a cancellation then blocks the lot that is there", () => {
    const c = ready({ cancellationDays: 14 })
    c.wallet("v")
    c.deliver("a", 10)
    reverse(c, "r", "credit", "a")
    expect(c.amend("a", { walletId: "v" })).toBe("accepted")
    c.by("p", "RequestCredit", { investmentId: "a", creditId: "again" })
    c.settleCredit("a", "succeeded", "again")
    expect(c.cancel("a")).toBe("accepted")
    expect(c.last(["InvestmentCancelledAfterDelivery"])).toMatchObject({ walletId: "v" })
    expect([lots(c), lots(c, "v")]).toEqual(["", "10/10 of a, blocked"])
  })

  it("of an investment that has ended since: its units go back to the campaign, and the end stays", () => {
    const c = ready({ cancellationDays: 14 })
    c.deliver("a", 10)
    expect(request(c, "r", "credit", "a")).toBe("takes 10 of a; returns ")
    expect(c.cancel("a")).toBe("accepted")
    expect(settle(c, "r", "credit", "a")).toBe("accepted")
    expect(c.last(["RegisterChangeReversed"])).toMatchObject({ campaignId: "c", releases: true })
    expect([lots(c), c.status("a"), c.used()]).toEqual(["", "CANCELLATION", 0])
    expect(c.by("p", "RequestCredit", { investmentId: "a", creditId: "again" })).toBe("investment_ended CANCELLATION")
  })

  it("is refused once any unit of the lot was redeemed, moved or reserved", () => {
    const c = trading()
    for (const id of ["a", "b"]) c.deliver(id, 10)
    c.redeem("1", 4)
    expect(request(c, "r", "credit", "a")).toBe("units_moved_on 6")
    c.settle("1", "succeeded")
    expect(request(c, "r", "credit", "a")).toBe("units_moved_on 6")
    transfer(c, "t", 7, "w", "b")
    expect(request(c, "r", "credit", "b")).toBe("units_moved_on 9")
    expect(request(c, "r", "credit", "of-t")).toBe("change_not_reversible 0")
  })

  it("15 of 20 frozen, then the contract for the older 10 is cancelled: refused until 5 are released", () => {
    const c = ready({ cancellationDays: 14 })
    c.deliver("a", 10)
    c.deliver("b", 10)
    const units = (operation: "FreezeUnits" | "UnfreezeUnits", count: number) =>
      c.by(undefined, operation, { walletId: "w", productId: "bond", units: count, basis: "court" }, {})
    units("FreezeUnits", 15)
    c.cancel("a")
    expect(request(c, "r", "credit", "a")).toBe("units_frozen")
    units("UnfreezeUnits", 4)
    expect(request(c, "r", "credit", "a")).toBe("units_frozen")
    units("UnfreezeUnits", 1)
    expect(request(c, "r", "credit", "a")).toBe("takes 10 of a; returns ")
    expect(units("FreezeUnits", 1)).toBe("insufficient_units 0")
  })

  it("is not stopped by a pause or a frozen wallet", () => {
    const c = ready()
    c.deliver("a", 10)
    c.by(undefined, "FreezeWallet", { walletId: "w", basis: "court" }, {})
    c.by(undefined, "PauseProduct", { productId: "bond", basis: "administrative_act" })
    expect(reverse(c, "r", "credit", "a")).toBe("takes 10 of a; returns ")
  })
})

describe("a redemption reversed", () => {
  it("gives back all its lots with their old rank, blocked ones included", () => {
    const c = ready({ cancellationDays: 14 })
    for (const [id, units] of [
      ["a", 10],
      ["b", 5]
    ] as const)
      c.deliver(id, units)
    c.redeem("1", 12)
    expect(request(c, "r", "redemption", "1")).toBe("change_not_reversible 0")
    c.settle("1", "succeeded")
    c.cancel("b")
    expect(request(c, "r", "redemption", "1", { units: 11 })).toBe("change_not_reversible 12")
    expect(request(c, "r", "redemption", "1")).toBe("takes ; returns 10 of a, 2 of b")
    expect([lots(c), Holding.free(c.holding())]).toEqual(["0/10 of a; 3/5 of b, blocked", 0])
    expect(settle(c, "r", "redemption", "1")).toBe("accepted")
    expect([lots(c), Holding.free(c.holding())]).toEqual(["10/10 of a; 5/5 of b, blocked", 10])
    expect(request(c, "r2", "redemption", "1")).toBe("change_not_reversible 0")
    expect(c.redeem("2", 11)).toBe("insufficient_units 10")
    expect(c.redeem("3", 10)).toBe("10 of a")
  })

  it("gives nothing back to an erased investor, and none is erased while units are on their way", () => {
    const erased = () => {
      const c = ready()
      c.deliver("a", 10)
      c.redeem("1", 10)
      c.settle("1", "succeeded")
      c.now = later(366 * 11)
      return c
    }
    const erase = (c: Case) => c.by(undefined, "EraseInvestor", { investorId: "anna", ground: "retention_over" })
    const gone = erased()
    expect(erase(gone)).toBe("accepted")
    expect(request(gone, "r", "redemption", "1")).toBe("investor_erased")
    const back = erased()
    expect(request(back, "r", "redemption", "1")).toBe("takes ; returns 10 of a")
    expect(erase(back)).toBe("investor_has_tasks_in_flight")
    expect(settle(back, "r", "redemption", "1", "failed")).toBe("accepted")
    expect(back.register.state(Wallet.unitsIn("w" as never))).toMatchObject({ held: 0, arriving: 0 })
    expect(request(back, "r2", "redemption", "1")).toBe("takes ; returns 10 of a")
    expect(settle(back, "r2", "redemption", "1")).toBe("accepted")
    expect(erase(back)).toBe("investor_holds_units")
  })

  it("of a credit that is open again: the investor is not erased", () => {
    const c = ready()
    c.deliver("a", 10)
    reverse(c, "r", "credit", "a")
    c.now = later(366 * 11)
    const erase = () => c.by(undefined, "EraseInvestor", { investorId: "anna", ground: "retention_over" })
    expect(erase()).toBe("investor_has_open_investments")
  })
})

describe("a transfer reversed", () => {
  it("A sells 10 to B (6 and 4), B sells 7 to C: what B has left goes back, last consumed first, the rest afterwards", () => {
    const c = trading()
    c.deliver("a", 6)
    c.deliver("b", 4)
    expect(transfer(c, "first", 10, "w", "b")).toBe("accepted")
    expect(transfer(c, "second", 7, "b", "x")).toBe("accepted")
    expect(request(c, "r1", "transfer", "first")).toBe("units_moved_on 3")
    expect(reverse(c, "r1", "transfer", "first", { units: 3 })).toBe("takes 3 of of-first; returns 3 of b")
    expect(request(c, "r2", "transfer", "first", { units: 8 })).toBe("change_not_reversible 7")
    expect(request(c, "r2", "transfer", "first")).toBe("units_moved_on 0")
    expect(reverse(c, "r3", "transfer", "second")).toBe("takes 7 of of-second; returns 7 of of-first")
    expect(reverse(c, "r4", "transfer", "first")).toBe("takes 7 of of-first; returns 6 of a, 1 of b")
    expect([lots(c), lots(c, "b"), lots(c, "x")]).toEqual([
      "6/6 of a; 4/4 of b",
      "0/10 of of-first",
      "0/7 of of-second"
    ])
    expect(request(c, "r5", "transfer", "first")).toBe("change_not_reversible 0")
    // The wrong entries stay.
    expect(c.status("of-first")).toBe("DELIVERED")
    expect(c.register.log.filter(({ type }) => type === "UnitsTransferred")).toHaveLength(2)
  })

  it("one at a time; what it has reserved moves nowhere else, and a failure gives it free", () => {
    const c = trading()
    c.deliver("a", 10)
    transfer(c, "t", 10, "w", "b")
    expect(request(c, "r1", "transfer", "t", { units: 4 })).toBe("takes 4 of of-t; returns 4 of a")
    expect(request(c, "r2", "transfer", "t", { units: 1 })).toBe("reversal_in_flight")
    expect(transfer(c, "t2", 7, "b", "x")).toBe("insufficient_units 6")
    expect(settle(c, "r1", "transfer", "t", "unknown")).toBe("accepted")
    expect(request(c, "r2", "transfer", "t", { units: 1 })).toBe("reversal_in_flight")
    expect(settle(c, "r1", "transfer", "t")).toBe("awaiting_resolution")
    expect(resolve(c, "r1", "transfer", "t", "failed")).toBe("accepted")
    expect(settle(c, "r1", "transfer", "t")).toBe("outcome_contradicts")
    expect(resolve(c, "r1", "transfer", "t", "failed")).toBe("nothing_to_resolve")
    expect(transfer(c, "t2", 10, "b", "x")).toBe("accepted")
  })

  it("units that are no number of units, and changes that there are not", () => {
    const c = trading()
    c.deliver("a", 10)
    transfer(c, "t", 10, "w", "b")
    expect(request(c, "r", "transfer", "t", { units: 0 })).toBe("units_invalid")
    expect(request(c, "r", "transfer", "t", { units: 1.5 })).toBe("units_invalid")
    expect(request(c, "r", "transfer", "none")).toBe("task_not_found")
    expect(request(c, "r", "redemption", "t")).toBe("task_not_found")
    expect(request(c, "r", "credit", "none")).toBe("investment_not_found")
    expect(request(c, "r", "credit", "a", { platform: "q" })).toBe("investment_not_found")
    expect(request(c, "r", "transfer", "t", { platform: "q" })).toBe("task_not_found")
    for (const kind of ["credit", "redemption", "transfer"] as const)
      expect(settle(c, "none", kind, kind === "credit" ? "a" : "t")).toBe("task_not_found")
    expect(request(c, "r", "transfer", "t")).toBe("takes 10 of of-t; returns 10 of a")
    // It is known by its change: of another there is no such reversal.
    expect(settle(c, "r", "credit", "a")).toBe("task_not_found")
  })
})

describe("the task of a reversal", () => {
  it("promise 11: is claimed once, and its outcome repeats what was requested", () => {
    const change = { kind: "redemption", id: "1" } as const
    const input = { reversalId: "r", change }
    const redemption = { redemptionId: "1", investorId: "anna", productId: "bond", walletId: "w", units: 2 } as const
    const lots = [{ investmentId: "a", units: 2 }]
    const data = {
      ...input,
      productId: "bond",
      units: 2,
      toInvestorId: "anna",
      toWalletId: "w",
      taken: [],
      returned: lots,
      basis: "court"
    } as const
    given(
      { type: "RedemptionRequested", data: { ...redemption, lots } },
      { type: "UnitsRedeemed", data: { ...redemption, lots } }
    )
      .when({ operation: "ReverseChange", input: { ...input, basis: "court" } })
      .then({ type: "ReversalRequested", data })
      .when({ operation: "SubmitReversal", input })
      .then({ type: "ReversalSubmitted", data: input })
      .when({ operation: "SubmitReversal", input })
      .then()
      .when({ operation: "SettleReversal", input: { ...input, outcome: "succeeded" } })
      .then({ type: "RegisterChangeReversed", data })
      .when({ operation: "SettleReversal", input: { ...input, outcome: "succeeded" } })
      .then()
  })

  it("keeps what a person wrote with the investor whose units it takes, or who gets some back", () => {
    const c = ready()
    c.deliver("a", 10)
    request(c, "r", "credit", "a")
    const requested = c.register.log.findLast(({ type }) => type === "ReversalRequested")!
    expect(requested.tags).toContain("investor:anna")
    expect(JSON.stringify(requested.data)).not.toContain("entered twice")
    expect(c.register.state(Reversal.ofInvestment("a" as never)).tasks).toHaveLength(1)
    expect(c.register.state(Investment.model("a" as never))).toMatchObject({ delivered: true })
  })
})
