/**
 * The legal basis of an entry that the holder did not instruct, or of a stop. For the events that bear it, and for a person who decides.
 */
import { Schema } from "effect"

/**
 * By whose right a change is instructed (eWpG § 18(1)). Besides the holder's it is that of a person entitled by law, under a law or by
 * contract. Or a court decided it, or an enforceable administrative act.
 *
 * @category schemas
 */
export const Basis = Schema.Literals(["holder", "statute", "under_statute", "contract", "court", "administrative_act"])
export type Basis = typeof Basis.Type
