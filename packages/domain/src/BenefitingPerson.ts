/**
 * Benefiting persons: the people behind a company (GwG § 3). For platforms. A company is identified only with at least one of them. Nobody is
 * taken away: where they change, the new ones are added.
 */
import { Schema } from "effect"
import * as Command from "./Command.ts"
import { refuse } from "./Decision.ts"
import { BenefitingPersonAdded, benefitingPersonPersonal } from "./events/InvestorEvents.ts"
import { BenefitingPersonId, InvestorId } from "./Id.ts"
import { fanOut } from "./Identifying.ts"
import * as Investor from "./Investor.ts"
import * as KycStatus from "./KycStatus.ts"
import { maximumBenefitingPersons } from "./Policy.ts"
import { isFutureDay } from "./Times.ts"

const isReason = Schema.is(KycStatus.BenefitingReason)

/** @category commands */
export const AddBenefitingPerson = Command.make("AddBenefitingPerson", {
  input: {
    benefitingPersonId: BenefitingPersonId,
    investorId: InvestorId,
    /** What of the person asks for a decision. */
    opens: Schema.Array(KycStatus.BenefitingReason)
  },
  personal: benefitingPersonPersonal,
  *decide({ opens, ...input }, personal, context) {
    const investor = yield* Investor.find(input.investorId, context)
    const birthDate = personal?.naturalPerson.birthDate
    if (birthDate !== undefined && isFutureDay(birthDate, context))
      return yield* refuse({ code: "birth_date_in_future" })
    if (investor.kind !== "legal") return yield* refuse({ code: "investor_not_legal_person" })
    if (investor.benefitingPersons >= maximumBenefitingPersons)
      return yield* refuse({ code: "too_many_benefiting_persons" })
    const openReasons = KycStatus.withOpened(investor.openReasons, opens)
    const benefitingPersons = investor.benefitingPersons + 1
    const kycStatus = KycStatus.of({ ...investor, benefitingPersons, openReasons })
    return [
      BenefitingPersonAdded.make({ ...input, kycStatus, openReasons }, personal),
      ...(yield* fanOut(investor, kycStatus, context))
    ]
  },
  recall: (events) => {
    const { kycStatus: _status, openReasons, ...input } = Command.recorded(events, "BenefitingPersonAdded")
    // What was open already is opened once.
    return { ...input, opens: openReasons.filter(isReason) }
  }
})
