/**
 * What a person at the registrar writes to a decision on a legal basis. For the events that bear such a basis: about an investor, and
 * forgotten with them.
 */
import { Schema } from "effect"
import type { Basis } from "../Basis.ts"
import type { InvestorId } from "../Id.ts"
import * as Tag from "../Tag.ts"
import { NonEmpty } from "../Text.ts"

/** Where the decision is filed, and what the person that took it noted. @category schemas */
export const filing = {
  reference: Schema.optionalKey(NonEmpty),
  note: Schema.optionalKey(NonEmpty)
}

/**
 * The tag of the investor that a task is about, where the registrar instructed it: by that tag the personal part is disclosed. A task that a
 * platform instructed has no personal part.
 *
 * @category computing
 */
export const filedUnder = (basis: Basis | undefined, investorId: InvestorId): ReadonlyArray<string> =>
  basis === undefined ? [] : [Tag.investor(investorId)]
