/**
 * Erasure: the data of an investor, or a document, are forgotten for good. For the registrar, and for the clock that ends retention.
 *
 * The decision makes sure that nothing stands against it: no units, none on their way, nothing open, no hold, no duty to keep. The events are the evidence and
 * hold nothing of what they erase; once they are recorded, keys and ciphertexts are destroyed.
 */
import * as Command from "./Command.ts"
import { read, refuse, type Read } from "./Decision.ts"
import * as Document from "./Document.ts"
import { DocumentErased } from "./events/DocumentEvents.ts"
import { ErasureGround, InvestorErased } from "./events/InvestorEvents.ts"
import { DocumentId, InvestorId } from "./Id.ts"
import * as Investor from "./Investor.ts"
import { standsAt } from "./LegalHold.ts"
import * as Policy from "./Policy.ts"
import type { RaisedCode, Refusal } from "./Refusal.ts"
import * as RetentionPeriod from "./RetentionPeriod.ts"
import { itemsOf } from "./ChunkedList.ts"
import type { Instant } from "./Timestamp.ts"
import { visible } from "./Visibility.ts"

/** Whether an investor that is not erased refers to the document; `leaving` does no longer. */
function* isReferredTo(documentId: DocumentId, leaving: InvestorId | undefined): Generator<Read, boolean, any> {
  for (const id of yield* read(Document.references(documentId))) {
    if (id === leaving) continue
    const investor = yield* read(Investor.model(id))
    if (investor?.erased === false) return true
  }
  return false
}

/** What stands against the erasure at an instant, as the refusal says it. */
const refusalOf = (
  retention: RetentionPeriod.Retention,
  { holds }: RetentionPeriod.Facts,
  at: Instant
): Refusal<RaisedCode> | undefined => {
  switch (retention._tag) {
    case "Erased":
      return undefined
    case "Active":
      return { code: retention.because }
    case "Held":
      return { code: "legal_hold" }
    case "Until":
      if (RetentionPeriod.isDueAt(retention, at)) return undefined
      return {
        code: holds.some((hold) => standsAt(hold, at)) ? "legal_hold" : "retention_running",
        details: { until: retention.due.text }
      }
  }
}

/**
 * Refused while the investor holds or expects units, or has subscriptions that are neither ended nor delivered. Refused too while a legal
 * hold stands, or the data must be kept. `until` in the refusal is the instant from which on it is granted, if nothing else happens. A
 * document goes with the last living investor that refers to it.
 *
 * @category commands
 */
export const EraseInvestor = Command.make("EraseInvestor", {
  input: { investorId: InvestorId, ground: ErasureGround },
  *decide({ investorId, ground }, _personal, context) {
    const investor = visible(yield* read(Investor.model(investorId)), context)
    if (investor === undefined) return yield* refuse({ code: "investor_not_found" })
    if (investor.erased) return []
    const facts = yield* RetentionPeriod.facts(investorId, investor)
    const refusal = refusalOf(RetentionPeriod.by(facts, yield* Policy.inForce()), facts, context.receivedAt)
    if (refusal !== undefined) return yield* refuse(refusal)
    const { documentIds } = yield* read(Investor.subscriptions(investorId))
    const documents: Array<DocumentId> = []
    for (const id of new Set([...investor.documentIds, ...itemsOf(documentIds)])) {
      if (!(yield* isReferredTo(id, investorId))) documents.push(id)
    }
    return [
      InvestorErased.make({ investorId, ground }),
      ...documents.map((documentId) => DocumentErased.make({ documentId }))
    ]
  },
  recall: (events) => Command.recorded(events, "InvestorErased")
})

/** For a document that was uploaded, that no living investor refers to, and that holds no deposited terms. @category commands */
export const EraseDocument = Command.make("EraseDocument", {
  input: { documentId: DocumentId },
  *decide({ documentId }, _personal, context) {
    const document = visible(yield* read(Document.model(documentId)), context)
    if (document === undefined) return yield* refuse({ code: "document_not_found" })
    if (document.erased) return []
    if (document.deposited) return yield* refuse({ code: "terms_deposited" })
    if (yield* isReferredTo(documentId, undefined)) return yield* refuse({ code: "document_in_use" })
    return [DocumentErased.make({ documentId })]
  },
  recall: (events) => ({ documentId: Command.recorded(events, "DocumentErased").documentId })
})
