/**
 * Bugs to plant in decisions and in the folds that they read. For {@link main}, which looks for them among random decisions first.
 */
import { type Bug, one } from "./Bug.ts"

const holding = "domain/src/Holding.ts"
const fifo = "domain/src/Fifo.ts"
const campaign = "domain/src/Campaign.ts"
const words = "domain/src/TaskStatus.ts"
const redemption = "domain/src/Redemption.ts"
const transfer = "domain/src/Transfer.ts"
const identifying = "domain/src/Identifying.ts"
const ending = "domain/src/Ending.ts"
const reversal = "domain/src/Reversal.ts"

/** In units, lots and tasks. */
const units: { readonly [name: string]: Bug } = {
  "newest lot first": {
    file: fifo,
    edits: [
      ["for (const chunk of holding.chunks) {", "for (const chunk of holding.chunks.toReversed()) {"],
      ["for (const lot of chunk.lots) {", "for (const lot of chunk.lots.toReversed()) {"]
    ]
  },
  "lots by id, not by rank": one(
    fifo,
    "for (const lot of chunk.lots) {",
    "for (const lot of chunk.lots.toSorted((a, b) => (a.investmentId < b.investmentId ? -1 : 1))) {"
  ),
  "redeemed lot keeps its units": one(holding, "  remaining: lot.remaining - units\n", "  remaining: lot.remaining\n"),
  "failed redemption keeps units reserved": one(
    holding,
    "const release = (lot: Lot, units: Units): Lot => ({ ...lot, reserved: lot.reserved - units })",
    "const release = (lot: Lot, _units: Units): Lot => lot"
  ),
  "moved units stay where they were": one(
    holding,
    "? settle(state, Tag.transfer(transferId), take)",
    "? settle(state, Tag.transfer(transferId), release)"
  ),
  "units on their way are taken from the target": one(
    holding,
    "return event.data.sourceWalletId === state.walletId\n",
    "return event.data.targetWalletId === state.walletId\n"
  ),
  "a wallet receives as it was registered": one(
    transfer,
    "const wallet = registered && (yield* read(Wallet.model(registered.id)))",
    "const wallet = registered"
  ),
  "an arrived transfer is waited for forever": one(
    "domain/src/Wallet.ts",
    "? arrived({ ...state, arriving: state.arriving - 1 }, recipientInvestmentId, units)",
    "? arrived(state, recipientInvestmentId, units)"
  ),
  "reserved units are free": one(
    holding,
    "(lot.blocked ? 0 : lot.remaining - lot.reserved)",
    "(lot.blocked ? 0 : lot.remaining)"
  ),
  "cancelled lot stays free": one(holding, "({ ...lot, blocked: true })", "lot"),
  "used units never fall": one(campaign, ": used - event.data.units", ": used"),
  "an outcome after an unknown one takes effect": one(
    words,
    'unknown: { succeeded: "awaiting_resolution", failed: "awaiting_resolution",',
    'unknown: { succeeded: "takes_effect", failed: "takes_effect",'
  ),
  "a person decides what is under way": one(
    words,
    '  processing: "nothing_to_resolve",',
    '  processing: "takes_effect",'
  ),
  "credit before payment": one(
    "domain/src/Crediting.ts",
    '    if (status !== "PAID") return yield*',
    '    if (status === "SIGNED") return yield*'
  ),
  "platform not checked by decisions": one(
    "domain/src/Visibility.ts",
    "thing === undefined || context.platform === undefined || thing.platform === context.platform ? thing : undefined",
    "thing === undefined || context.platform === undefined ? thing : thing"
  ),
  "erased under a legal hold": one(
    "domain/src/Erasure.ts",
    '    case "Held":\n      return { code: "legal_hold" }\n',
    '    case "Held":\n      return undefined\n'
  )
}

/** In what a wrong entry is undone by. */
const reversals: { readonly [name: string]: Bug } = {
  "a reversal is counted twice": one(
    reversal,
    "state.reversed + event.data.units",
    "state.reversed + 2 * event.data.units"
  ),
  "a reversal gives back the first lots": one(reversal, "of lots.toReversed()) {", "of lots) {"),
  "units that an ended investment gives back stay used": one(
    campaign,
    'event.type === "RegisterChangeReversed" && event.data.releases !== true',
    'event.type === "RegisterChangeReversed"'
  ),
  "a reversal names the investor it takes from as the one it gives back to": one(
    reversal,
    "      toInvestorId: to?.investorId,\n",
    "      toInvestorId: from?.investorId ?? to?.investorId,\n"
  )
}

/** In who is identified, and in what follows from it. */
const persons: { readonly [name: string]: Bug } = {
  "a signature of another address is accepted": one(
    "domain/src/AddressProof.ts",
    "if (signer !== wallet.address)",
    "if (signer === undefined)"
  ),
  "an approval leaves its reasons open": one(
    identifying,
    "const openReasons = approves ? [] : investor.openReasons",
    "const openReasons = investor.openReasons"
  ),
  "a refusal is forgotten by a new proof": one(
    identifying,
    'KycStatus.withOpened(investor.openReasons, investor.refused ? ["refused_before"] : [])',
    "KycStatus.withOpened(investor.openReasons, [])"
  ),
  "what waits outlives a refusal": one(
    identifying,
    'if (after === before || (after !== "SUCCESS" && after !== "INSUFFICIENT")) return []',
    'if (after === before || after !== "SUCCESS") return []'
  ),
  "a person approves where no review is open": one(
    identifying,
    '    if (approves && investor.kycStatus !== "REVIEW") return yield* refuse({ code: "review_not_open" })\n',
    ""
  ),
  "a company is identified without the persons behind it": one(
    "domain/src/KycStatus.ts",
    'facts.identified && (facts.kind === "natural" || facts.benefitingPersons > 0)',
    "facts.identified"
  ),
  "a changed identity stays proven": one(
    "domain/src/InvestorAmendment.ts",
    "const identified = investor.identified && !identityChanged",
    "const identified = investor.identified"
  ),
  "an investor is taken for another kind": one(
    "domain/src/InvestorAmendment.ts",
    "if (kind !== undefined && kind !== investor.kind)",
    "if (kind === investor.kind)"
  )
}

