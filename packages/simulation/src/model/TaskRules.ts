/**
 * Ledger tasks in the second model: credits, redemptions and transfers.
 */
import {
  type Asked,
  isWhole,
  liveCredit,
  lockUpEnd,
  no,
  noop,
  ok,
  type Rules,
  sees,
  touch,
  type Verdict,
  walletProblem
} from "./Asked.ts"
import type { Objects, Task } from "./Objects.ts"
import { undo } from "./Undoing.ts"

const happen = (world: Objects, asked: Asked, id: string, task: Task, outcome: "succeeded" | "failed") => {
  task.status = outcome
  if (outcome === "succeeded")
    for (const wallet of [task.wallet, task.to?.wallet])
      if (wallet !== undefined) touch(world, asked, world.wallets.get(wallet)!.investor)
  if (task.kind === "reversal" && outcome === "succeeded") return undo(world, id, task)
  for (const unit of world.units(task.product)) {
    if (task.kind === "credit" && outcome === "succeeded" && unit.investment === task.investment) {
      unit.state = "held"
      unit.wallet = task.wallet
      unit.delivery = world.deliveries
    }
    if (unit.takenBy === id) {
      unit.takenBy = undefined
      if (outcome === "succeeded" && task.to === undefined) Object.assign(unit, { state: "redeemed", redeemedBy: id })
      if (outcome === "succeeded" && task.to !== undefined)
        Object.assign(unit, { ...task.to, delivery: world.deliveries, blocked: false })
    }
  }
  if (task.to !== undefined && outcome === "succeeded") arrive(world, task, task.to)
  if (task.kind === "credit" && outcome === "succeeded") {
    Object.assign(world.investments.get(task.investment ?? "")!, {
      delivered: task.wallet,
      delivery: world.deliveries++
    })
    world.entered.add(task.investment ?? "")
  }
}

/** The units are an investment of the recipient's, whose platform may be another one. */
const arrive = (world: Objects, task: Task, to: NonNullable<Task["to"]>) => {
  const delivery = world.deliveries++
  world.entered.add(to.investment)
  const { platform, investor } = world.wallets.get(to.wallet)!
  world.investments.set(to.investment, {
    platform,
    transferred: true,
    investor,
    campaign: "",
    product: task.product,
    units: task.units,
    agreed: "null null",
    signed: 0,
    cleared: true,
    review: false,
    accepted: undefined,
    paid: undefined,
    becameAccepted: undefined,
    end: undefined,
    delivered: to.wallet,
    delivery,
    wallet: to.wallet,
    documents: [],
    paymentDays: undefined,
    cancellationDays: undefined
  })
}

export const submit = (world: Objects, asked: Asked, id: string): Verdict => {
  const task = sees(asked, world.tasks.get(id))
  if (!task) return no("task_not_found")
  if (task.status !== "processing" || task.submitted) return noop
  task.submitted = true
  return ok
}

export const settle = (
  world: Objects,
  asked: Asked,
  id: string,
  outcome: "succeeded" | "failed" | "unknown"
): Verdict => {
  const task = sees(asked, world.tasks.get(id))
  if (!task) return no("task_not_found")
  if (task.status === "processing") {
    // The ledger says that it did it: where the log was put back, it may have done so before it was asked.
    if (outcome !== "unknown" && task.ledger === "nothing") {
      task.ledger = outcome === "succeeded" ? "done" : "refused"
      if (outcome === "succeeded") world.ledgerMoves(task, 1)
    }
    if (outcome === "unknown") task.status = "unknown"
    else happen(world, asked, id, task, outcome)
    return ok
  }
  if (outcome === "unknown" || outcome === task.status) return noop
  return no(task.status === "unknown" ? "awaiting_resolution" : "outcome_contradicts")
}

export const resolve = (world: Objects, asked: Asked, id: string, outcome: "succeeded" | "failed"): Verdict => {
  const task = sees(asked, world.tasks.get(id))
  if (!task) return no("task_not_found")
  if (task.status !== "unknown") return no("nothing_to_resolve")
  // The person has corrected the ledger before saying so.
  if (outcome === "succeeded" && task.ledger !== "done") world.ledgerMoves(task, 1)
  if (outcome === "failed" && task.ledger === "done") world.ledgerMoves(task, -1)
  task.ledger = outcome === "succeeded" ? "done" : "refused"
  happen(world, asked, id, task, outcome)
  return ok
}

export const begun = {
  investment: undefined,
  to: undefined,
  lots: [],
  undoes: undefined,
  undone: 0,
  status: "processing",
  submitted: false,
  ledger: "nothing"
} as const

