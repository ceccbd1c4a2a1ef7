/**
 * Some units of one lot, as requests of ledger tasks name them. For events that take from lots.
 */
import { Schema } from "effect"
import { InvestmentId } from "../Id.ts"
import { Units } from "../Units.ts"

/** Some units of one lot. @category schemas */
export const Part = Schema.Struct({ investmentId: InvestmentId, units: Units })
export type Part = typeof Part.Type
