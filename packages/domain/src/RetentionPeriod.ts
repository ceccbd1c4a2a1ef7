/**
 * Retention: how long the data of an investor are kept, and from when on nothing stands against their erasure. For the decision that
 * erases, and for the clock that asks for it: both use the one function here.
 *
 * An investor is *active* while they hold units, expect some or have something open, and *held* while a hold without an end stands. Then they are
 * *restricted* until a known instant, *due* from then on, and at last *erased*. What happens later moves the instant; a hold defers it.
 */
import { read, type Read } from "./Decision.ts"
import type { InvestmentId, InvestorId } from "./Id.ts"
import * as Investor from "./Investor.ts"
import * as LegalHold from "./LegalHold.ts"
import { type Policy, retainUntil } from "./Policy.ts"
import { itemsOf } from "./ChunkedList.ts"
import { type Instant, laterOf } from "./Timestamp.ts"
import * as Wallet from "./Wallet.ts"

/** What says how long data are kept. @category models */
export interface Facts {
  readonly erased: boolean
  readonly holdsUnits: boolean
  /** Units of a transfer are on their way to them. */
  readonly expectsUnits: boolean
  /** A subscription is neither ended nor delivered; a credit in flight belongs to one. */
  readonly hasOpenInvestments: boolean
  /** The last of: registration, identification, signing or end of an investment, units coming or going. */
  readonly lastAt: Instant
  readonly holds: ReadonlyArray<LegalHold.LegalHold>
}

/** What stands against an erasure. @category models */
export type Retention =
  | { readonly _tag: "Erased" }
  | {
      readonly _tag: "Active"
      readonly because: "investor_holds_units" | "investor_has_tasks_in_flight" | "investor_has_open_investments"
    }
  /** Until the registrar releases a hold. */
  | { readonly _tag: "Held" }
  /** Restricted before that instant, due from it on. */
  | { readonly _tag: "Until"; readonly due: Instant }

/** The rule. @category computing */
export const by = (facts: Facts, policy: Pick<Policy, "retention">): Retention => {
  if (facts.erased) return { _tag: "Erased" }
  // Units on their way out are still held.
  if (facts.holdsUnits) return { _tag: "Active", because: "investor_holds_units" }
  if (facts.expectsUnits) return { _tag: "Active", because: "investor_has_tasks_in_flight" }
  if (facts.hasOpenInvestments) return { _tag: "Active", because: "investor_has_open_investments" }
  let due = retainUntil(policy, facts.lastAt)
  for (const { end } of facts.holds) {
    if (end === undefined) return { _tag: "Held" }
    due = laterOf(due, end)
  }
  return { _tag: "Until", due }
}

/** Whether the erasure is due at an instant. @category predicates */
export const isDueAt = (retention: Retention, at: Instant): boolean =>
  retention._tag === "Until" && at.micros >= retention.due.micros

/** What the models say of an investor that decisions read. @category predicates */
export function* facts(investorId: InvestorId, investor: Investor.State): Generator<Read, Facts, any> {
  const { walletIds } = yield* read(Wallet.ofInvestor(investorId))
  const wallets: Array<Wallet.UnitsInState> = []
  for (const walletId of walletIds) wallets.push(yield* read(Wallet.unitsIn(walletId)))
  const { notEnded, lastAt } = yield* read(Investor.subscriptions(investorId))
  const delivered = new Set<InvestmentId>(wallets.flatMap((wallet) => itemsOf(wallet.delivered)))
  return {
    erased: investor.erased,
    holdsUnits: wallets.some(({ held }) => held > 0),
    expectsUnits: wallets.some(({ arriving }) => arriving > 0),
    hasOpenInvestments: itemsOf(notEnded).some((id) => !delivered.has(id)),
    lastAt: [lastAt, ...wallets.map((wallet) => wallet.lastAt)].reduce(
      (latest: Instant, instant) => (instant === undefined ? latest : laterOf(latest, instant)),
      investor.lastAt
    ),
    holds: yield* read(LegalHold.ofInvestor(investorId))
  }
}