/** In how a subscription goes on and ends. */
const subscriptions: { readonly [name: string]: Bug } = {
  "a payment is due from the day it was accepted for": one(
    ending,
    "Math.max(instantOf(acceptedAt).micros, acceptedSince.micros)",
    "instantOf(acceptedAt).micros"
  ),
  "a payment is due a day late": one(ending, "paymentDays * microsPerDay", "(paymentDays + 1) * microsPerDay"),
  "a platform cancels late": one(
    ending,
    "const late = input.late && context.platform === undefined",
    "const late = input.late"
  ),
  "what was accepted is rejected": one(
    ending,
    '    if (investment.acceptedAt !== undefined) return yield* refuse({ code: "already_accepted" })\n',
    ""
  ),
  "a review passes by itself": one(
    "domain/src/InvestmentStatus.ts",
    '  if (facts.reviewRequired && !facts.reviewed) return "REVIEW_PENDING"\n',
    ""
  ),
  "a review is decided the other way": one("domain/src/Reviewing.ts", "return passed\n", "return !passed\n"),
  "a document is signed twice": one(
    "domain/src/SigningDocuments.ts",
    "documentIds.some((id) => investment.documentIds.includes(id))",
    "documentIds.length > 9 && documentIds.some((id) => investment.documentIds.includes(id))"
  )
}

/** In what is offered, and in what may leave a wallet. */
const offers: { readonly [name: string]: Bug } = {
  "a campaign shrinks below its use": one(
    campaign,
    '      if (allocation < (yield* read(used(campaignId)))) return yield* refuse({ code: "allocation_below_use" })\n',
    ""
  ),
  "a closed campaign keeps what it never used": one(
    campaign,
    "share.open ? share.allocation : yield* read(used(share.campaignId))",
    "share.allocation"
  ),
  "a campaign's window has no end": one(
    campaign,
    "  (campaign.closesAt === undefined || context.receivedAt.micros <= campaign.closesAt.micros)",
    "  true"
  ),
  "a product shrinks below its campaigns": one(
    "domain/src/ProductAmendment.ts",
    "issueVolume < (yield* Campaign.committed(productId))",
    "issueVolume < 1"
  ),
  "a term that is taken away stays": one(
    "domain/src/Product.ts",
    "change === undefined ? term : (change ?? undefined)",
    "change ?? term"
  ),
  "the registrar redeems what is no crypto security": one(
    redemption,
    '    if (product.terms.kind !== "ewpg") return yield* refuse({ code: "not_a_crypto_security" })\n',
    ""
  ),
  "a platform redeems crypto securities": one(
    redemption,
    '    if (product.terms.kind === "ewpg") return yield* refuse({ code: "redemption_of_crypto_security" })\n',
    ""
  ),
  "units are redeemed out of a frozen wallet": one(
    redemption,
    '  if (yield* read(Freezing.ofWallet(walletId))) return yield* refuse({ code: "wallet_frozen" })\n',
    ""
  ),
  "units are forced upon whom the registrar refused": one(
    transfer,
    '!investor.erased && investor.kycStatus !== "INSUFFICIENT"',
    "!investor.erased"
  ),
  "units are forced to where they are": one(
    transfer,
    '    if (input.targetAddress === source.address) return yield* refuse({ code: "same_wallet" })\n',
    ""
  ),
  "what is delisted is sold": one(
    "domain/src/Signing.ts",
    '  if (!product.listedOn.includes(campaign.platform)) yield* refuse({ code: "product_not_listed" })\n',
    ""
  ),
  "units move while their product is paused": one(
    transfer,
    '    if (product.paused) return yield* refuse({ code: "product_paused" })\n',
    ""
  ),
  "units move while they are locked up": one(
    transfer,
    "lockedUntil !== undefined && context.receivedAt.micros < instantOf(lockedUntil).micros",
    "lockedUntil !== undefined && context.receivedAt.micros > instantOf(lockedUntil).micros"
  ),
  "units move out of a frozen wallet": one(
    transfer,
    '    if (yield* read(Freezing.ofWallet(sourceWalletId))) return yield* refuse({ code: "wallet_frozen" })\n',
    ""
  ),
  "frozen units are free": one(holding, "Math.max(0, holding.available - holding.frozen)", "holding.available"),
  "released units stay frozen": one(holding, "frozen: state.frozen - event.data.units", "frozen: state.frozen"),
  "deposited terms are erased": one(
    "domain/src/Erasure.ts",
    '    if (document.deposited) return yield* refuse({ code: "terms_deposited" })\n',
    ""
  )
}

/** All of decisions, by name. */
export const rules: { readonly [name: string]: Bug } = {
  ...units,
  ...reversals,
  ...persons,
  ...subscriptions,
  ...offers
}
