/**
 * A document is there while an investor refers to it, and its content is the one that was uploaded (promise 9). The content of an erased
 * document is gone. Of references the log is asked; of contents, the place where they lie, once everything has healed.
 */
import type { Facts } from "../history/History.ts"
import type { Invariant } from "./Invariant.ts"

type Members = Readonly<Record<string, unknown>>

const referredTo = (data: Members): ReadonlyArray<unknown> => [
  ...((data["documentIds"] ?? []) as ReadonlyArray<unknown>),
  ...("protocolDocumentId" in data ? [data["protocolDocumentId"]] : [])
]

/** What lies there once everything has healed: of an erased document nothing, of every other what was uploaded. */
const lookAtContents = ({ contents, log }: Facts, erased: ReadonlySet<unknown>, broken: (message: string) => void) => {
  for (const { data, type } of log) {
    if (type !== "DocumentUploaded" || !contents.has(data.documentId)) continue
    const { digest, documentId } = data
    const lies = contents.get(documentId)
    if (erased.has(documentId)) {
      if (lies !== undefined) broken(`the content of ${documentId}, which is erased, is still there`)
    } else if (lies !== digest) broken(`the content of ${documentId} is ${lies ?? "missing"}, uploaded was ${digest}`)
  }
}

/** @category values */
export const documents: Invariant = {
  name: "9: a document is what was uploaded, for as long as an investor refers to it",
  watch: (facts, broken) => {
    const erased = new Set<unknown>()
    const referring = new Map<unknown, Set<unknown>>()
    return {
      committed: ({ events }) => {
        for (const { data, position, type } of events) {
          if (type === "InvestorErased") erased.add(data.investorId)
          if (type === "DocumentErased") {
            const living = [...(referring.get(data.documentId) ?? [])].find((investor) => !erased.has(investor))
            if (living !== undefined) broken(`${data.documentId} is erased at ${position}, and ${living} refers to it`)
            erased.add(data.documentId)
          }
          if (!("investorId" in data)) continue
          for (const document of referredTo(data)) {
            if (erased.has(document)) broken(`${type} at ${position} refers to ${document}, which is erased`)
            const investors = referring.get(document)
            if (investors === undefined) referring.set(document, new Set([data.investorId]))
            else investors.add(data.investorId)
          }
        }
      },
      healed: () => lookAtContents(facts, erased, broken)
    }
  }
}
