/**
 * A register with a product, a campaign and an investor, in the words of the worked cases. For the tests by example.
 */
import { Result } from "effect"
import {
  Campaign,
  type Commands,
  type Events,
  Holding,
  Investment,
  InvestmentStatus,
  Investor,
  type Policy,
  Timestamp
} from "../src/index.ts"
import { identityDocument, MemoryRegister, somebody } from "@effekten/simulation/domain"

export const noon = Timestamp.instantOf("2026-03-01T12:00:00Z")
export const later = (days: number) =>
  Timestamp.instantOfMicros(noon.micros + Math.round(days * Timestamp.microsPerDay)).text

/** A register with a product, a campaign and an investor on platform `p`, in words that read like the cases. */
export class Case {
  readonly register: MemoryRegister
  now = noon.text as string

  constructor(product: object = {}, campaign: object = {}, policy?: Policy.Change) {
    this.register = new MemoryRegister()
    if (policy !== undefined) this.register.seed(policy)
    this.by(undefined, "RegisterPlatform", { platformId: "p", name: "P" })
    this.by(undefined, "RegisterPlatform", { platformId: "q", name: "Q" })
    this.by(undefined, "RegisterIssuer", { issuerId: "i" })
    this.by(undefined, "RegisterProduct", {
      productId: "bond",
      issuerId: "i",
      name: "Bond",
      productType: "BOND",
      kind: "digital",
      issueVolume: 1000,
      stepSize: 1,
      ...product
    })
    this.by(undefined, "ListProduct", { productId: "bond", platformId: "p" })
    this.campaign("c", campaign)
    this.investor("anna")
  }

  /** `accepted`, `no change`, or the code of the refusal with its details. */
  by(platform: string | undefined, operation: Commands.Operation, input: object, personal?: object): string {
    const command = (personal ? { operation, input, personal } : { operation, input }) as Commands.Command
    const { answer } = this.register.execute(command, this.register.context(platform, this.now))
    if (Result.isSuccess(answer)) return answer.success.length === 0 ? "no change" : "accepted"
    const { code, details } = answer.failure
    return [code, ...Object.values(details ?? {})].join(" ")
  }

  last(types: ReadonlyArray<string>) {
    return this.register.log.filter((event) => types.includes(event.type)).at(-1)?.data
  }

  campaign(campaignId: string, options: object = {}) {
    return this.by(undefined, "OpenCampaign", {
      campaignId,
      productId: "bond",
      platformId: "p",
      allocation: 1000,
      opensAt: "2026-01-01T00:00:00Z",
      reviewRequired: false,
      ...options
    })
  }

  investor(investorId: string, facts: object = {}, platform = "p") {
    this.by(platform, "UploadDocument", { documentId: `${investorId}-proof`, digest: "0".repeat(64), size: 3 })
    const none = {
      kind: "natural",
      custodianBank: false,
      ownAccount: true,
      hasTaxInformation: false,
      pep: false,
      documentIds: []
    }
    return this.by(platform, "RegisterInvestor", { investorId, ...none, ...facts }, somebody(false))
  }

  identify(
    investorId = "anna",
    verifiedAt: string = this.now,
    personal = identityDocument("2020-01-01", "2030-01-01")
  ) {
    const input = { identificationId: "id", investorId, protocolDocumentId: `${investorId}-proof`, verifiedAt }
    return this.by("p", "RecordIdentification", input, personal)
  }

  decideKyc(reason: Events.KycReason, investorId = "anna") {
    return this.by(undefined, "DecideKyc", { investorId, reason }, { note: "looked into it" })
  }

  kyc(investorId = "anna") {
    const state = this.register.state(Investor.model(investorId as never))
    return [state?.kycStatus, ...(state?.openReasons ?? [])].join(" ")
  }

  wallet(walletId = "w", investorId = "anna", address = walletId.charCodeAt(0)) {
    return this.by("p", "RegisterGenericWallet", {
      walletId,
      investorId,
      address: `0x${address.toString(16).padStart(40, "0")}`,
      receivingEnabled: false
    })
  }

  sign(investmentId: string, units: number, options: object = {}) {
    const input = { investmentId, investorId: "anna", campaignId: "c", units, signedAt: this.now, documentIds: [] }
    return this.by("p", "SignInvestment", { ...input, ...options })
  }

  amend(investmentId: string, change: object) {
    return this.by("p", "AmendInvestment", { investmentId, ...change })
  }

  cancel(investmentId: string, change: object = {}) {
    return this.by("p", "CancelInvestment", { investmentId, late: false, ...change })
  }

  status(investmentId: string) {
    const state = this.register.state(Investment.model(investmentId as never))
    return state && InvestmentStatus.of(state)
  }

  /** Signed, accepted, paid and delivered into wallet `w`. */
  deliver(investmentId: string, units: number, walletId = "w") {
    const answer = this.sign(investmentId, units, { acceptedAt: this.now, paidAt: this.now, walletId })
    if (answer !== "accepted") return answer
    this.by("p", "RequestCredit", { investmentId, creditId: `${investmentId}-credit` })
    return this.settleCredit(investmentId, "succeeded")
  }

  settleCredit(investmentId: string, outcome: string, creditId = `${investmentId}-credit`) {
    return this.by(undefined, "SettleCredit", { creditId, investmentId, outcome })
  }

  redeem(redemptionId: string, units: number, walletId = "w") {
    const input = { redemptionId, investorId: "anna", productId: "bond", walletId, units }
    const answer = this.by("p", "RequestRedemption", input)
    if (answer !== "accepted") return answer
    const data = this.register.log.at(-1)?.data
    if (data === undefined || !("lots" in data)) return "no lots"
    return data.lots.map((part) => `${part.units} of ${part.investmentId}`).join(", ")
  }

  settle(redemptionId: string, outcome: string) {
    return this.by(undefined, "SettleRedemption", { redemptionId, outcome })
  }

  holding(walletId = "w") {
    return this.register.state(Holding.model("bond" as never, walletId as never))
  }

  used() {
    return this.register.state(Campaign.used("c" as never))
  }
}

/** A case whose investor is identified and has wallet `w`. */
export const ready = (product: object = {}, campaign: object = {}) => {
  const c = new Case(product, campaign)
  c.identify()
  c.wallet()
  return c
}
