/**
 * An investor's objects belong to the investor's platform, whichever client made them. For the promise that platforms are strangers.
 */
import { describe, it } from "vitest"
import { type Asked, given, type Happened } from "../src/testing/index.ts"

const at = "2026-01-01T09:00:00Z"
const investor = (investorId: string, platform: string): Happened => {
  const none = { custodianBank: false, ownAccount: true, hasTaxInformation: false, documentIds: [], openReasons: [] }
  const data = { investorId, kind: "natural", kycStatus: "SUCCESS", ...none } as const
  return { type: "InvestorRegistered", platform, data }
}
/** By the registrar, as everything that bears no platform here. */
const wallet = { walletId: "made", investorId: "anna", address: `0x${"a".repeat(40)}`, receivingEnabled: false }
const made: Happened = { type: "WalletRegistered", data: { ...wallet, kind: "generic" } }
const paid = (investmentId: string, investorId: string): ReadonlyArray<Happened> => {
  const terms = { campaignId: "c", productId: "bond", units: 5, signedAt: at, documentIds: [] } as const
  const gates = { kyc: "cleared", reviewRequired: false } as const
  return [
    { type: "InvestmentSigned", data: { investmentId, investorId, ...terms, ...gates } },
    { type: "InvestmentAccepted", data: { investmentId, acceptedAt: at } },
    { type: "InvestmentPaid", data: { investmentId, paidAt: at } }
  ]
}
const register = given(
  investor("anna", "p"),
  investor("quentin", "q"),
  made,
  ...paid("1", "anna"),
  ...paid("2", "quentin")
)

const by = (platform: string | undefined, asked: Asked): Asked =>
  platform === undefined ? asked : { ...asked, platform }
const assign = (investmentId: string, walletId: string): Asked => ({
  operation: "AmendInvestment",
  input: { investmentId, walletId }
})
const assigned: Happened = { type: "WalletAssigned", data: { investmentId: "1", walletId: "made" } }

describe("promise 10: what the registrar made for an investor is the investor's platform's", () => {
  it("a wallet: its own platform uses it, to another one it is none", () => {
    register.when(by("p", assign("1", "made"))).then(assigned)
    register.when(by("q", assign("2", "made"))).then({ code: "wallet_not_found" })
    register.when(by("q", assign("2", "none"))).then({ code: "wallet_not_found" })
    // The registrar sees both, and is told what is wrong.
    register.when(assign("2", "made")).then({ code: "wallet_of_other_investor" })
  })

  it("a wallet that the investment has already: naming it again is no change", () => {
    const has = register.when(by("p", assign("1", "made"))).then(assigned)
    has.when(by("p", assign("1", "made"))).then()
  })

  it("an investment and a redemption: seen by their platform, not found by another", () => {
    const credit = { creditId: "k", investmentId: "1" }
    const request: Asked = { operation: "RequestCredit", input: credit }
    const submit: Asked = { operation: "SubmitCredit", input: credit }
    const units = { investorId: "anna", productId: "bond", walletId: "made", units: 5 }
    const has = register.when(assign("1", "made")).then(assigned)
    has.when(by("q", request)).then({ code: "investment_not_found" })
    const asked = has.when(by("p", request)).then({ type: "CreditRequested", data: { ...credit, ...units } })
    asked.when(by("q", submit)).then({ code: "task_not_found" })
    asked.when(by("p", submit)).then({ type: "CreditSubmitted", data: credit })

    const redeem: Asked = { operation: "SubmitRedemption", input: { redemptionId: "r" } }
    const lots = [{ investmentId: "1", units: 5 }]
    const requested = given(investor("anna", "p"), made, {
      type: "RedemptionRequested",
      data: { redemptionId: "r", ...units, lots }
    })
    requested.when(by("q", redeem)).then({ code: "task_not_found" })
    requested.when(by("p", redeem)).then({ type: "RedemptionSubmitted", data: { redemptionId: "r" } })
  })
})
