/**
 * The worked cases of transfers: given what happened, an instruction is recorded or refused, and units are where they belong. For the tests
 * by example.
 */
import { describe, expect, it } from "vitest"
import { Holding, Investment, type Id, Transfer, Wallet } from "../src/index.ts"
import { given } from "../src/testing/index.ts"
import { Case, later } from "./Case.ts"

const addressOf = (walletId: string) => `0x${walletId.charCodeAt(0).toString(16).padStart(40, "0")}`

/** Investors with a managed wallet each: anna (w) and bert (b) on platform `p`, quentin (q) on platform `q`. All but anna receive. */
const trading = (product: object = {}, policy?: ConstructorParameters<typeof Case>[2]): Case => {
  const c = new Case(product, {}, policy)
  c.by(undefined, "ListProduct", { productId: "bond", platformId: "q" })
  c.investor("bert")
  c.investor("quentin", {}, "q")
  for (const [investorId, walletId, platform] of [
    ["anna", "w", "p"],
    ["bert", "b", "p"],
    ["quentin", "q", "q"]
  ] as const) {
    c.by(
      platform,
      "RecordIdentification",
      { identificationId: "id", investorId, protocolDocumentId: `${investorId}-proof`, verifiedAt: c.now },
      undefined
    )
    const receivingEnabled = investorId !== "anna"
    c.by(platform, "RegisterManagedWallet", { walletId, investorId, address: addressOf(walletId), receivingEnabled })
  }
  return c
}

interface Move {
  readonly from?: string
  readonly to?: string
  readonly platform?: string | undefined
  readonly productId?: string
}

/** The lots that the request took, or its refusal. The recipient's investment is called `of <transfer>`. */
const request = (c: Case, transferId: string, units: number, move: Move = {}): string => {
  const { from = "w", productId = "bond", to = addressOf("b") } = move
  const platform = "platform" in move ? move.platform : from === "q" ? "q" : "p"
  const answer = c.by(platform, "RequestTransfer", {
    transferId,
    recipientInvestmentId: `of-${transferId}`,
    sourceWalletId: from,
    productId,
    targetAddress: to,
    units
  })
  if (answer !== "accepted") return answer
  const data = c.register.log.at(-1)?.data
  return data === undefined || !("lots" in data)
    ? "no lots"
    : data.lots.map((part) => `${part.units} of ${part.investmentId}`).join(", ")
}

const settle = (c: Case, transferId: string, outcome = "succeeded") =>
  c.by(undefined, "SettleTransfer", { transferId, outcome })

const transfer = (c: Case, transferId: string, units: number, move: Move = {}): string => {
  const lots = request(c, transferId, units, move)
  settle(c, transferId)
  return lots
}

/** `investment remaining/reserved`, in rank order. */
const lots = (c: Case, walletId: string) =>
  Holding.lotsOf(c.holding(walletId)).map(
    ({ investmentId, remaining, reserved }) => `${investmentId} ${remaining}/${reserved}`
  )

const receiving = (c: Case, walletId: string, receivingEnabled: boolean, by: "p" | "registrar" = "p") =>
  c.by(by === "registrar" ? undefined : by, "SetReceiving", { walletId, receivingEnabled })

