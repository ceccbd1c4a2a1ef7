/**
 * The second model: a register in which every unit is an object in some place, and the ledger is a table. For the tests, which compare it
 * with the package. Share no code with the package's folds and decisions, and write for plainness, not for speed.
 */
import type { Commands } from "../src/index.ts"

/** One unit of a product's issue volume. */
interface Unit {
  campaign: string | undefined
  investment: string | undefined
  state: "unissued" | "held" | "redeemed"
  wallet: string | undefined
  /** Order of the delivery. */
  delivery: number
  takenBy: string | undefined
  blocked: boolean
}

interface Investment {
  platform: string | undefined
  investor: string
  campaign: string
  product: string
  units: number
  signed: number
  cleared: boolean
  review: boolean
  accepted: number | undefined
  paid: number | undefined
  becameAccepted: number | undefined
  end: string | undefined
  delivered: string | undefined
  wallet: string | undefined
  paymentDays: number | undefined
  cancellationDays: number | undefined
}

interface Task {
  kind: "credit" | "redemption"
  platform: string | undefined
  investment: string | undefined
  wallet: string
  product: string
  units: number
  status: "processing" | "succeeded" | "failed" | "unknown"
  submitted: boolean
  /** What the ledger has really done, which the register cannot see. */
  ledger: "nothing" | "done" | "refused"
}

interface Person {
  platform: string | undefined
  status: string
  pep: boolean
  identified: boolean
  taxed: boolean
  erased: boolean
  /** When something that keeps its data alive happened last. */
  last: number
  /** The documents it refers to, its investments' among them. */
  documents: Set<string>
}

/** For how long data are kept at first in these tests: short enough that a run sees the end of it. */
export const keeping = 30 * 3_600_000

export type Verdict =
  | { readonly ok: true; readonly lots?: ReadonlyArray<readonly [string, number]> }
  | { readonly noop: true }
  | { readonly code: string; readonly free?: number }

const no = (code: string, free?: number): Verdict => (free === undefined ? { code } : { code, free })
const ok: Verdict = { ok: true }
const noop: Verdict = { noop: true }
const isWhole = (n: number) => Number.isSafeInteger(n) && n > 0
const dayLong = 86_400_000

/** Milliseconds; the tests of random commands use no finer times. */
const at = (text: string) => Date.parse(text)

export class Objects {
  /** The policy, in milliseconds where it is a time. */
  policy = { tolerance: 300_000, needsKyc: true, needsTaxInformation: false, keeping }
  platforms = new Set<string>()
  issuers = new Set<string>()
  products = new Map<
    string,
    {
      ewpg: boolean
      step: number
      listed: Set<string>
      ever: Set<string>
      units: Array<Unit>
      paymentDays: number | undefined
      cancellationDays: number | undefined
    }
  >()
  campaigns = new Map<
    string,
    { platform: string; product: string; open: boolean; opens: number; closes: number; review: boolean }
  >()
  documents = new Map<string, { platform: string | undefined; erased: boolean }>()
  investors = new Map<string, Person>()
  /** By investor and id. */
  holds = new Map<string, { investor: string; until: number; released: number }>()
  wallets = new Map<string, { platform: string | undefined; investor: string; managed: boolean; address: string }>()
  investments = new Map<string, Investment>()
  tasks = new Map<string, Task>()
  deliveries = 0
  /** Balance per wallet and product, as the ledger has it. */
  ledger = new Map<string, number>()

  status(investment: Investment): string {
    if (investment.end) return investment.end
    if (investment.delivered) return "DELIVERED"
    if (!investment.cleared) return "KYC_PENDING"
    if (investment.review) return "REVIEW_PENDING"
    if (investment.accepted === undefined) return "WAITING_FOR_ACCEPTANCE"
    if (investment.paid === undefined) return "ACCEPTED"
    return "PAID"
  }

  units(product: string): Array<Unit> {
    return this.products.get(product)?.units ?? []
  }

  /** The units of a wallet that a new task may take, oldest delivery first. */
  takeable(product: string, wallet: string): Array<Unit> {
    return this.units(product)
      .filter((u) => u.state === "held" && u.wallet === wallet && !u.blocked && u.takenBy === undefined)
      .sort((a, b) => a.delivery - b.delivery)
  }

