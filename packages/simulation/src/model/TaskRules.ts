/**
 * Ledger tasks in the second model: credits and redemptions.
 */
import {
  type Asked,
  isWhole,
  liveCredit,
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

const happen = (world: Objects, asked: Asked, id: string, task: Task, outcome: "succeeded" | "failed") => {
  task.status = outcome
  if (outcome === "succeeded") touch(world, asked, world.wallets.get(task.wallet)!.investor)
  for (const unit of world.units(task.product)) {
    if (task.kind === "credit" && outcome === "succeeded" && unit.investment === task.investment) {
      unit.state = "held"
      unit.wallet = task.wallet
      unit.delivery = world.deliveries
    }
    if (unit.takenBy === id) {
      unit.takenBy = undefined
      if (outcome === "succeeded") unit.state = "redeemed"
    }
  }
  if (task.kind === "credit" && outcome === "succeeded") {
    world.deliveries++
    world.investments.get(task.investment ?? "")!.delivered = task.wallet
  }
}

const submit = (world: Objects, asked: Asked, id: string): Verdict => {
  const task = sees(asked, world.tasks.get(id))
  if (!task) return no("task_not_found")
  if (task.status !== "processing" || task.submitted) return noop
  task.submitted = true
  return ok
}

const settle = (world: Objects, asked: Asked, id: string, outcome: "succeeded" | "failed" | "unknown"): Verdict => {
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

const resolve = (world: Objects, asked: Asked, id: string, outcome: "succeeded" | "failed"): Verdict => {
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
    const room = world.takeable(i.productId, i.walletId)
    if (room.length < i.units) return no("insufficient_units", room.length)
    const lots: Array<[string, number]> = []
    for (const unit of room.slice(0, i.units)) {
      unit.takenBy = `redemption ${i.redemptionId}`
      const last = lots.at(-1)
      if (last && last[0] === unit.investment) last[1]++
      else lots.push([unit.investment!, 1])
    }
    world.tasks.set(`redemption ${i.redemptionId}`, {
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
  },
  SubmitCredit: (world, asked, input) => {
    return submit(world, asked, `credit ${input.creditId}`)
  },
  SubmitRedemption: (world, asked, input) => {
    return submit(world, asked, `redemption ${input.redemptionId}`)
  },
  SettleCredit: (world, asked, input) => {
    return settle(world, asked, `credit ${input.creditId}`, input.outcome)
  },
  SettleRedemption: (world, asked, input) => {
    return settle(world, asked, `redemption ${input.redemptionId}`, input.outcome)
  },
  ResolveCredit: (world, asked, input) => {
    return resolve(world, asked, `credit ${input.creditId}`, input.outcome)
  },
  ResolveRedemption: (world, asked, input) => {
    return resolve(world, asked, `redemption ${input.redemptionId}`, input.outcome)
  }
} satisfies Partial<Rules>
