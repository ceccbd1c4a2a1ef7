/**
 * The legal basis of an entry that the holder did not instruct, or of a stop. For the events that bear it, and for a person who decides.
 */
import { Schema } from "effect"

/**
 * By whose right a change is instructed (eWpG § 18(1)). The holder's; that of a person entitled by law, under a law or by contract; that of a
 * court's decision; or that of an enforceable administrative act.
 *
 * @category schemas
 */
export const Basis = Schema.Literals(["holder", "statute", "under_statute", "contract", "court", "administrative_act"])
export type Basis = typeof Basis.Type
