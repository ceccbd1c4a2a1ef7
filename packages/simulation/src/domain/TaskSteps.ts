/**
 * What becomes of ledger tasks by steps: requests, claims, work of the ledger, reports and resolutions. For random runs of decisions.
 */
import { isLive, lockUpEnd } from "../model/Asked.ts"
import type { Investment, Objects, Task } from "../model/Objects.ts"
import { by, pick, type Reader, type Reading, unitsOf } from "./Reading.ts"
import type { Kind, Step } from "./Steps.ts"

/** Whether a credit of an investment can be requested. @category predicates */
export const isCreditable = (world: Objects, investment: Investment): boolean =>
  world.status(investment) === "PAID" &&
  investment.wallet !== undefined &&
  ![...world.tasks.values()].some(
    (t) => t.investment !== undefined && world.investments.get(t.investment) === investment && isLive(t)
  )

const delivered = (world: Objects): ReadonlyArray<Investment> =>
  [...world.investments.values()].filter((i) => i.delivered !== undefined)

/** Investments of which a new task may take units. @category computing */
export const withFreeUnits = (world: Objects): ReadonlyArray<Investment> =>
  delivered(world).filter((i) => world.takeable(i.product, i.delivered!).length > 0)

/** Investments of which units can be redeemed. @category computing */
export const redeemable = (world: Objects): ReadonlyArray<Investment> =>
  withFreeUnits(world).filter((i) => i.product !== "3")

/** Investments of which units can be transferred. @category computing */
export const mayLeave = ({ now, world }: Reading): ReadonlyArray<Investment> =>
  withFreeUnits(world).filter(
    (i) => world.wallets.get(i.delivered!)!.managed && now >= lockUpEnd(world.products.get(i.product)!)
  )

const nowhere = `0x${"f".repeat(40)}`

/** Where units go: mostly a wallet that receives. @category computing */
export const addressOf = (world: Objects, from: string, n: number): string => {
  if (n % 40 === 39) return nowhere
  const others = [...world.wallets].filter(([id, w]) => n % 9 === 0 || (id !== from && w.receiving))
  return pick(others, n)?.[1].address ?? nowhere
}

const names = { credit: "Credit", redemption: "Redemption", transfer: "Transfer", reversal: "Reversal" } as const

const targetOf = (kind: string, id: string | undefined, task: Task | undefined) => {
  switch (kind) {
    case "credit":
      return { creditId: id, investmentId: task?.investment ?? "none" }
    case "transfer":
      return { transferId: id }
    case "reversal":
      return { reversalId: id, change: task?.undoes }
    default:
      return { redemptionId: id }
  }
}

/** The task that a step is about, and what names it. */
const targeted = (reading: Reading, s: Step, wanted: (task: Task) => boolean) => {
  const key = reading.task(s.a, (task) => s.b % 6 === 0 || wanted(task))
  const task = reading.world.tasks.get(key)
  const [kind = "", id] = key.split(" ")
  return {
    task,
    name: names[kind as Task["kind"]],
    target: targetOf(kind, id, task),
    platform: s.who === 0 ? reading.whose(s, task?.platform) : undefined
  }
}

/** A report that takes effect is true. Once there is an outcome, the ledger may repeat itself, come late or contradict. */
const reported = (s: Step, task: Task | undefined): "failed" | "succeeded" | "unknown" => {
  const truth = task?.ledger === "done" ? "succeeded" : task?.ledger === "refused" ? "failed" : "unknown"
  if (s.c % 5 === 0) return "unknown"
  if (task?.status === "processing" || s.c % 3 !== 0) return truth
  return truth === "succeeded" ? "failed" : "succeeded"
}

/** @category conversions */
export const taskSteps = {
  credit: (reading, s) => {
    const { world } = reading
    const payable = new Map([...world.investments].filter(([, i]) => s.b % 8 === 0 || isCreditable(world, i)))
    const id = reading.known(payable, s.a)
    const input = { creditId: reading.fresh("credit"), investmentId: id }
    return by(reading.whose(s, world.investments.get(id)?.platform), "RequestCredit", input)
  },
  redeem: (reading, s) => {
    const { world } = reading
    const from = pick(s.b % 5 === 0 ? delivered(world) : redeemable(world), s.a)
    const walletId = s.d % 10 === 0 || !from ? reading.known(world.wallets, s.b) : from.delivered!
    const wallet = world.wallets.get(walletId)
    return by(reading.whose(s, wallet?.platform), "RequestRedemption", {
      redemptionId: reading.fresh("redemption"),
      investorId: s.d % 15 === 0 ? reading.known(world.investors, s.b) : (wallet?.investor ?? "none"),
      productId: s.d % 12 === 0 || !from ? reading.known(world.products, s.b) : from.product,
      walletId,
      units: unitsOf(s.c)
    })
  },
  transfer: (reading, s) => {
    const { world } = reading
    const from = pick(s.b % 5 === 0 ? delivered(world) : mayLeave(reading), s.a)
    const sourceWalletId = s.d % 20 === 0 || !from ? reading.known(world.wallets, s.b) : from.delivered!
    return by(reading.whose(s, world.wallets.get(sourceWalletId)?.platform), "RequestTransfer", {
      transferId: reading.fresh("transfer"),
      recipientInvestmentId: reading.fresh("investment"),
      sourceWalletId,
      productId: s.d % 12 === 0 || !from ? reading.known(world.products, s.b) : from.product,
      targetAddress: addressOf(world, sourceWalletId, s.a + s.b),
      units: unitsOf(s.c)
    })
  },
  ledger: (reading, s) => ({
    task: reading.task(s.a, (t) => t.submitted && t.ledger === "nothing"),
    refuses: s.b % 4 === 0
  }),
  submit: (reading, s) => {
    const { name, platform, target } = targeted(reading, s, (t) => !t.submitted && t.status === "processing")
    return by(platform, `Submit${name}`, target)
  },
  settle: (reading, s) => {
    const { name, platform, target, task } = targeted(
      reading,
      s,
      (t) => t.ledger !== "nothing" && (s.d % 3 === 0 || t.status === "processing")
    )
    const outcome = reported(s, task)
    const reason = outcome === "failed" && s.d % 2 === 0 ? { reason: "reverted" } : {}
    return by(platform, `Settle${name}`, { ...target, outcome, ...reason })
  },
  resolve: (reading, s) => {
    const { name, platform, target } = targeted(reading, s, (t) => t.status === "unknown")
    const outcome = s.c % 2 === 0 ? "succeeded" : "failed"
    const resolution = s.d % 2 === 0 ? "observed" : "corrected"
    return by(platform, `Resolve${name}`, { ...target, outcome, resolution })
  }
} satisfies { readonly [K in Kind]?: Reader }