describe("transfers", () => {
  it("lots 10, 5, 8: redeem 12, transfer 6, redeem 6, redeem 5; the first fails", () => {
    const c = trading()
    for (const [id, units] of [
      ["a", 10],
      ["b", 5],
      ["c", 8]
    ] as const)
      c.deliver(id, units)
    expect(c.redeem("1", 12)).toBe("10 of a, 2 of b")
    expect(request(c, "2", 6)).toBe("3 of b, 3 of c")
    expect(c.redeem("3", 6)).toBe("insufficient_units 5")
    expect(request(c, "3", 6)).toBe("insufficient_units 5")
    expect(c.redeem("4", 5)).toBe("5 of c")
    expect(c.settle("1", "failed")).toBe("accepted")
    expect(Holding.free(c.holding())).toBe(12)
    expect(lots(c, "w")).toEqual(["a 10/0", "b 5/3", "c 8/8"])
    expect(lots(c, "b")).toEqual([])
    expect(settle(c, "2")).toBe("accepted")
    expect(lots(c, "w")).toEqual(["a 10/0", "b 2/0", "c 5/5"])
    expect(lots(c, "b")).toEqual(["of-2 6/0"])
  })

  it("a frozen wallet sends nothing, what is in flight settles, and units arrive; frozen units stay", () => {
    const c = trading()
    c.deliver("a", 10)
    const freeze = { walletId: "w", basis: "court" }
    const units = { ...freeze, productId: "bond", units: 5 }
    expect(request(c, "1", 3)).toBe("3 of a")
    expect(c.by(undefined, "FreezeUnits", units)).toBe("accepted")
    expect(request(c, "2", 3)).toBe("insufficient_units 2")
    expect(c.by(undefined, "FreezeWallet", freeze)).toBe("accepted")
    expect(request(c, "3", 1)).toBe("wallet_frozen")
    expect(c.by(undefined, "FreezeWallet", { ...freeze, walletId: "b" })).toBe("accepted")
    expect(settle(c, "1")).toBe("accepted")
    expect([lots(c, "w"), lots(c, "b")]).toEqual([["a 7/0"], ["of-1 3/0"]])
    expect(c.by(undefined, "UnfreezeWallet", freeze)).toBe("accepted")
    expect(transfer(c, "4", 2)).toBe("2 of a")
    expect(lots(c, "b")).toEqual(["of-1 3/0", "of-4 2/0"])
  })

  it("A sells 10 (6 and 4) to B, B sells 7 to C: each has one lot, ranked by its own delivery", () => {
    const c = trading()
    c.deliver("first", 6)
    c.deliver("second", 9)
    expect(transfer(c, "1", 10)).toBe("6 of first, 4 of second")
    expect(transfer(c, "2", 7, { from: "b", to: addressOf("q") })).toBe("7 of of-1")
    expect([lots(c, "w"), lots(c, "b"), lots(c, "q")]).toEqual([
      ["first 0/0", "second 5/0"],
      ["of-1 3/0"],
      ["of-2 7/0"]
    ])
    expect(["of-1", "of-2"].map((id) => c.status(id))).toEqual(["DELIVERED", "DELIVERED"])
    expect(c.register.state(Investment.model("of-2" as Id.InvestmentId))).toMatchObject({
      _tag: "Transferred",
      platform: "q",
      investorId: "quentin",
      walletId: "q",
      units: 7
    })
    // What was sold stays used: it was subscribed.
    expect(c.used()).toBe(15)
  })

  it("to the same wallet: refused; to another wallet of the same investor: a new investment, a new rank", () => {
    const c = trading()
    c.by("p", "RegisterGenericWallet", {
      walletId: "v",
      investorId: "anna",
      address: addressOf("v"),
      receivingEnabled: true
    })
    c.deliver("old", 5)
    receiving(c, "w", true)
    expect(request(c, "1", 2, { to: addressOf("w") })).toBe("same_wallet")
    expect(transfer(c, "1", 2, { to: addressOf("v") })).toBe("2 of old")
    expect([lots(c, "w"), lots(c, "v")]).toEqual([["old 3/0"], ["of-1 2/0"]])
    // A generic wallet receives, and does not send: its key is elsewhere.
    expect(request(c, "2", 1, { from: "v", to: addressOf("b") })).toBe("wallet_not_managed")
    expect(c.redeem("r", 1, "v")).toBe("1 of of-1")
  })

  it("receiving is switched off, or the product delisted or paused, while it is in flight: it settles", () => {
    const c = trading()
    c.deliver("x", 5)
    expect(request(c, "1", 2)).toBe("2 of x")
    expect(receiving(c, "b", false)).toBe("accepted")
    c.by(undefined, "DelistProduct", { productId: "bond", platformId: "p" })
    c.by(undefined, "PauseProduct", { productId: "bond", basis: "court" })
    expect(settle(c, "1")).toBe("accepted")
    expect(lots(c, "b")).toEqual(["of-1 2/0"])
    expect(request(c, "2", 2)).toBe("product_paused")
    c.by(undefined, "ResumeProduct", { productId: "bond", basis: "court" })
    expect(request(c, "2", 2)).toBe("target_cannot_receive")
  })

  it("a delisted product: no units come to that platform, those that are there may leave", () => {
    const c = trading()
    c.deliver("x", 5)
    c.by(undefined, "DelistProduct", { productId: "bond", platformId: "p" })
    expect(request(c, "1", 1)).toBe("target_cannot_receive")
    expect(transfer(c, "2", 1, { to: addressOf("q") })).toBe("1 of x")
  })

  it("a step of 5 binds subscriptions only: moving 2 is fine", () => {
    const c = trading({ stepSize: 5 })
    c.deliver("x", 10)
    expect(transfer(c, "1", 2)).toBe("2 of x")
  })

  it("volume 2^53 − 1: all of it moves and is redeemed, exactly", () => {
    const all = Number.MAX_SAFE_INTEGER
    const c = trading({ issueVolume: all })
    c.campaign("c2", { allocation: all - 1000 })
    c.sign("x", all - 1000, { campaignId: "c2", acceptedAt: c.now, paidAt: c.now, walletId: "w" })
    c.by("p", "RequestCredit", { investmentId: "x", creditId: "k" })
    c.settleCredit("x", "succeeded", "k")
    c.deliver("y", 1000)
    expect(transfer(c, "1", all)).toBe(`${all - 1000} of x, 1000 of y`)
    expect(c.register.state(Wallet.unitsIn("w" as Id.WalletId)).held).toBe(0)
    expect(c.register.state(Wallet.unitsIn("b" as Id.WalletId)).held).toBe(all)
    expect(transfer(c, "2", all, { from: "b", to: addressOf("q") })).toBe(`${all} of of-1`)
  })

  it.each(["succeeded", "failed"] as const)("unknown, then a person finds that it %s", (outcome) => {
    const c = trading()
    c.deliver("x", 5)
    request(c, "1", 3)
    const verdict = { transferId: "1", outcome, resolution: "observed" }
    expect(c.by(undefined, "ResolveTransfer", verdict)).toBe("nothing_to_resolve")
    expect(settle(c, "1", "unknown")).toBe("accepted")
    expect(request(c, "2", 3)).toBe("insufficient_units 2")
    expect([settle(c, "1", "succeeded"), settle(c, "1", "unknown")]).toEqual(["awaiting_resolution", "no change"])
    expect(c.by(undefined, "ResolveTransfer", verdict)).toBe("accepted")
    expect(c.last(["UnitsTransferred", "TransferFailed"])).toMatchObject({ transferId: "1", resolution: "observed" })
    expect([lots(c, "w"), lots(c, "b")]).toEqual(outcome === "succeeded" ? [["x 2/0"], ["of-1 3/0"]] : [["x 5/0"], []])
    expect(settle(c, "1", outcome)).toBe("no change")
    expect(settle(c, "1", outcome === "failed" ? "succeeded" : "failed")).toBe("outcome_contradicts")
  })

  it("its lot is cancelled while it is in flight: it ends as it ends, and what is left stays blocked", () => {
    const c = trading({ cancellationDays: 14 })
    c.deliver("x", 5)
    request(c, "1", 2)
    expect(c.cancel("x")).toBe("accepted")
    expect(request(c, "2", 1)).toBe("insufficient_units 0")
    expect(settle(c, "1")).toBe("accepted")
    expect(Holding.lotsOf(c.holding("w"))).toMatchObject([{ remaining: 3, blocked: true }])
    expect(Holding.lotsOf(c.holding("b"))).toMatchObject([{ remaining: 2, blocked: false }])
  })

  it("what it brought is delivered: nothing can be added, credited or cancelled", () => {
    const c = trading({ cancellationDays: 14, paymentDays: 1 })
    c.deliver("x", 5)
    transfer(c, "1", 5)
    const investmentId = "of-1"
    expect(c.cancel(investmentId)).toBe("not_cancellable")
    expect(c.by(undefined, "CancelInvestment", { investmentId, late: true })).toBe("not_cancellable")
    expect(c.amend(investmentId, { acceptedAt: c.now })).toBe("already_delivered")
    expect(c.amend(investmentId, { paidAt: "now" })).toBe("already_delivered")
    expect(c.amend(investmentId, { walletId: "w" })).toBe("already_delivered")
    expect(c.amend(investmentId, { walletId: "b" })).toBe("no change")
    expect(c.by(undefined, "RejectInvestment", { investmentId })).toBe("already_delivered")
    expect(c.by(undefined, "DecideReview", { investmentId, passed: true })).toBe("outside_review_not_open")
    expect(c.by("p", "AddSignedDocuments", { investmentId, documentIds: ["bert-proof"] })).toBe("accepted")
    expect(c.by("p", "RequestCredit", { investmentId, creditId: "k" })).toBe("already_delivered")
    c.now = later(30)
    expect(c.by(undefined, "EnforcePaymentDeadline", { investmentId })).toBe("deadline_not_reached DELIVERED")
  })

  it("promise 10: the sender's platform has the task, the recipient's has the investment, and neither has the other's", () => {
    const c = trading()
    c.deliver("x", 5)
    request(c, "1", 2, { to: addressOf("q") })
    expect(c.by("q", "SubmitTransfer", { transferId: "1" })).toBe("task_not_found")
    expect(c.by("p", "SubmitTransfer", { transferId: "1" })).toBe("accepted")
    expect(c.by("p", "SubmitTransfer", { transferId: "1" })).toBe("no change")
    settle(c, "1")
    expect(c.by("p", "AmendInvestment", { investmentId: "of-1", walletId: "q" })).toBe("investment_not_found")
    expect(c.by("q", "AmendInvestment", { investmentId: "of-1", walletId: "q" })).toBe("no change")
    expect(JSON.stringify(c.register.state(Transfer.model("1" as Id.TransferId)))).toContain("quentin")
    const { requested: _requested, ...shown } = c.register.state(Transfer.model("1" as Id.TransferId)) as never as {
      readonly requested: unknown
    }
    expect(JSON.stringify(shown)).not.toContain("quentin")
  })

  it("refuses in order: wallet, product, units, kind of wallet, lock-up, same wallet, target, amount", () => {
    const lockedUntil = later(10)
    const c = trading({ lockedUntil })
    c.wallet("g", "bert")
    c.by(undefined, "RegisterProduct", {
      productId: "elsewhere",
      issuerId: "i",
      name: "Elsewhere",
      productType: "BOND",
      kind: "digital",
      issueVolume: 10,
      stepSize: 1
    })
    const nothing = { from: "none", productId: "none", to: addressOf("w") }
    expect(request(c, "1", 0, nothing)).toBe("wallet_not_found")
    expect(request(c, "1", 0, { ...nothing, from: "w", platform: "q" })).toBe("wallet_not_found")
    expect(request(c, "1", 0, { ...nothing, from: "g" })).toBe("product_not_found")
    expect(request(c, "1", 0, { ...nothing, from: "g", productId: "elsewhere" })).toBe("product_not_found")
    expect(request(c, "1", 0, { from: "g", to: addressOf("g") })).toBe("units_invalid")
    expect(request(c, "1", 1, { from: "g", to: addressOf("g") })).toBe("wallet_not_managed")
    expect(request(c, "1", 1, { to: addressOf("w") })).toBe("locked_up")
    c.now = lockedUntil
    expect(request(c, "1", 1, { to: addressOf("w") })).toBe("same_wallet")
    expect(request(c, "1", 1, { to: addressOf("x") })).toBe("target_cannot_receive")
    expect(request(c, "1", 1, { to: addressOf("g") })).toBe("target_cannot_receive")
    expect(request(c, "1", 1)).toBe("insufficient_units 0")
  })

  it("a task names at most 256 lots", () => {
    const c = trading()
    for (let i = 0; i <= 256; i++) c.deliver(`lot${i}`, 1)
    expect(request(c, "all", 257)).toBe("too_many_lots")
    expect(request(c, "most", 256).split(", ").length).toBe(256)
    expect(JSON.stringify(c.register.log.at(-1)).length).toBeLessThan(65_535)
  })
})

