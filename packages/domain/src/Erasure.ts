/**
 * Erasure: the data of an investor, or a document, are forgotten for good. For the registrar, and for the clock that ends retention.
 *
 * What is decided here is that nothing stands against it: no units, nothing open, no duty to keep. The events are the evidence, and hold
 * nothing of what they erase; keys and ciphertexts are destroyed once they are recorded.
 */
import { command, recorded } from "./Command.ts"
import { read, refuse, type Read } from "./Decision.ts"
import { Document, References } from "./Document.ts"
import { DocumentErased } from "./events/DocumentEvents.ts"
import { ErasureGround, InvestorErased } from "./events/InvestorEvents.ts"
import { DocumentId, type InvestmentId, InvestorId } from "./Id.ts"
import { Investor, Subscriptions } from "./Investor.ts"
import { itemsOf } from "./Sequence.ts"
import { laterOf } from "./Timestamp.ts"
import { visible } from "./Visibility.ts"
import { Wallets, WalletUnits, type WalletUnitsState } from "./Wallet.ts"

/** Whether an investor that is not erased refers to the document; `leaving` does no longer. */
function* isReferredTo(documentId: DocumentId, leaving: InvestorId | undefined): Generator<Read, boolean, any> {
  for (const id of yield* read(References(documentId))) {
    if (id === leaving) continue
    const investor = yield* read(Investor(id))
    if (investor?.erased === false) return true
  }
  return false
}

/**
 * Refused while the investor holds units, has subscriptions that are neither ended nor delivered, or the data must be kept. A document
 * goes with the last living investor that refers to it.
 *
 * @category commands
 */
export const EraseInvestor = command("EraseInvestor", {
  input: { investorId: InvestorId, ground: ErasureGround },
  *decide({ investorId, ground }, _personal, context) {
    const investor = visible(yield* read(Investor(investorId)), context)
    if (investor === undefined) return yield* refuse({ code: "investor_not_found" })
    if (investor.erased) return []
    const { walletIds } = yield* read(Wallets(investorId))
    const wallets: Array<WalletUnitsState> = []
    for (const walletId of walletIds) wallets.push(yield* read(WalletUnits(walletId)))
    // Units of a redemption in flight are still held. With transfers, units on their way in are looked at next.
    if (wallets.some(({ held }) => held > 0)) return yield* refuse({ code: "investor_holds_units" })
    const { notEnded, documentIds, lastAt } = yield* read(Subscriptions(investorId))
    const delivered = new Set<InvestmentId>(wallets.flatMap((wallet) => itemsOf(wallet.delivered)))
    // A credit in flight belongs to one of these.
    if (itemsOf(notEnded).some((id) => !delivered.has(id)))
      return yield* refuse({ code: "investor_has_open_investments" })
    const last = [lastAt, ...wallets.map((wallet) => wallet.lastAt)].reduce(
      (latest: typeof investor.lastAt, instant) => (instant === undefined ? latest : laterOf(latest, instant)),
      investor.lastAt
    )
    const until = context.policy.retainUntil(last)
    if (context.receivedAt.micros < until.micros) {
      return yield* refuse({ code: "retention_running", details: { until: until.text } })
    }
    const documents: Array<DocumentId> = []
    for (const id of new Set([...investor.documentIds, ...itemsOf(documentIds)])) {
      if (!(yield* isReferredTo(id, investorId))) documents.push(id)
    }
    return [
      InvestorErased.make({ investorId, ground }),
      ...documents.map((documentId) => DocumentErased.make({ documentId }))
    ]
  },
  recall: (events) => recorded(events, "InvestorErased")
})

/** For a document that was uploaded and that no living investor refers to. @category commands */
export const EraseDocument = command("EraseDocument", {
  input: { documentId: DocumentId },
  *decide({ documentId }, _personal, context) {
    const document = visible(yield* read(Document(documentId)), context)
    if (document === undefined) return yield* refuse({ code: "document_not_found" })
    if (document.erased) return []
    if (yield* isReferredTo(documentId, undefined)) return yield* refuse({ code: "document_in_use" })
    return [DocumentErased.make({ documentId })]
  },
  recall: (events) => ({ documentId: recorded(events, "DocumentErased").documentId })
})
