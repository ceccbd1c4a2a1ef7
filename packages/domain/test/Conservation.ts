/**
 * The laws of conservation, computed from the log and compared with the objects. For the tests, after every command: so plain comparisons.
 */
import { Campaign, type Events, Holding, type Id, Product, Wallet } from "../src/index.ts"
import type { MemoryRegister } from "@effekten/simulation/domain"
import type { Objects } from "@effekten/simulation/model"

const hold = (holds: boolean, law: string): void => {
  if (!holds) throw new Error(`does not hold: ${law}`)
}

const same = (actual: number, expected: number, what: string): void => {
  if (actual !== expected) throw new Error(`${what}: ${actual} in the log, ${expected} among the objects`)
}

export const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => a + b, 0)

/** Compares the folds of the log with the objects, law by law; throws at the first that does not hold. */
export const conservation = (register: MemoryRegister, world: Objects): void => {
  const log: ReadonlyArray<Events.RecordedDomainEvent> = register.log
  for (const [id, { erased }] of world.investors) {
    if (!erased) continue
    const { walletIds } = register.state(Wallet.ofInvestor(id as Id.InvestorId))
    hold(
      walletIds.every((wallet) => register.state(Wallet.unitsIn(wallet)).held === 0),
      "no unit in an erased investor's wallet"
    )
    const owns = (wallet: string | undefined) => world.wallets.get(wallet ?? "")?.investor === id
    hold(
      ![...world.tasks.values()].some(
        (task) =>
          (owns(task.wallet) || owns(task.to?.wallet)) && (task.status === "processing" || task.status === "unknown")
      ),
      "no unit on its way to an erased investor"
    )
  }
  for (const [id, product] of world.products) {
    const productId = id as Id.ProductId
    const ofType = <T extends Events.RecordedDomainEvent["type"]>(type: T) =>
      log.filter(
        (event): event is Extract<Events.RecordedDomainEvent, { type: T }> =>
          event.type === type && "productId" in event.data && event.data.productId === id
      )
    const reversed = (kind: Events.Change["kind"]) =>
      sum(ofType("RegisterChangeReversed").flatMap(({ data }) => (data.change.kind === kind ? [data.units] : [])))
    const issued = sum(ofType("UnitsCredited").map((event) => event.data.units)) - reversed("credit")
    const redeemed = sum(ofType("UnitsRedeemed").map((event) => event.data.units)) - reversed("redemption")
    let held = 0
    for (const walletId of world.wallets.keys()) {
      const holding = register.state(Holding.model(productId, walletId as Id.WalletId))
      const objects = product.units.filter((unit) => unit.state === "held" && unit.wallet === walletId)
      const lots = Holding.lotsOf(holding)
      held += sum(lots.map((lot) => lot.remaining))
      for (const lot of lots) {
        const ofLot = objects.filter((unit) => unit.investment === lot.investmentId)
        hold(0 <= lot.reserved && lot.reserved <= lot.remaining && lot.remaining <= lot.units, "(3)")
        same(lot.remaining, ofLot.length, "remaining of a lot")
        same(lot.reserved, ofLot.filter((unit) => unit.takenBy !== undefined).length, "reserved of a lot")
        hold((lot.blocked && ofLot.length > 0) === ofLot.some((unit) => unit.blocked), "blocked lots")
      }
      same(Holding.free(holding), world.takeable(id, walletId).length, "free")
      same(holding.frozen, world.frozen.get(`${id} ${walletId}`) ?? 0, "frozen")
      hold(0 <= holding.frozen && holding.frozen <= sum(lots.map((lot) => lot.remaining - lot.reserved)), "(4)")
      hold(
        lots.every((lot, i) => i === 0 || lots[i - 1]!.rank < lot.rank),
        "lots are in rank order"
      )
      // (5): the ledger has what is held, and what tasks without a final outcome have done there already.
      const done = [...world.tasks.values()].filter(
        (task) =>
          (task.wallet === walletId || task.to?.wallet === walletId) &&
          task.product === id &&
          task.ledger === "done" &&
          (task.status === "processing" || task.status === "unknown")
      )
      const arrives = (task: (typeof done)[number]) => task.kind === "credit" || task.to?.wallet === walletId
      const moved = sum(done.map((task) => (arrives(task) ? task.units : -task.units)))
      same(world.ledger.get(`${id} ${walletId}`) ?? 0, objects.length + moved, "(5)")
    }
    same(issued, held + redeemed, "(1)")
    const campaigns = register.state(Campaign.ofProduct(productId))
    const used = campaigns.map((share) => register.state(Campaign.used(share.campaignId)))
    const committed = sum(campaigns.map((share, i) => (share.open ? share.allocation : used[i]!)))
    campaigns.forEach((share, i) => {
      hold(used[i]! <= share.allocation, "(2) used <= allocation")
      const objects = product.units.filter(
        (unit) => unit.campaign === share.campaignId && unit.investment !== undefined
      )
      same(used[i]!, objects.length, "used")
    })
    const volume = register.state(Product.model(productId))!.terms.issueVolume
    hold(issued <= sum(used) && sum(used) <= committed && committed <= volume, "(2)")
    same(committed, product.units.filter((unit) => unit.campaign !== undefined).length, "committed")
  }
}