describe("whether a wallet receives", () => {
  it("is set, and set again without a change; another platform's wallet is none", () => {
    const c = trading()
    expect(receiving(c, "w", true)).toBe("accepted")
    expect(receiving(c, "w", true)).toBe("no change")
    expect(receiving(c, "w", false)).toBe("accepted")
    expect(receiving(c, "q", false)).toBe("wallet_not_found")
    expect(receiving(c, "none", false)).toBe("wallet_not_found")
    expect(receiving(c, "q", false, "registrar")).toBe("accepted")
    c.deliver("x", 1)
    expect(request(c, "1", 1, { to: addressOf("q") })).toBe("target_cannot_receive")
  })
})

describe("forgetting a holder", () => {
  const atOnce = { retention: { seconds: 0 } }
  const erase = (c: Case, investorId: string) =>
    c.by(undefined, "EraseInvestor", { investorId, ground: "retention_over" })

  it("that expects a transfer: refused, until it has failed; that has sold everything: allowed, and the entries stay", () => {
    const c = trading({}, atOnce)
    c.deliver("x", 5)
    request(c, "1", 5)
    expect([erase(c, "anna"), erase(c, "bert")]).toEqual(["investor_holds_units", "investor_has_tasks_in_flight"])
    settle(c, "1", "unknown")
    expect(erase(c, "bert")).toBe("investor_has_tasks_in_flight")
    c.by(undefined, "ResolveTransfer", { transferId: "1", outcome: "failed", resolution: "observed" })
    request(c, "2", 5, { to: addressOf("q") })
    expect(erase(c, "bert")).toBe("accepted")
    expect([request(c, "3", 1), receiving(c, "b", true)]).toEqual(["target_cannot_receive", "investor_erased"])
    settle(c, "2")
    expect(erase(c, "anna")).toBe("accepted")
    expect(request(c, "4", 1)).toBe("investor_erased")
    expect([lots(c, "w"), lots(c, "q")]).toEqual([["x 0/0"], ["of-2 5/0"]])
  })

  it("counts from the day the units came or went, not from the day they were asked for", () => {
    const c = trading()
    c.deliver("x", 5)
    request(c, "1", 5)
    c.now = "2028-05-05T12:00:00Z"
    request(c, "2", 1)
    settle(c, "1")
    expect(erase(c, "anna")).toBe("retention_running 2034-01-01T00:00:00+01:00")
    c.now = "2029-05-05T12:00:00Z"
    request(c, "3", 2, { from: "b", to: addressOf("q") })
    settle(c, "3", "failed")
    transfer(c, "4", 5, { from: "b", to: addressOf("q") })
    expect(erase(c, "bert")).toBe("retention_running 2035-01-01T00:00:00+01:00")
  })
})

