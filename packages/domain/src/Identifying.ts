/**
 * How an investor comes to be identified: by proof obtained elsewhere, and by the decision of a person where a reason is open. For platforms
 * and for the registrar's compliance staff.
 *
 * What the KYC status changes to, the waiting investments follow in the same append. So no reader ever sees an identified investor with a
 * waiting investment.
 */
import { Schema } from "effect"
import { CalendarDate } from "./CalendarDate.ts"
import type { DomainEvent } from "./Catalogue.ts"
import * as Command from "./Command.ts"
import { read, refuse, type DecisionContext, type Read } from "./Decision.ts"
import * as Document from "./Document.ts"
import { ended } from "./Ending.ts"
import { InvestmentIdentified } from "./events/InvestmentEvents.ts"
import {
  IdentificationRecorded,
  identificationPersonal,
  KycApproval,
  KycDecided,
  kycDecisionPersonal,
  KycReason
} from "./events/InvestorEvents.ts"
import { DocumentId, IdentificationId, InvestorId } from "./Id.ts"
import * as Investment from "./Investment.ts"
import * as Investor from "./Investor.ts"
import * as KycStatus from "./KycStatus.ts"
import { checkNotInFuture } from "./Times.ts"
import { dayOf, instantOf, laterOf, Timestamp } from "./Timestamp.ts"

/**
 * What becomes of the waiting investments when the KYC status changes: identified with success, ended with a refusal. What was cleared before
 * stays cleared.
 *
 * @category computing
 */
export function* fanOut(
  { id: investorId, kycStatus: before }: Investor.State,
  after: KycStatus.KycStatus,
  { receivedAt }: DecisionContext
): Generator<Read, ReadonlyArray<DomainEvent>, any> {
  if (after === before || (after !== "SUCCESS" && after !== "INSUFFICIENT")) return []
  const waiting = yield* read(Investor.waitingSubscriptions(investorId))
  if (after === "SUCCESS") return waiting.map((investmentId) => InvestmentIdentified.make({ investmentId, investorId }))
  const ends: Array<DomainEvent> = []
  for (const id of waiting) {
    const investment = yield* read(Investment.model(id))
    if (investment?._tag !== "Subscribed") throw new Error("a subscription waits that was never signed")
    ends.push(ended(investment, "KYC_INSUFFICIENT", laterOf(receivedAt, investment.signedAt), false))
  }
  return ends
}

/** The date of birth is the recorded one of the investor: an identification is held against it, and does not keep it. */
const identificationSeen = { ...identificationPersonal, birthDate: Schema.optionalKey(CalendarDate) }

type Seen = Schema.Struct.Type<typeof identificationSeen>

const withoutBirth = ({ birthDate: _birthDate, ...proof }: Seen) => proof

/** Judged on the day the verification bears, never against today: the document may have expired since. */
function* checkSeen({ birthDate, documentValidFrom, documentValidTo }: Seen, day: CalendarDate) {
  if (birthDate !== undefined && day < birthDate) yield* refuse({ code: "verified_before_birth" })
  if (day < documentValidFrom || documentValidTo < day) yield* refuse({ code: "identity_document_not_valid" })
}

/** Records proof of identity obtained elsewhere. @category commands */
export const RecordIdentification = Command.make("RecordIdentification", {
  input: {
    identificationId: IdentificationId,
    investorId: InvestorId,
    protocolDocumentId: DocumentId,
    verifiedAt: Timestamp
  },
  personal: identificationSeen,
  *decide(input, seen, context) {
    const { investorId } = input
    const investor = yield* Investor.find(investorId, context)
    yield* checkNotInFuture([instantOf(input.verifiedAt)], context)
    if (seen !== undefined) yield* checkSeen(seen, dayOf(input.verifiedAt))
    yield* Document.check([input.protocolDocumentId], investor.platform)
    // After a refusal only a person approves: the reason stays open whatever is proven now.
    const openReasons = KycStatus.withOpened(investor.openReasons, investor.refused ? ["refused_before"] : [])
    const status = KycStatus.of({ ...investor, identified: true, openReasons })
    const recording = IdentificationRecorded.make(
      { ...input, kycStatus: status, openReasons },
      seen && withoutBirth(seen)
    )
    return [recording, ...(yield* fanOut(investor, status, context))]
  },
  recall: (events) => {
    const { kycStatus: _status, openReasons: _reasons, ...input } = Command.recorded(events, "IdentificationRecorded")
    return input
  }
})

const isApproval = Schema.is(KycApproval)

/**
 * A person decides about an investor. An approval closes every open reason, and is given only where a review is open. A refusal may come at any
 * time. It voids what was proven before. A refusal repeated without a new identification changes nothing.
 *
 * @category commands
 */
export const DecideKyc = Command.make("DecideKyc", {
  input: { investorId: InvestorId, reason: KycReason },
  personal: kycDecisionPersonal,
  *decide({ investorId, reason }, personal, context) {
    const investor = yield* Investor.find(investorId, context)
    const approves = isApproval(reason)
    if (approves && investor.kycStatus !== "REVIEW") return yield* refuse({ code: "review_not_open" })
    if (!approves && investor.refused && !investor.identified) return []
    const openReasons = approves ? [] : investor.openReasons
    const kycStatus = approves ? "SUCCESS" : "INSUFFICIENT"
    return [
      KycDecided.make({ investorId, reason, kycStatus, openReasons }, personal),
      ...(yield* fanOut(investor, kycStatus, context))
    ]
  },
  recall: (events) => {
    const { investorId, reason } = Command.recorded(events, "KycDecided")
    return { investorId, reason }
  }
})
