/**
 * From the erasing event on nothing personal of an investor is shown (promise 9), though the keys are destroyed a moment later. No read, no
 * list and no repeated answer does.
 */
import type { Position } from "@effekten/event-store"
import type { Attempt, Call } from "../history/History.ts"
import type { Invariant } from "./Invariant.ts"

type Shown = Readonly<Record<string, unknown>>

/** What an answer shows: a page of objects, or one. */
const shownIn = (answer: string): ReadonlyArray<Shown> => {
  const told = JSON.parse(answer) as Shown | null
  if (told === null || typeof told !== "object") return []
  return Array.isArray(told["results"]) ? (told["results"] as ReadonlyArray<Shown>) : [told]
}

/** @category values */
export const erased: Invariant = {
  name: "9: nothing of an erased investor is shown",
  watch: (_facts, broken) => {
    const erasedAt = new Map<unknown, Position>()
    return {
      committed: ({ events }) => {
        for (const { data, position, type } of events)
          if (type === "InvestorErased") erasedAt.set(data.investorId, position)
      },
      answered: ({ ids, name, number }: Call, { outcome, sent }: Attempt) => {
        if (outcome?._tag !== "Answered" || !name.startsWith("Investors.")) return
        for (const { documentId, id, naturalPerson } of shownIn(outcome.answer)) {
          // An identification bears its own id, and is asked about under its investor's.
          const since = erasedAt.get(naturalPerson === undefined ? ids[0] : id)
          if (since !== undefined && since <= sent.head && (naturalPerson ?? documentId) !== "erased")
            broken(`${name}, call ${number} shows an investor who was erased at ${since}`)
        }
      }
    }
  }
}