describe("identification refused while units are on their way", () => {
  const requested = {
    transferId: "t",
    productId: "bond",
    sourceInvestorId: "anna",
    sourceWalletId: "w",
    targetAddress: addressOf("b"),
    targetWalletId: "b",
    recipientInvestorId: "bert",
    recipientPlatform: "p",
    recipientInvestmentId: "j",
    units: 2,
    lots: [{ investmentId: "x", units: 2 }]
  }
  const person = (investorId: string, kycStatus: "SUCCESS" | "INSUFFICIENT") =>
    ({
      type: "InvestorRegistered",
      platform: "p",
      data: {
        investorId,
        kind: "natural",
        custodianBank: false,
        ownAccount: true,
        hasTaxInformation: false,
        documentIds: [],
        kycStatus,
        openReasons: []
      }
    }) as const
  const wallet = (walletId: string, investorId: string, receivingEnabled: boolean) =>
    ({
      type: "WalletRegistered",
      platform: "p",
      data: { walletId, investorId, kind: "managed", address: addressOf(walletId), receivingEnabled }
    }) as const
  const credit = { creditId: "k", investmentId: "x", investorId: "anna", productId: "bond", walletId: "w", units: 5 }

  const world = given(
    {
      type: "ProductRegistered",
      data: {
        productId: "bond",
        issuerId: "i",
        name: "Bond",
        productType: "BOND",
        kind: "ewpg",
        issueVolume: 10,
        stepSize: 1
      }
    },
    { type: "ProductListed", data: { productId: "bond", platformId: "p" } },
    person("anna", "SUCCESS"),
    person("bert", "INSUFFICIENT"),
    wallet("w", "anna", false),
    wallet("b", "bert", true),
    { type: "UnitsCredited", data: credit },
    { type: "TransferRequested", platform: "p", data: requested }
  )

  it("that are settled: they were instructed before. A crypto security moves as any other", () => {
    world
      .when({ operation: "SettleTransfer", input: { transferId: "t", outcome: "succeeded" } })
      .then({ type: "UnitsTransferred", data: requested })
  })

  it("the next one is refused", () => {
    const { recipientInvestmentId, productId, sourceWalletId, targetAddress } = requested
    const input = { transferId: "u", recipientInvestmentId, productId, sourceWalletId, targetAddress, units: 1 }
    world.when({ operation: "RequestTransfer", platform: "p", input }).then({ code: "target_cannot_receive" })
  })
})
