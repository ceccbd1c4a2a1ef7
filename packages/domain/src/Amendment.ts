/**
 * What may be added to a signed investment: acceptance, payment, a wallet. For platforms.
 */
import { Schema } from "effect"
import type { DomainEvent } from "./Catalogue.ts"
import { command, findRecorded } from "./Command.ts"
import { refuse, type Refuse } from "./Decision.ts"
import { InvestmentAccepted, InvestmentPaid, WalletAssigned } from "./events/InvestmentEvents.ts"
import { InvestmentId, WalletId } from "./Id.ts"
import { findInvestment, hasCreditInFlight, type InvestmentState } from "./Investment.ts"
import { checkTimes, StatedTime, statedInstant } from "./Times.ts"
import { sameMoment, type Timestamp } from "./Timestamp.ts"
import { findWalletOf } from "./Wallet.ts"

/** What is recorded already is no change: the same moment in another offset, or `now` where there is a time. */
const differs = (stated: StatedTime | undefined, recorded: Timestamp | undefined): stated is StatedTime =>
  stated !== undefined && (recorded === undefined || (stated !== "now" && !sameMoment(stated, recorded)))

function* checkNotEnded(investment: InvestmentState): Generator<Refuse, void, any> {
  if (investment.end !== undefined) yield* refuse({ code: "investment_ended", details: { status: investment.end } })
}

/** All members that differ from what is recorded take effect, or none. @category commands */
export const AmendInvestment = command("AmendInvestment", {
  input: {
    investmentId: InvestmentId,
    acceptedAt: Schema.optionalKey(StatedTime),
    paidAt: Schema.optionalKey(StatedTime),
    walletId: Schema.optionalKey(WalletId)
  },
  *decide({ investmentId, acceptedAt, paidAt, walletId }, _personal, context) {
    const investment = yield* findInvestment(investmentId, context)
    const events: Array<DomainEvent> = []
    if (differs(acceptedAt, investment.acceptedAt)) {
      yield* checkNotEnded(investment)
      if (investment.acceptedAt !== undefined) return yield* refuse({ code: "already_accepted" })
      const instant = statedInstant(acceptedAt, investment.signedAt, context)
      yield* checkTimes(investment.signedAt, [instant], context)
      events.push(InvestmentAccepted.make({ investmentId, acceptedAt: instant.text }))
    }
    if (differs(paidAt, investment.paidAt)) {
      yield* checkNotEnded(investment)
      if (investment.paidAt !== undefined) return yield* refuse({ code: "already_paid" })
      const instant = statedInstant(paidAt, investment.signedAt, context)
      yield* checkTimes(investment.signedAt, [instant], context)
      events.push(InvestmentPaid.make({ investmentId, paidAt: instant.text }))
    }
    if (walletId !== undefined && walletId !== investment.walletId) {
      yield* checkNotEnded(investment)
      if (investment.delivered) return yield* refuse({ code: "already_delivered" })
      if (hasCreditInFlight(investment)) return yield* refuse({ code: "credit_in_flight" })
      yield* findWalletOf(investment.investorId, walletId, context)
      events.push(WalletAssigned.make({ investmentId, walletId }))
    }
    return events
  },
  recall: (events) => {
    const accepted = findRecorded(events, "InvestmentAccepted")
    const paid = findRecorded(events, "InvestmentPaid")
    const wallet = findRecorded(events, "WalletAssigned")
    const first = accepted ?? paid ?? wallet
    if (first === undefined) throw new TypeError("no amendment among the events of the instruction")
    return {
      investmentId: first.data.investmentId,
      acceptedAt: accepted?.data.acceptedAt,
      paidAt: paid?.data.paidAt,
      walletId: wallet?.data.walletId
    }
  }
})
