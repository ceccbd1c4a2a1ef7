/**
 * What may be added to a signed investment: acceptance, payment, a wallet. For platforms.
 */
import { Schema } from "effect"
import type { DomainEvent } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { refuse, type Refuse } from "./Decision.ts"
import { InvestmentAccepted, InvestmentPaid, WalletAssigned } from "./events/InvestmentEvents.ts"
import { InvestmentId, WalletId } from "./Id.ts"
import * as Investment from "./Investment.ts"
import * as Times from "./Times.ts"
import { sameMoment, type Timestamp } from "./Timestamp.ts"
import * as Wallet from "./Wallet.ts"

/** What is recorded already is no change: the same moment in another offset, or `now` where there is a time. */
const differs = (stated: Times.Stated | undefined, recorded: Timestamp | undefined): stated is Times.Stated =>
  stated !== undefined && (recorded === undefined || (stated !== "now" && !sameMoment(stated, recorded)))

const input = {
  investmentId: InvestmentId,
  acceptedAt: Schema.optionalKey(Times.Stated),
  paidAt: Schema.optionalKey(Times.Stated),
  walletId: Schema.optionalKey(WalletId)
}

function* checkNotEnded(investment: Investment.State): Generator<Refuse, void, any> {
  if (investment.end !== undefined) yield* refuse({ code: "investment_ended", details: { status: investment.end } })
}

/** What a transfer brought is delivered: nothing can be added to it. */
function* amendTransferred(
  investment: Investment.Transferred,
  { acceptedAt, paidAt, walletId = investment.walletId }: Schema.Struct.Type<typeof input>
): Generator<Refuse, ReadonlyArray<DomainEvent>, any> {
  const isSame = acceptedAt === undefined && paidAt === undefined && walletId === investment.walletId
  return isSame ? [] : yield* refuse({ code: "already_delivered" })
}

/** All members that differ from what is recorded take effect, or none. @category commands */
export const AmendInvestment = Command.make("AmendInvestment", {
  input,
  *decide(amending, _personal, context) {
    const { investmentId, acceptedAt, paidAt, walletId } = amending
    const investment = yield* Investment.find(investmentId, context)
    if (investment._tag === "Transferred") return yield* amendTransferred(investment, amending)
    const events: Array<DomainEvent> = []
    if (differs(acceptedAt, investment.acceptedAt)) {
      yield* checkNotEnded(investment)
      if (investment.acceptedAt !== undefined) return yield* refuse({ code: "already_accepted" })
      const instant = Times.statedInstant(acceptedAt, investment.signedAt, context)
      yield* Times.check(investment.signedAt, [instant], context)
      events.push(InvestmentAccepted.make({ investmentId, acceptedAt: instant.text }))
    }
    if (differs(paidAt, investment.paidAt)) {
      yield* checkNotEnded(investment)
      if (investment.paidAt !== undefined) return yield* refuse({ code: "already_paid" })
      const instant = Times.statedInstant(paidAt, investment.signedAt, context)
      yield* Times.check(investment.signedAt, [instant], context)
      events.push(InvestmentPaid.make({ investmentId, paidAt: instant.text }))
    }
    if (walletId !== undefined && walletId !== investment.walletId) {
      yield* checkNotEnded(investment)
      if (investment.delivered) return yield* refuse({ code: "already_delivered" })
      if (Investment.hasCreditInFlight(investment)) return yield* refuse({ code: "credit_in_flight" })
      yield* Wallet.findOf(investment.investorId, walletId, context)
      events.push(WalletAssigned.make({ investmentId, walletId }))
    }
    return events
  },
  recall: (events) => {
    const accepted = Command.findRecorded(events, "InvestmentAccepted")
    const paid = Command.findRecorded(events, "InvestmentPaid")
    const wallet = Command.findRecorded(events, "WalletAssigned")
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
