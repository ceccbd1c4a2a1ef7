/**
 * An investor's objects belong to the investor's platform, whichever client made them. For the promise that platforms are strangers.
 */
import { describe, expect, it } from "vitest"
import { Case, ready } from "./Case.ts"

/** Besides anna on platform `p`, an identified investor on platform `q`. */
const withStranger = (): Case => {
  const c = ready()
  c.by(undefined, "ListProduct", { productId: "bond", platformId: "q" })
  c.by(undefined, "CloseCampaign", { campaignId: "c" })
  c.campaign("ours", { allocation: 500 })
  c.campaign("theirs", { platformId: "q", allocation: 500 })
  c.investor("quentin", {}, "q")
  return c
}

const walletOf = (walletId: string, investorId: string) => ({
  walletId,
  investorId,
  address: `0x${walletId.length.toString(16).padStart(40, "0")}`,
  receivingEnabled: false
})

const signing = (c: Case, investmentId: string, investorId: string, campaignId: string, walletId: string) => ({
  investmentId,
  investorId,
  campaignId,
  units: 5,
  signedAt: c.now,
  acceptedAt: c.now,
  paidAt: c.now,
  documentIds: [],
  walletId
})

describe("promise 10: what the registrar made for an investor is the investor's platform's", () => {
  it("a wallet: its own platform uses it, to another one it is none", () => {
    const c = withStranger()
    expect(c.by(undefined, "RegisterGenericWallet", walletOf("made", "anna"))).toBe("accepted")
    expect(c.by("p", "SignInvestment", signing(c, "1", "anna", "ours", "made"))).toBe("accepted")
    expect(c.by("q", "SignInvestment", signing(c, "2", "quentin", "theirs", "made"))).toBe("wallet_not_found")
    expect(c.by("q", "SignInvestment", signing(c, "2", "quentin", "theirs", "none"))).toBe("wallet_not_found")
    // The registrar sees both, and is told what is wrong.
    expect(c.by(undefined, "SignInvestment", signing(c, "2", "quentin", "theirs", "made"))).toBe(
      "wallet_of_other_investor"
    )
  })

  it("a wallet that the investment has already: naming it again is no change", () => {
    const c = withStranger()
    c.by(undefined, "RegisterGenericWallet", walletOf("made", "anna"))
    c.by("p", "SignInvestment", signing(c, "1", "anna", "ours", "w"))
    expect(c.amend("1", { walletId: "made" })).toBe("accepted")
    expect(c.amend("1", { walletId: "made" })).toBe("no change")
    expect(c.amend("1", { walletId: "w" })).toBe("accepted")
  })

  it("an investment and a redemption: seen by their platform, not found by another", () => {
    const c = withStranger()
    expect(c.by(undefined, "SignInvestment", signing(c, "1", "anna", "ours", "w"))).toBe("accepted")
    expect(c.by("q", "RequestCredit", { creditId: "k", investmentId: "1" })).toBe("investment_not_found")
    expect(c.by("p", "RequestCredit", { creditId: "k", investmentId: "1" })).toBe("accepted")
    expect(c.by("q", "SubmitCredit", { creditId: "k", investmentId: "1" })).toBe("task_not_found")
    expect(c.by("p", "SubmitCredit", { creditId: "k", investmentId: "1" })).toBe("accepted")
    c.settleCredit("1", "succeeded", "k")
    const redemption = { redemptionId: "r", investorId: "anna", productId: "bond", walletId: "w", units: 2 }
    expect(c.by(undefined, "RequestRedemption", redemption)).toBe("accepted")
    expect(c.by("q", "SubmitRedemption", { redemptionId: "r" })).toBe("task_not_found")
    expect(c.by("p", "SubmitRedemption", { redemptionId: "r" })).toBe("accepted")
  })
})
