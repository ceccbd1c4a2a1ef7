/**
 * Statements of the register by steps. For random runs of decisions.
 */
import { by, type Reader } from "./Reading.ts"
import type { Kind } from "./Steps.ts"

const causes = ["entry", "change", "yearly", "request"] as const

/** @category conversions */
export const statementSteps = {
  statement: (reading, s) => {
    const { entered, investments, products } = reading.world
    const due = new Map(
      [...investments].filter(([id, i]) => s.b % 5 === 0 || (entered.has(id) && products.get(i.product)!.ewpg))
    )
    const investmentId = reading.known(due.size === 0 ? investments : due, s.a)
    const statementId = reading.fresh("statement")
    const cause = causes[s.c % 4]!
    return by(reading.whose(s, investments.get(investmentId)?.platform), "IssueStatement", {
      statementId,
      investmentId,
      cause,
      about: cause === "request" ? statementId : String(2020 + (s.d % 9)),
      // Long before the first entry, or long after everything.
      asOf: s.d % 3 === 0 ? 1 : Number.MAX_SAFE_INTEGER,
      renderer: 1
    })
  }
} satisfies { readonly [K in Kind]?: Reader }
