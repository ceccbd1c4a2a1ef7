/**
 * What a person at the registrar writes to a decision on a legal basis. For the events that bear such a basis: about an investor, and
 * forgotten with them.
 */
import { Schema } from "effect"
import { NonEmpty } from "../Text.ts"

/** Where the decision is filed, and what the person that took it noted. @category schemas */
export const filing = {
  reference: Schema.optionalKey(NonEmpty),
  note: Schema.optionalKey(NonEmpty)
}