  /** The ledger gets round to a submitted task. It can always do what the register let through. */
  ledgerActs(id: string, refuses: boolean): void {
    const task = this.tasks.get(id)
    if (task === undefined || !task.submitted || task.ledger !== "nothing") return
    if (task.status === "succeeded" || task.status === "failed") return
    task.ledger = refuses ? "refused" : "done"
    if (!refuses) this.ledgerMoves(task, 1)
  }

  ledgerMoves(task: Task, direction: 1 | -1): void {
    const place = `${task.product} ${task.wallet}`
    const units = (task.kind === "credit" ? task.units : -task.units) * direction
    const balance = (this.ledger.get(place) ?? 0) + units
    if (balance < 0) throw new Error("the ledger has fewer units than the register let through")
    this.ledger.set(place, balance)
  }

  apply(command: Commands.Command, platform: string | undefined, now: number): Verdict {
    const sees = <A extends { platform: string | undefined }>(thing: A | undefined): A | undefined =>
      platform === undefined || thing?.platform === platform ? thing : undefined
    const tooLate = (...times: Array<number | undefined>) =>
      times.some((t) => t !== undefined && t > now + this.policy.tolerance)
    const stated = (text: string | undefined, signed: number) =>
      text === undefined || text === "now" ? Math.max(now, signed) : at(text)
    const documentProblem = (ids: ReadonlyArray<string>, owner: string | undefined): string | undefined => {
      if (ids.some((id, i) => ids.indexOf(id) !== i)) return "document_repeated"
      return ids.some((id) => this.documents.get(id)?.erased !== false || this.documents.get(id)?.platform !== owner)
        ? "document_not_found"
        : undefined
    }
    const touch = (investor: string, documents: ReadonlyArray<string> = []) => {
      const person = this.investors.get(investor)!
      person.last = Math.max(person.last, now)
      for (const id of documents) person.documents.add(id)
    }
    const isUsed = (document: string) =>
      [...this.investors.values()].some((person) => !person.erased && person.documents.has(document))
    const standing = (investor: string) =>
      [...this.holds.values()].filter((hold) => hold.investor === investor && hold.released > now && hold.until > now)
    const walletProblem = (id: string, investor: string): string | undefined => {
      const wallet = sees(this.wallets.get(id))
      if (!wallet) return "wallet_not_found"
      return wallet.investor === investor ? undefined : "wallet_of_other_investor"
    }
    const noteAccepted = (investment: Investment, before: string) => {
      if (this.status(investment) === "ACCEPTED" && before !== "ACCEPTED") investment.becameAccepted = now
    }
    const liveCredit = (id: string) =>
      [...this.tasks.values()].some(
        (t) => t.kind === "credit" && t.investment === id && (t.status === "processing" || t.status === "unknown")
      )
    const endIt = (id: string, investment: Investment, status: string) => {
      investment.end = status
      touch(investment.investor)
      for (const unit of this.units(investment.product)) {
        if (unit.investment !== id) continue
        unit.investment = undefined
        if (this.campaigns.get(investment.campaign)?.open !== true) unit.campaign = undefined
      }
    }
    const happen = (id: string, task: Task, outcome: "succeeded" | "failed") => {
      task.status = outcome
      if (outcome === "succeeded") touch(this.wallets.get(task.wallet)!.investor)
      for (const unit of this.units(task.product)) {
        if (task.kind === "credit" && outcome === "succeeded" && unit.investment === task.investment) {
          unit.state = "held"
          unit.wallet = task.wallet
          unit.delivery = this.deliveries
        }
        if (unit.takenBy === id) {
          unit.takenBy = undefined
          if (outcome === "succeeded") unit.state = "redeemed"
        }
      }
      if (task.kind === "credit" && outcome === "succeeded") {
        this.deliveries++
        this.investments.get(task.investment ?? "")!.delivered = task.wallet
      }
    }
    const submit = (id: string): Verdict => {
      const task = sees(this.tasks.get(id))
      if (!task) return no("task_not_found")
      if (task.status !== "processing" || task.submitted) return noop
      task.submitted = true
      return ok
    }
    const settle = (id: string, outcome: "succeeded" | "failed" | "unknown"): Verdict => {
      const task = sees(this.tasks.get(id))
      if (!task) return no("task_not_found")
      if (task.status === "processing") {
        if (outcome === "unknown") task.status = "unknown"
        else happen(id, task, outcome)
        return ok
      }
      if (outcome === "unknown" || outcome === task.status) return noop
      return no(task.status === "unknown" ? "awaiting_resolution" : "outcome_contradicts")
    }
    const resolve = (id: string, outcome: "succeeded" | "failed"): Verdict => {
      const task = sees(this.tasks.get(id))
      if (!task) return no("task_not_found")
      if (task.status !== "unknown") return no("nothing_to_resolve")
      // The person has corrected the ledger before saying so.
      if (outcome === "succeeded" && task.ledger !== "done") this.ledgerMoves(task, 1)
      if (outcome === "failed" && task.ledger === "done") this.ledgerMoves(task, -1)
      task.ledger = outcome === "succeeded" ? "done" : "refused"
      happen(id, task, outcome)
      return ok
    }

    switch (command.operation) {
      case "SeedPolicy":
        return noop
      case "SetPolicy": {
        const { clockTolerance, retention, walletNeedsKyc, walletNeedsTaxInformation } = command.input
        const { policy } = this
        const after = {
          tolerance: clockTolerance === undefined ? policy.tolerance : clockTolerance / 1_000,
          needsKyc: walletNeedsKyc ?? policy.needsKyc,
          needsTaxInformation: walletNeedsTaxInformation ?? policy.needsTaxInformation,
          keeping: retention === undefined || "years" in retention ? policy.keeping : retention.seconds * 1_000
        }
        if (JSON.stringify(after) === JSON.stringify(policy)) return noop
        this.policy = after
        return ok
      }
      case "RegisterPlatform": {
        if (this.platforms.has(command.input.platformId)) return noop
        this.platforms.add(command.input.platformId)
        return ok
      }
      case "RegisterIssuer": {
        if (this.issuers.has(command.input.issuerId)) return noop
        this.issuers.add(command.input.issuerId)
        return ok
      }
      case "RegisterProduct": {
        const i = command.input
        if (!this.issuers.has(i.issuerId)) return no("issuer_not_found")
        if (!isWhole(i.issueVolume) || !isWhole(i.stepSize)) return no("units_invalid")
        if (this.products.has(i.productId)) return noop
        const units = Array.from({ length: i.issueVolume }, (): Unit => ({
          campaign: undefined,
          investment: undefined,
          state: "unissued",
          wallet: undefined,
          delivery: -1,
          takenBy: undefined,
          blocked: false
        }))
        this.products.set(i.productId, {
          ewpg: i.kind === "ewpg",
          step: i.stepSize,
          listed: new Set(),
          ever: new Set(),
          units,
          paymentDays: i.paymentDays,
          cancellationDays: i.cancellationDays
        })
        return ok
      }
      case "ListProduct":
      case "DelistProduct": {
        const { productId, platformId } = command.input
        const product = this.products.get(productId)
        if (!product) return no("product_not_found")
        if (!this.platforms.has(platformId)) return no("platform_not_found")
        if (product.listed.has(platformId) === (command.operation === "ListProduct")) return noop
        if (command.operation === "DelistProduct") product.listed.delete(platformId)
        else {
          product.listed.add(platformId)
          product.ever.add(platformId)
        }
        return ok
      }
      case "OpenCampaign": {
        const i = command.input
        const product = this.products.get(i.productId)
        if (!product) return no("product_not_found")
        if (this.campaigns.has(i.campaignId)) return noop
        if (!product.listed.has(i.platformId)) return no("product_not_listed")
        if (!isWhole(i.allocation)) return no("units_invalid")
        const room = product.units.filter((u) => u.campaign === undefined)
        if (room.length < i.allocation) return no("issue_volume_exceeded", room.length)
        for (const unit of room.slice(0, i.allocation)) unit.campaign = i.campaignId
        this.campaigns.set(i.campaignId, {
          platform: i.platformId,
          product: i.productId,
          open: true,
          opens: at(i.opensAt),
          closes: i.closesAt === undefined ? Infinity : at(i.closesAt),
          review: i.reviewRequired
        })
        return ok
      }
      case "CloseCampaign": {
        const campaign = this.campaigns.get(command.input.campaignId)
        if (!campaign) return no("campaign_not_found")
        if (!campaign.open) return noop
        campaign.open = false
        for (const unit of this.units(campaign.product)) {
          if (unit.campaign === command.input.campaignId && unit.investment === undefined) unit.campaign = undefined
        }
        return ok
      }
      case "UploadDocument": {
        this.documents.set(command.input.documentId, { platform, erased: false })
        return ok
      }
      case "EraseDocument": {
        const document = sees(this.documents.get(command.input.documentId))
        if (!document) return no("document_not_found")
        if (document.erased) return noop
        if (isUsed(command.input.documentId)) return no("document_in_use")
        document.erased = true
        return ok
      }
      case "EraseInvestor": {
        const id = command.input.investorId
        const investor = sees(this.investors.get(id))
        if (!investor) return no("investor_not_found")
        if (investor.erased) return noop
        const own = new Set([...this.wallets].filter(([, w]) => w.investor === id).map(([wallet]) => wallet))
        for (const { units } of this.products.values())
          if (units.some((u) => u.state === "held" && own.has(u.wallet ?? ""))) return no("investor_holds_units")
        for (const investment of this.investments.values())
          if (investment.investor === id && !investment.end && !investment.delivered)
            return no("investor_has_open_investments")
        if (standing(id).length > 0) return no("legal_hold")
        if (now < investor.last + this.policy.keeping) return no("retention_running")
        investor.erased = true
        for (const document of investor.documents) if (!isUsed(document)) this.documents.get(document)!.erased = true
        return ok
      }
      case "PlaceLegalHold": {
        const { holdId, investorId, until } = command.input
        const investor = sees(this.investors.get(investorId))
        if (!investor) return no("investor_not_found")
        if (investor.erased) return no("investor_erased")
        const ends = until === undefined ? Infinity : at(until)
        if (ends <= now) return no("legal_hold_over")
        if (this.holds.has(`${investorId} ${holdId}`)) return noop
        if (standing(investorId).length >= 50) return no("too_many_legal_holds")
        this.holds.set(`${investorId} ${holdId}`, { investor: investorId, until: ends, released: Infinity })
        return ok
      }
      case "ReleaseLegalHold": {
        const { holdId, investorId } = command.input
        const investor = sees(this.investors.get(investorId))
        if (!investor) return no("investor_not_found")
        if (investor.erased) return no("investor_erased")
        const hold = this.holds.get(`${investorId} ${holdId}`)
        if (!hold) return no("legal_hold_not_found")
        if (hold.released < Infinity || hold.until <= now) return noop
        hold.released = now
        return ok
      }
      case "RegisterInvestor": {
        const i = command.input
        if (command.personal?.naturalPerson.isSubjectToUsTax) return no("us_tax_subject")
        if (!i.ownAccount) return no("not_own_account")
        const problem = documentProblem(i.documentIds, platform)
        if (problem) return no(problem)
        const documents = new Set<string>(i.documentIds)
        const person = {
          platform,
          status: "PENDING",
          pep: i.pep,
          taxed: i.hasTaxInformation,
          identified: false,
          erased: false,
          last: now,
          documents
        }
        this.investors.set(i.investorId, person)
        return ok
      }
      case "RecordIdentification": {
        const i = command.input
        const investor = sees(this.investors.get(i.investorId))
        if (!investor) return no("investor_not_found")
        if (investor.erased) return no("investor_erased")
        if (tooLate(at(i.verifiedAt))) return no("timestamp_in_future")
        const p = command.personal
        const day = i.verifiedAt.slice(0, 10)
        if (p && (day < p.documentValidFrom || day > p.documentValidTo)) return no("identity_document_not_valid")
        const problem = documentProblem([i.protocolDocumentId], investor.platform)
        if (problem) return no(problem)
        touch(i.investorId, [i.protocolDocumentId])
        investor.status = investor.pep ? "REVIEW" : "SUCCESS"
        if (!investor.pep) {
          for (const investment of this.investments.values()) {
            if (investment.investor !== i.investorId || investment.cleared || investment.end) continue
            const before = this.status(investment)
            investment.cleared = true
            noteAccepted(investment, before)
          }
        }
        return ok
      }
      case "RegisterManagedWallet":
      case "RegisterGenericWallet": {
        const i = command.input
        const investor = sees(this.investors.get(i.investorId))
        if (!investor) return no("investor_not_found")
        if (investor.erased) return no("investor_erased")
        if (this.policy.needsKyc && investor.status !== "SUCCESS") return no("kyc_not_successful")
        if (this.policy.needsTaxInformation && !investor.taxed) return no("tax_information_missing")
        const managed = command.operation === "RegisterManagedWallet"
        const all = [...this.wallets.values()]
        if (managed && all.some((w) => w.investor === i.investorId && w.managed)) return no("managed_wallet_exists")
        if (all.some((w) => w.address === i.address)) return no("address_taken")
        this.wallets.set(i.walletId, {
          platform: investor.platform,
          investor: i.investorId,
          managed,
          address: i.address
        })
        return ok
      }
      case "SignInvestment": {
        const i = command.input
        const investor = sees(this.investors.get(i.investorId))
        if (!investor) return no("investor_not_found")
        if (investor.erased) return no("investor_erased")
        const campaign = this.campaigns.get(i.campaignId)
        if (!campaign || campaign.platform !== investor.platform) return no("campaign_not_found")
        const product = this.products.get(campaign.product)!
        if (i.signedAt === undefined) return no("signed_at_required")
        if (!isWhole(i.units)) return no("units_invalid")
        if (i.units % product.step) return no("units_not_multiple_of_step")
        const signed = at(i.signedAt)
        const accepted = i.acceptedAt === undefined ? undefined : stated(i.acceptedAt, signed)
        const paid = i.paidAt === undefined ? undefined : stated(i.paidAt, signed)
        if (tooLate(signed, accepted, paid)) return no("timestamp_in_future")
        if ((accepted ?? signed) < signed || (paid ?? signed) < signed) return no("timestamp_before_signing")
        if (i.documentIds.length > 50) return no("too_many_documents")
        const problem = documentProblem(i.documentIds, investor.platform)
        if (problem) return no(problem)
        const wallet = i.walletId === undefined ? undefined : walletProblem(i.walletId, i.investorId)
        if (wallet) return no(wallet)
        if (!product.listed.has(campaign.platform)) return no("product_not_listed")
        if (!campaign.open || now < campaign.opens || now > campaign.closes) return no("campaign_not_open")
        const room = product.units.filter((u) => u.campaign === i.campaignId && u.investment === undefined)
        if (room.length < i.units) return no("allocation_exhausted", room.length)
        for (const unit of room.slice(0, i.units)) unit.investment = i.investmentId
        const investment: Investment = {
          platform: investor.platform,
          investor: i.investorId,
          campaign: i.campaignId,
          product: campaign.product,
          units: i.units,
          signed,
          cleared: investor.status === "SUCCESS",
          review: campaign.review,
          accepted,
          paid,
          becameAccepted: undefined,
          end: undefined,
          delivered: undefined,
          wallet: i.walletId,
          paymentDays: product.paymentDays,
          cancellationDays: product.cancellationDays
        }
        touch(i.investorId, i.documentIds)
        this.investments.set(i.investmentId, investment)
        noteAccepted(investment, "")
        return ok
      }
      case "AmendInvestment": {
        const i = command.input
        const investment = sees(this.investments.get(i.investmentId))
        if (!investment) return no("investment_not_found")
        const before = this.status(investment)
        const next = { ...investment }
        const fresh = (text: string | undefined, old: number | undefined) =>
          text !== undefined && !(old !== undefined && (text === "now" || at(text) === old))
        if (fresh(i.acceptedAt, investment.accepted)) {
          if (investment.end) return no("investment_ended")
          if (investment.accepted !== undefined) return no("already_accepted")
          next.accepted = stated(i.acceptedAt, investment.signed)
          if (tooLate(next.accepted)) return no("timestamp_in_future")
          if (next.accepted < investment.signed) return no("timestamp_before_signing")
        }
        if (fresh(i.paidAt, investment.paid)) {
          if (investment.end) return no("investment_ended")
          if (investment.paid !== undefined) return no("already_paid")
          next.paid = stated(i.paidAt, investment.signed)
          if (tooLate(next.paid)) return no("timestamp_in_future")
          if (next.paid < investment.signed) return no("timestamp_before_signing")
        }
        if (i.walletId !== undefined && i.walletId !== investment.wallet) {
          if (investment.end) return no("investment_ended")
          if (investment.delivered) return no("already_delivered")
          if (liveCredit(i.investmentId)) return no("credit_in_flight")
          const problem = walletProblem(i.walletId, investment.investor)
          if (problem) return no(problem)
          next.wallet = i.walletId
        }
        if (
          next.accepted === investment.accepted &&
          next.paid === investment.paid &&
          next.wallet === investment.wallet
        ) {
          return noop
        }
        Object.assign(investment, next)
        noteAccepted(investment, before)
        return ok
      }
      case "RejectInvestment": {
        const id = command.input.investmentId
        const investment = sees(this.investments.get(id))
        if (!investment) return no("investment_not_found")
        if (investment.end) return no("investment_ended")
        if (investment.delivered) return no("already_delivered")
        if (investment.accepted !== undefined) return no("already_accepted")
        endIt(id, investment, "REJECTION")
        return ok
      }
      case "CancelInvestment": {
        const id = command.input.investmentId
        const investment = sees(this.investments.get(id))
        if (!investment) return no("investment_not_found")
        if (investment.end) return no("investment_ended")
        const cancelled = stated(command.input.cancelledAt, investment.signed)
        if (tooLate(cancelled)) return no("timestamp_in_future")
        if (cancelled < investment.signed) return no("timestamp_before_signing")
        if (liveCredit(id)) return no("credit_in_flight")
        const { accepted, cancellationDays } = investment
        const byRegistrar = command.input.late && platform === undefined
        if (accepted !== undefined && !byRegistrar) {
          if (cancellationDays === undefined || cancelled > accepted + cancellationDays * dayLong) {
            return no("cancellation_period_over")
          }
        }
        if (!investment.delivered) {
          endIt(id, investment, accepted === undefined ? "ABORTION" : "CANCELLATION")
          return ok
        }
        investment.end = "CANCELLATION"
        touch(investment.investor)
        for (const unit of this.units(investment.product)) if (unit.investment === id) unit.blocked = true
        return ok
      }
      case "EnforcePaymentDeadline": {
        const id = command.input.investmentId
        const investment = sees(this.investments.get(id))
        if (!investment) return no("investment_not_found")
        if (investment.end) return no("investment_ended")
        if (this.status(investment) !== "ACCEPTED" || investment.paymentDays === undefined) {
          return no("deadline_not_reached")
        }
        const from = Math.max(investment.accepted!, investment.becameAccepted!)
        if (now <= from + investment.paymentDays * dayLong) return no("deadline_not_reached")
        endIt(id, investment, "PAYMENT_MISSING")
        return ok
      }
      case "RequestCredit": {
        const id = command.input.investmentId
        const investment = sees(this.investments.get(id))
        if (!investment) return no("investment_not_found")
        if (investment.delivered) return no("already_delivered")
        if (investment.end) return no("investment_ended")
        if (liveCredit(id)) return no("credit_in_flight")
        if (this.status(investment) !== "PAID") return no("investment_not_paid")
        if (investment.wallet === undefined) return no("wallet_missing")
        this.tasks.set(`credit ${command.input.creditId}`, {
          kind: "credit",
          platform: investment.platform,
          investment: id,
          wallet: investment.wallet,
          product: investment.product,
          units: investment.units,
          status: "processing",
          submitted: false,
          ledger: "nothing"
        })
        return ok
      }
      case "RequestRedemption": {
        const i = command.input
        const investor = sees(this.investors.get(i.investorId))
        if (!investor) return no("investor_not_found")
        if (investor.erased) return no("investor_erased")
        const problem = walletProblem(i.walletId, i.investorId)
        if (problem) return no(problem)
        const product = this.products.get(i.productId)
        if (!product || !product.ever.has(investor.platform ?? "")) return no("product_not_found")
        if (!isWhole(i.units)) return no("units_invalid")
        if (product.ewpg) return no("redemption_of_crypto_security")
        const room = this.takeable(i.productId, i.walletId)
        if (room.length < i.units) return no("insufficient_units", room.length)
        const lots: Array<[string, number]> = []
        for (const unit of room.slice(0, i.units)) {
          unit.takenBy = `redemption ${i.redemptionId}`
          const last = lots.at(-1)
          if (last && last[0] === unit.investment) last[1]++
          else lots.push([unit.investment!, 1])
        }
        this.tasks.set(`redemption ${i.redemptionId}`, {
          kind: "redemption",
          platform: investor.platform,
          investment: undefined,
          wallet: i.walletId,
          product: i.productId,
          units: i.units,
          status: "processing",
          submitted: false,
          ledger: "nothing"
        })
        return { ok: true, lots }
      }
      case "SubmitCredit":
        return submit(`credit ${command.input.creditId}`)
      case "SubmitRedemption":
        return submit(`redemption ${command.input.redemptionId}`)
      case "SettleCredit":
        return settle(`credit ${command.input.creditId}`, command.input.outcome)
      case "SettleRedemption":
        return settle(`redemption ${command.input.redemptionId}`, command.input.outcome)
      case "ResolveCredit":
        return resolve(`credit ${command.input.creditId}`, command.input.outcome)
      case "ResolveRedemption":
        return resolve(`redemption ${command.input.redemptionId}`, command.input.outcome)
    }
  }
}
