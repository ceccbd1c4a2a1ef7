/**
 * The legal basis of an entry that the holder did not instruct, or of a stop. For the events that bear it, and for a person who decides.
 */
import { Schema } from "effect"

/**
 * Those that may instruct a change (eWpG § 18(1)): the holder, or a person entitled by law, under a law, by contract, by a court's decision,
 * or by an enforceable administrative act.
 *
 * @category schemas
 */
export const Basis = Schema.Literals(["holder", "statute", "under_statute", "contract", "court", "administrative_act"])
export type Basis = typeof Basis.Type
