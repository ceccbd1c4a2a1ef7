/**
 * Investors, their documents, wallets and holds in the second model.
 */
import {
  type Asked,
  documentProblem,
  endIt,
  isLive,
  isUsed,
  millis,
  no,
  noop,
  noteAccepted,
  ok,
  type Rules,
  sees,
  standing,
  tooLate,
  touch,
  type Verdict
} from "./Asked.ts"
import { proofOf } from "./Keys.ts"
import type { Objects, Person } from "./Objects.ts"

/** An investor gets a wallet. */
const wallet =
  (managed: boolean): Rules["RegisterManagedWallet"] =>
  (world, asked, input) => {
    const i = input
    const investor = sees(asked, world.investors.get(i.investorId))
    if (!investor) return no("investor_not_found")
    if (investor.erased) return no("investor_erased")
    if (world.policy.needsKyc && world.kyc(investor) !== "SUCCESS") return no("kyc_not_successful")
    if (world.policy.needsTaxInformation && !investor.taxed && !investor.custodian) return no("tax_information_missing")
    const all = [...world.wallets.values()]
    if (managed && all.some((w) => w.investor === i.investorId && w.managed)) return no("managed_wallet_exists")
    if (all.some((w) => w.address === i.address)) return no("address_taken")
    world.wallets.set(i.walletId, {
      platform: investor.platform,
      through: asked.platform,
      investor: i.investorId,
      managed,
      address: i.address,
      receiving: i.receivingEnabled,
      proven: false
    })
    return ok
  }

/** What waited for the identification of an investor waits no longer. */
const clear = (world: Objects, asked: Asked, investor: string) => {
  for (const investment of world.investments.values()) {
    if (investment.investor !== investor || investment.cleared || investment.end) continue
    const before = world.status(investment)
    investment.cleared = true
    noteAccepted(world, asked, investment, before)
  }
}

/** A refusal is over once everything is there again; then a person decides, or what waited goes on. */
const completed = (world: Objects, asked: Asked, id: string, investor: Person) => {
  if (investor.identified && (!investor.legal || investor.benefiting > 0)) investor.refused = false
  if (world.kyc(investor) === "SUCCESS") clear(world, asked, id)
}

/** What a proof of identity is about. */
const proven = (legal: boolean): RegExp =>
  legal
    ? /^legalPerson\.(companyName|commercialRegister|commercialRegisterNumber|country)$/
    : /^naturalPerson\.(forename|surname|birthDate|birthPlace|citizenship)$/

/** The latest day that it is anywhere: clocks of the Line Islands are 14 hours ahead. */
const lastToday = ({ now }: Asked): string => new Date(now + 14 * 3_600_000).toISOString().slice(0, 10)

/** What stands against the erasure of an investor. @category computing */
export const againstErasure = (world: Objects, asked: Asked, id: string): Verdict | undefined => {
  const own = new Set([...world.wallets].filter(([, w]) => w.investor === id).map(([wallet]) => wallet))
  for (const { units } of world.products.values())
    if (units.some((u) => u.state === "held" && own.has(u.wallet ?? ""))) return no("investor_holds_units")
  if ([...world.tasks.values()].some((t) => isLive(t) && own.has(t.to?.wallet ?? "")))
    return no("investor_has_tasks_in_flight")
  for (const investment of world.investments.values())
    if (investment.investor === id && !investment.end && !investment.delivered)
      return no("investor_has_open_investments")
  if (standing(world, asked, id).length > 0) return no("legal_hold")
  return asked.now < world.investors.get(id)!.last + world.policy.keeping ? no("retention_running") : undefined
}