/** A task takes the oldest units that are free. */
export const take = (world: Objects, id: string, task: Task): Verdict => {
  const room = world.takeable(task.product, task.wallet!)
  if (room.length < task.units) return no("insufficient_units", room.length)
  const lots: Array<[string, number]> = []
  for (const unit of room.slice(0, task.units)) {
    unit.takenBy = id
    const last = lots.at(-1)
    if (last && last[0] === unit.investment) last[1]++
    else lots.push([unit.investment!, 1])
  }
  world.tasks.set(id, { ...task, lots })
  return { ok: true, lots }
}

/** @category computing */
export const taskRules = {
  RequestCredit: (world, asked, input) => {
    const id = input.investmentId
    const investment = sees(asked, world.investments.get(id))
    if (!investment) return no("investment_not_found")
    if (investment.delivered) return no("already_delivered")
    if (investment.end) return no("investment_ended")
    if (liveCredit(world, id)) return no("credit_in_flight")
    if (world.status(investment) !== "PAID") return no("investment_not_paid")
    if (investment.wallet === undefined) return no("wallet_missing")
    if (world.kyc(world.investors.get(investment.investor)!) === "INSUFFICIENT") return no("kyc_insufficient")
    if (world.products.get(investment.product)!.paused) return no("product_paused")
    world.tasks.set(`credit ${input.creditId}`, {
      ...begun,
      kind: "credit",
      platform: investment.platform,
      investment: id,
      wallet: investment.wallet,
      product: investment.product,
      units: investment.units
    })
    return ok
  },
  RequestRedemption: (world, asked, input) => {
    const i = input
    const investor = sees(asked, world.investors.get(i.investorId))
    if (!investor) return no("investor_not_found")
    if (investor.erased) return no("investor_erased")
    const problem = walletProblem(world, asked, i.walletId, i.investorId)
    if (problem) return no(problem)
    const product = world.products.get(i.productId)
    if (!product || !product.ever.has(investor.platform ?? "")) return no("product_not_found")
    if (!isWhole(i.units)) return no("units_invalid")
    if (product.ewpg) return no("redemption_of_crypto_security")
    if (product.paused) return no("product_paused")
    if (world.frozenWallets.has(i.walletId)) return no("wallet_frozen")
    return take(world, `redemption ${i.redemptionId}`, {
      ...begun,
      kind: "redemption",
      platform: investor.platform,
      wallet: i.walletId,
      product: i.productId,
      units: i.units
    })
  },
  RequestTransfer: (world, asked, input) => {
    const i = input
    const source = sees(asked, world.wallets.get(i.sourceWalletId))
    if (!source) return no("wallet_not_found")
    if (world.investors.get(source.investor)!.erased) return no("investor_erased")
    const product = world.products.get(i.productId)
    if (!product || !product.ever.has(source.platform ?? "")) return no("product_not_found")
    if (!isWhole(i.units)) return no("units_invalid")
    if (!source.managed) return no("wallet_not_managed")
    if (world.frozenWallets.has(i.sourceWalletId)) return no("wallet_frozen")
    if (product.paused) return no("product_paused")
    if (asked.now < lockUpEnd(product)) return no("locked_up")
    if (source.address === i.targetAddress) return no("same_wallet")
    const target = [...world.wallets].find(([, wallet]) => wallet.address === i.targetAddress)
    const recipient = target && world.investors.get(target[1].investor)!
    if (
      !target?.[1].receiving ||
      !recipient ||
      recipient.erased ||
      world.kyc(recipient) === "INSUFFICIENT" ||
      !product.listed.has(recipient.platform ?? "")
    )
      return no("target_cannot_receive")
    return take(world, `transfer ${i.transferId}`, {
      ...begun,
      kind: "transfer",
      platform: source.platform,
      wallet: i.sourceWalletId,
      to: { wallet: target[0], investment: i.recipientInvestmentId },
      product: i.productId,
      units: i.units
    })
  },
  SubmitCredit: (world, asked, input) => {
    return submit(world, asked, `credit ${input.creditId}`)
  },
  SubmitRedemption: (world, asked, input) => {
    return submit(world, asked, `redemption ${input.redemptionId}`)
  },
  SubmitTransfer: (world, asked, input) => {
    return submit(world, asked, `transfer ${input.transferId}`)
  },
  SettleCredit: (world, asked, input) => {
    return settle(world, asked, `credit ${input.creditId}`, input.outcome)
  },
  SettleRedemption: (world, asked, input) => {
    return settle(world, asked, `redemption ${input.redemptionId}`, input.outcome)
  },
  SettleTransfer: (world, asked, input) => {
    return settle(world, asked, `transfer ${input.transferId}`, input.outcome)
  },
  ResolveCredit: (world, asked, input) => {
    return resolve(world, asked, `credit ${input.creditId}`, input.outcome)
  },
  ResolveRedemption: (world, asked, input) => {
    return resolve(world, asked, `redemption ${input.redemptionId}`, input.outcome)
  },
  ResolveTransfer: (world, asked, input) => {
    return resolve(world, asked, `transfer ${input.transferId}`, input.outcome)
  }
} satisfies Partial<Rules>
