/**
 * What a reversal does to the objects of the second model. For its rules of tasks and of reversals.
 */
import type { Objects, Task, Unit } from "./Objects.ts"

const isEnded = (world: Objects, investment: string | undefined): boolean =>
  world.investments.get(investment ?? "")?.end !== undefined

/** Units are alike: one that a sale has brought elsewhere may stand for one that its campaign has given out. */
const backInCampaign = (units: ReadonlyArray<Unit>, unit: Unit, campaign: string): void => {
  if (unit.campaign === campaign) return
  const other = units.find(
    (each) => each.campaign === campaign && each.investment !== unit.investment && each.state !== "unissued"
  )
  if (other === undefined) throw new Error("the campaign has given out fewer units than were delivered")
  other.campaign = unit.campaign
  unit.campaign = campaign
}

const undoCredit = (world: Objects, task: Task, id: string): void => {
  const investment = world.investments.get(id)!
  const units = world.units(task.product)
  const back = units.filter((unit) => unit.investment === id)
  for (const unit of back) backInCampaign(units, unit, investment.campaign)
  for (const unit of back) {
    Object.assign(unit, { state: "unissued", wallet: undefined, delivery: 0, takenBy: undefined, blocked: false })
    if (investment.end === undefined) continue
    unit.investment = undefined
    if (world.campaigns.get(investment.campaign)?.open !== true) unit.campaign = undefined
  }
  investment.delivered = undefined
}

const undoTransfer = (world: Objects, key: string, task: Task): void => {
  const taken = world.units(task.product).filter((unit) => unit.takenBy === key)
  for (const [investment, count] of task.lots)
    for (const unit of taken.splice(0, count))
      Object.assign(unit, {
        investment,
        wallet: task.to!.wallet,
        delivery: world.investments.get(investment)!.delivery,
        takenBy: undefined,
        blocked: isEnded(world, investment)
      })
}

const undoRedemption = (world: Objects, task: Task, redemption: string): void => {
  for (const unit of world.units(task.product))
    if (unit.redeemedBy === redemption)
      Object.assign(unit, { state: "held", redeemedBy: undefined, blocked: isEnded(world, unit.investment) })
}

/** A reversal has succeeded. @category computing */
export const undo = (world: Objects, key: string, task: Task): void => {
  const { id, kind } = task.undoes!
  if (kind === "credit") return undoCredit(world, task, id)
  const change = world.tasks.get(`${kind} ${id}`)!
  change.undone += task.units
  if (kind === "redemption") undoRedemption(world, task, `${kind} ${id}`)
  else undoTransfer(world, key, task)
}
