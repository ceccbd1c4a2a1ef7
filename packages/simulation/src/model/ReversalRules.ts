/**
 * Reversals in the second model: which changes can be undone, and on which units.
 */
import type { Commands } from "@effekten/domain"
import { type Asked, isLive, isWhole, no, ok, type Rules, sees, type Verdict } from "./Asked.ts"
import type { Objects, Task } from "./Objects.ts"
import { begun, resolve, settle, submit } from "./TaskRules.ts"

type Change = Commands.Input<"ReverseChange">["change"]

/** What has been entered, and not been undone as a whole. @category computing */
export const reversible = ({ investments, tasks }: Objects): ReadonlyArray<NonNullable<Task["undoes"]>> => [
  ...[...investments].flatMap(([id, { delivered, transferred }]) =>
    delivered !== undefined && !transferred ? [{ kind: "credit" as const, id }] : []
  ),
  ...[...tasks].flatMap(([key, { kind, status, undone, units }]) =>
    (kind === "redemption" || kind === "transfer") && status === "succeeded" && undone < units
      ? [{ kind, id: key.slice(kind.length + 1) }]
      : []
  )
]

const kinds = ["transfer", "redemption", "credit"]

/** Most changes are credits: by a number, those that have been undone in part, or those of one kind. All where there are none. @category computing */
export const likely = (world: Objects, n: number): ReturnType<typeof reversible> => {
  const all = reversible(world)
  const partly = all.filter(({ id, kind }) => n % 2 === 0 && (world.tasks.get(`${kind} ${id}`)?.undone ?? 0) > 0)
  const ofKind = all.filter(({ kind }) => kind === kinds[n % 3])
  return partly.length > 0 ? partly : ofKind.length > 0 ? ofKind : all
}

/** What is left of a change, and where its units came from and went. */
interface Entry extends Pick<Task, "platform" | "product" | "wallet" | "to"> {
  readonly left: number
  /** The lot that the change made. */
  readonly lot: string | undefined
  readonly lots: ReadonlyArray<readonly [string, number]>
  readonly undone: number
}

const entryOf = (world: Objects, asked: Asked, { id, kind }: Change): Entry | undefined => {
  if (kind === "credit") {
    const investment = sees(asked, world.investments.get(id))
    if (investment === undefined) return undefined
    const { delivered, platform, product, transferred, units } = investment
    const left = delivered !== undefined && !transferred ? units : 0
    return { platform, product, left, wallet: delivered, to: undefined, lot: id, lots: [], undone: 0 }
  }
  const task = sees(asked, world.tasks.get(`${kind} ${id}`))
  if (task === undefined) return undefined
  const { lots, platform, product, status, to, undone, units } = task
  return {
    platform,
    product,
    left: status === "succeeded" ? units - undone : 0,
    wallet: to?.wallet,
    to: { wallet: task.wallet!, investment: "" },
    lot: to?.investment,
    lots,
    undone
  }
}

/** Unit by unit, the last that was taken first, and those left out that are back already. */
const givenBack = ({ lots, undone }: Entry, units: number): Array<[string, number]> => {
  const back = lots
    .flatMap(([investment, count]) => Array<string>(count).fill(investment))
    .toReversed()
    .slice(undone, undone + units)
  const counts = new Map<string, number>()
  for (const investment of back.toReversed()) counts.set(investment, (counts.get(investment) ?? 0) + 1)
  return [...counts]
}

const live = (world: Objects, { id, kind }: Change): boolean =>
  [...world.tasks.values()].some(
    (task) => task.undoes !== undefined && task.undoes.kind === kind && task.undoes.id === id && isLive(task)
  )

/** Binds the units of the lot that the change made. */
const bind = (world: Objects, key: string, { lot, product, wallet }: Entry, units: number): Verdict | undefined => {
  if (wallet === undefined) return undefined
  const resting = world
    .units(product)
    .filter((unit) => unit.state === "held" && unit.wallet === wallet && unit.takenBy === undefined)
  const inLot = resting.filter((unit) => unit.investment === lot)
  if (inLot.length < units) return no("units_moved_on", inLot.length)
  if (resting.length - units < (world.frozen.get(`${product} ${wallet}`) ?? 0)) return no("units_frozen")
  for (const unit of inLot.slice(0, units)) unit.takenBy = key
  return undefined
}

/** @category computing */
export const reversalRules = {
  ReverseChange: (world, asked, { change, reversalId, units: wanted }) => {
    const entry = entryOf(world, asked, change)
    if (!entry) return no(change.kind === "credit" ? "investment_not_found" : "task_not_found")
    if (entry.left === 0) return no("change_not_reversible", 0)
    if (live(world, change)) return no("reversal_in_flight")
    const units = wanted ?? entry.left
    if (!isWhole(units)) return no("units_invalid")
    if (units > entry.left || (change.kind !== "transfer" && units !== entry.left))
      return no("change_not_reversible", entry.left)
    const receiver = world.wallets.get(entry.to?.wallet ?? "")?.investor
    if (receiver !== undefined && world.investors.get(receiver)!.erased) return no("investor_erased")
    const key = `reversal ${reversalId}`
    const problem = bind(world, key, entry, units)
    if (problem) return problem
    const lots = change.kind === "credit" ? [] : givenBack(entry, units)
    const { platform, product, to, wallet } = entry
    world.tasks.set(key, { ...begun, kind: "reversal", undoes: change, platform, product, wallet, to, units, lots })
    return { ...ok, lots }
  },
  SubmitReversal: (world, asked, input) => submit(world, asked, nameOf(world, input)),
  SettleReversal: (world, asked, input) => settle(world, asked, nameOf(world, input), input.outcome),
  ResolveReversal: (world, asked, input) => resolve(world, asked, nameOf(world, input), input.outcome)
} satisfies Partial<Rules>

/** A reversal is known by its change too: of another change there is no such reversal. */
const nameOf = (world: Objects, { change, reversalId }: { readonly change: Change; readonly reversalId: string }) => {
  const undoes = world.tasks.get(`reversal ${reversalId}`)?.undoes
  return undoes?.kind === change.kind && undoes.id === change.id ? `reversal ${reversalId}` : "none"
}
