/**
 * Amendments of investors: a merge patch of what is known of them. For platforms. The log has the history; what a patch sets is personal.
 */
import { Schema } from "effect"
import * as Command from "./Command.ts"
import { refuse } from "./Decision.ts"
import * as Document from "./Document.ts"
import { investorChanges, InvestorAmended, InvestorKind, InvestorMember } from "./events/InvestorEvents.ts"
import { InvestorId } from "./Id.ts"
import * as Investor from "./Investor.ts"
import * as KycStatus from "./KycStatus.ts"
import { isFutureDay } from "./Times.ts"

/** What a proof of identity proves. Where one of them changes, the proof is void. @category values */
export const identityMembers: { readonly [Kind in InvestorKind]: ReadonlyArray<InvestorMember> } = {
  natural: [
    "naturalPerson.forename",
    "naturalPerson.surname",
    "naturalPerson.birthDate",
    "naturalPerson.birthPlace",
    "naturalPerson.citizenship"
  ],
  legal: [
    "legalPerson.companyName",
    "legalPerson.commercialRegister",
    "legalPerson.commercialRegisterNumber",
    "legalPerson.country"
  ]
}

const isReason = Schema.is(KycStatus.OwnReason)

/**
 * Changes the members it names. The caller has left out what is already so: where nothing remains, nothing is recorded. No amendment makes an
 * investor identified, and none refuses one. So no waiting investment follows it.
 *
 * @category commands
 */
export const AmendInvestor = Command.make("AmendInvestor", {
  input: {
    investorId: InvestorId,
    /** The kind of investor that the patch speaks of, where it says so. */
    kind: Schema.optionalKey(InvestorKind),
    members: Schema.Array(InvestorMember).check(Schema.isMaxLength(InvestorMember.literals.length)),
    /** Where the patch sets or takes away tax information. */
    hasTaxInformation: Schema.optionalKey(Schema.Boolean),
    /** What of it asks for a decision. */
    opens: Schema.Array(KycStatus.OwnReason),
    documentIds: Document.Named
  },
  personal: investorChanges,
  *decide({ investorId, kind, members, opens, ...input }, personal, context) {
    const investor = yield* Investor.find(investorId, context)
    const birthDate = personal?.naturalPerson?.birthDate
    if (birthDate !== undefined && isFutureDay(birthDate, context))
      return yield* refuse({ code: "birth_date_in_future" })
    if (kind !== undefined && kind !== investor.kind) return yield* refuse({ code: "investor_kind_fixed" })
    yield* Document.check(input.documentIds, investor.platform)
    if (members.length === 0) return []
    const identity = identityMembers[investor.kind]
    const identityChanged = members.some((member) => identity.includes(member))
    const openReasons = KycStatus.withOpened(investor.openReasons, opens)
    const identified = investor.identified && !identityChanged
    const amended = {
      investorId,
      members,
      identityChanged,
      hasTaxInformation: input.hasTaxInformation ?? investor.hasTaxInformation,
      documentIds: input.documentIds,
      kycStatus: KycStatus.of({ ...investor, identified, openReasons }),
      openReasons
    }
    return [InvestorAmended.make(amended, personal)]
  },
  recall: (events) => {
    const { documentIds, hasTaxInformation, investorId, members, openReasons } = Command.recorded(
      events,
      "InvestorAmended"
    )
    // What was open already is opened once.
    const opens = openReasons.filter(isReason)
    return { investorId, kind: undefined, members, hasTaxInformation, opens, documentIds }
  }
})