/** @category computing */
export const investorRules = {
  UploadDocument: (world, asked, input) => {
    world.documents.set(input.documentId, { platform: asked.platform, erased: false })
    return ok
  },
  EraseDocument: (world, asked, input) => {
    const document = sees(asked, world.documents.get(input.documentId))
    if (!document) return no("document_not_found")
    if (document.erased) return noop
    if (document.terms) return no("terms_deposited")
    if (isUsed(world, input.documentId)) return no("document_in_use")
    document.erased = true
    return ok
  },
  EraseInvestor: (world, asked, input) => {
    const id = input.investorId
    const investor = sees(asked, world.investors.get(id))
    if (!investor) return no("investor_not_found")
    if (investor.erased) return noop
    const problem = againstErasure(world, asked, id)
    if (problem) return problem
    investor.erased = true
    for (const document of investor.documents)
      if (!isUsed(world, document)) world.documents.get(document)!.erased = true
    return ok
  },
  PlaceLegalHold: (world, asked, input) => {
    const { holdId, investorId, until } = input
    const investor = sees(asked, world.investors.get(investorId))
    if (!investor) return no("investor_not_found")
    if (investor.erased) return no("investor_erased")
    const ends = until === undefined ? Infinity : millis(until)
    if (ends <= asked.now) return no("legal_hold_over")
    if (world.holds.has(`${investorId} ${holdId}`)) return noop
    if (standing(world, asked, investorId).length >= 50) return no("too_many_legal_holds")
    world.holds.set(`${investorId} ${holdId}`, { investor: investorId, until: ends, released: Infinity })
    return ok
  },
  ReleaseLegalHold: (world, asked, input) => {
    const { holdId, investorId } = input
    const investor = sees(asked, world.investors.get(investorId))
    if (!investor) return no("investor_not_found")
    if (investor.erased) return no("investor_erased")
    const hold = world.holds.get(`${investorId} ${holdId}`)
    if (!hold) return no("legal_hold_not_found")
    if (hold.released < Infinity || hold.until <= asked.now) return noop
    hold.released = asked.now
    return ok
  },
  RegisterInvestor: (world, asked, input, personal) => {
    const i = input
    if ((personal?.naturalPerson.birthDate ?? "") > lastToday(asked)) return no("birth_date_in_future")
    if (personal?.naturalPerson.isSubjectToUsTax) return no("us_tax_subject")
    const legal = i.kind === "legal"
    if (!legal && !i.ownAccount) return no("not_own_account")
    const problem = documentProblem(world, i.documentIds, asked.platform)
    if (problem) return no(problem)
    const documents = new Set<string>(i.documentIds)
    const person = {
      platform: asked.platform,
      legal,
      benefiting: 0,
      open: new Set(i.pep ? ["pep"] : []),
      taxed: i.hasTaxInformation,
      custodian: i.custodianBank,
      identified: false,
      refused: false,
      erased: false,
      last: asked.now,
      documents
    }
    world.investors.set(i.investorId, person)
    return ok
  },
  RecordIdentification: (world, asked, input, personal) => {
    const i = input
    const investor = sees(asked, world.investors.get(i.investorId))
    if (!investor) return no("investor_not_found")
    if (investor.erased) return no("investor_erased")
    if (tooLate(world, asked, millis(i.verifiedAt))) return no("timestamp_in_future")
    const p = personal
    const day = i.verifiedAt.slice(0, 10)
    if (day < (p?.birthDate ?? "")) return no("verified_before_birth")
    if (p && (day < p.documentValidFrom || day > p.documentValidTo)) return no("identity_document_not_valid")
    const problem = documentProblem(world, [i.protocolDocumentId], investor.platform)
    if (problem) return no(problem)
    touch(world, asked, i.investorId, [i.protocolDocumentId])
    investor.identified = true
    if (investor.refused) investor.open.add("refused_before")
    completed(world, asked, i.investorId, investor)
    return ok
  },
  AmendInvestor: (world, asked, input) => {
    const { documentIds, hasTaxInformation, investorId, kind, members, opens } = input
    const investor = sees(asked, world.investors.get(investorId))
    if (!investor) return no("investor_not_found")
    if (investor.erased) return no("investor_erased")
    if (kind !== undefined && (kind === "legal") !== investor.legal) return no("investor_kind_fixed")
    const problem = documentProblem(world, documentIds, investor.platform)
    if (problem) return no(problem)
    if (members.length === 0) return noop
    if (members.some((member) => proven(investor.legal).test(member))) investor.identified = false
    if (hasTaxInformation !== undefined) investor.taxed = hasTaxInformation
    for (const reason of opens) investor.open.add(reason)
    for (const id of documentIds) investor.documents.add(id)
    return ok
  },
  AddBenefitingPerson: (world, asked, { investorId, opens }) => {
    const investor = sees(asked, world.investors.get(investorId))
    if (!investor) return no("investor_not_found")
    if (investor.erased) return no("investor_erased")
    if (!investor.legal) return no("investor_not_legal_person")
    if (investor.benefiting >= 100) return no("too_many_benefiting_persons")
    investor.benefiting += 1
    for (const reason of opens) investor.open.add(reason)
    completed(world, asked, investorId, investor)
    return ok
  },
  DecideKyc: (world, asked, { investorId, reason }) => {
    const investor = sees(asked, world.investors.get(investorId))
    if (!investor) return no("investor_not_found")
    if (investor.erased) return no("investor_erased")
    if (reason === "nothing_found" || reason === "management_agreed") {
      if (world.kyc(investor) !== "REVIEW") return no("review_not_open")
      investor.open.clear()
      clear(world, asked, investorId)
      return ok
    }
    if (investor.refused && !investor.identified) return noop
    investor.refused = true
    investor.identified = false
    for (const [id, investment] of world.investments)
      if (investment.investor === investorId && !investment.cleared && !investment.end)
        endIt(world, asked, id, investment, "KYC_INSUFFICIENT")
    return ok
  },
  RegisterManagedWallet: wallet(true),
  RegisterGenericWallet: wallet(false),
  SetReceiving: (world, asked, input) => {
    const place = sees(asked, world.wallets.get(input.walletId))
    if (!place) return no("wallet_not_found")
    if (world.investors.get(place.investor)!.erased) return no("investor_erased")
    if (place.receiving === input.receivingEnabled) return noop
    place.receiving = input.receivingEnabled
    return ok
  },
  ProveAddress: (world, asked, { walletId }, personal) => {
    const place = sees(asked, world.wallets.get(walletId))
    if (!place) return no("wallet_not_found")
    if (world.investors.get(place.investor)!.erased) return no("investor_erased")
    if (personal !== undefined && personal.signature !== proofOf(place)) return no("signature_invalid")
    if (place.proven) return noop
    place.proven = true
    return ok
  }
} satisfies Partial<Rules>
