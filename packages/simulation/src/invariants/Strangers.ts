/**
 * Platforms are strangers to each other (promise 10): a call by one about another's object is answered as if there were none.
 */
import type { Facts } from "../history/History.ts"
import type { Invariant } from "./Invariant.ts"

const ownerOf = ({ world }: Facts, id: string): string | undefined =>
  (world.investors.get(id) ?? world.investments.get(id) ?? world.documents.get(id) ?? world.wallets.get(id))?.platform

interface Page {
  readonly results?: ReadonlyArray<{ readonly id: string }>
}

/** @category values */
export const strangers: Invariant = {
  name: "10: platforms are strangers to each other",
  watch: (facts, broken) => ({
    answered: ({ ids, name, number, platform }, { outcome }) => {
      if (platform === undefined || outcome === undefined) return
      const foreign = ids.find((id) => (ownerOf(facts, id) ?? platform) !== platform)
      const hidden = outcome._tag !== "Answered" && !(outcome._tag === "Refused" && outcome.status === 409)
      if (foreign !== undefined && !hidden) broken(`${name}, call ${number} is about another platform's ${foreign}`)
      if (outcome._tag !== "Answered" || !name.endsWith(".list")) return
      const { results = [] } = JSON.parse(outcome.answer) as Page
      for (const { id } of results)
        if (ownerOf(facts, id) !== platform) broken(`${name}, call ${number} lists another platform's ${id}`)
    }
  })
}
