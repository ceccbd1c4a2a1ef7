/**
 * The ledger has in each wallet what the register holds there, and what it has done of tasks that are still open (promise 1). So it was asked
 * for the same units of the same wallet. Both are counted from the events, and from what the ledger was told.
 */
import type { LedgerTask } from "@effekten/registrar"
import type { Facts } from "../history/History.ts"
import type { Invariant } from "./Invariant.ts"

/** Units that come to a wallet, or leave it. */
interface Leg {
  readonly productId: string
  readonly walletId: string
  readonly units: number
}

/** Balances by product and wallet, without those that are nothing. */
const counting = () => {
  const balances = new Map<string, number>()
  const add = ({ productId, units, walletId }: Leg, direction: number): void => {
    const place = `${productId} in ${walletId}`
    balances.set(place, (balances.get(place) ?? 0) + direction * units)
  }
  const move = (leg: Omit<Leg, "walletId">, from: string | undefined, to: string | undefined): void => {
    if (from !== undefined) add({ ...leg, walletId: from }, -1)
    if (to !== undefined) add({ ...leg, walletId: to }, 1)
  }
  return {
    balances,
    add,
    move,
    /** What a ledger has done of a task. */
    carry: (task: LedgerTask): void => {
      if (task.kind === "transfer") move(task, task.walletId, task.targetWalletId)
      else if (task.kind === "reversal") move(task, task.fromWalletId, task.toWalletId)
      else add(task, task.kind === "credit" ? 1 : -1)
    }
  }
}

/** What the register holds, and the tasks whose outcome it does not know. */
const registered = ({ log }: Facts) => {
  const held = counting()
  const open = new Set<string>()
  const known = new Set<string>()
  const ask = (task: string): void => {
    open.add(task)
    known.add(task)
  }
  for (const { data, type } of log)
    switch (type) {
      case "CreditRequested":
        ask(data.creditId)
        break
      case "RedemptionRequested":
        ask(data.redemptionId)
        break
      case "TransferRequested":
        ask(data.transferId)
        break
      case "ReversalRequested":
        ask(data.reversalId)
        break
      case "ReversalFailed":
        open.delete(data.reversalId)
        break
      case "RegisterChangeReversed":
        held.move(data, data.fromWalletId, data.toWalletId)
        open.delete(data.reversalId)
        break
      case "CreditFailed":
        open.delete(data.creditId)
        break
      case "RedemptionFailed":
        open.delete(data.redemptionId)
        break
      case "TransferFailed":
        open.delete(data.transferId)
        break
      case "UnitsCredited":
        held.add(data, 1)
        open.delete(data.creditId)
        break
      case "UnitsRedeemed":
        held.add(data, -1)
        open.delete(data.redemptionId)
        break
      case "UnitsTransferred":
        held.move(data, data.sourceWalletId, data.targetWalletId)
        open.delete(data.transferId)
    }
  return { held, open, known }
}

/** @category values */
export const ledgerBalance: Invariant = {
  name: "1: the ledger has what the register holds",
  watch: (facts, broken) => ({
    healed: () => {
      const { held, known, open } = registered(facts)
      const ledger = counting()
      for (const [id, { state, task }] of facts.ledger) {
        // What a log that was put back has lost a person reverses at the ledger.
        if (state !== "done" || !known.has(id)) continue
        ledger.carry(task)
        if (open.has(id)) held.carry(task)
      }
      for (const place of new Set([...held.balances.keys(), ...ledger.balances.keys()])) {
        const [has, holds] = [ledger.balances.get(place) ?? 0, held.balances.get(place) ?? 0]
        if (has !== holds) broken(`${place}: the ledger has ${has}, the register holds ${holds}`)
        if (has < 0) broken(`${place}: the ledger has ${has}`)
      }
    }
  })
}
