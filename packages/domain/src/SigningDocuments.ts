/**
 * Documents that the investor signed after the subscription. For platforms, which may add them at any time, also to an investment that has
 * ended.
 */
import * as Command from "./Command.ts"
import { read, refuse } from "./Decision.ts"
import * as Document from "./Document.ts"
import { SignedDocumentsAdded, signedDocumentsPersonal } from "./events/InvestmentEvents.ts"
import { InvestmentId } from "./Id.ts"
import * as Investment from "./Investment.ts"
import * as Investor from "./Investor.ts"
import { maximumDocuments } from "./Policy.ts"

/** @category commands */
export const AddSignedDocuments = Command.make("AddSignedDocuments", {
  input: { investmentId: InvestmentId, documentIds: Document.Named },
  personal: signedDocumentsPersonal,
  *decide({ investmentId, documentIds }, personal, context) {
    const investment = yield* Investment.find(investmentId, context)
    const { investorId } = investment
    const investor = yield* read(Investor.model(investorId))
    if (investor === undefined || investor.erased) return yield* refuse({ code: "investor_erased" })
    yield* Document.check(documentIds, investor.platform)
    if (documentIds.some((id) => investment.documentIds.includes(id)))
      return yield* refuse({ code: "document_already_attached" })
    if (investment.documentIds.length + documentIds.length > maximumDocuments)
      return yield* refuse({ code: "too_many_documents" })
    if (documentIds.length === 0) return []
    return [SignedDocumentsAdded.make({ investmentId, investorId, documentIds }, personal)]
  },
  recall: (events) => {
    const { investmentId, documentIds } = Command.recorded(events, "SignedDocumentsAdded")
    return { investmentId, documentIds }
  }
})
