/**
 * Statements of the register in the second model.
 */
import { no, noop, ok, type Rules, sees } from "./Asked.ts"

/** @category computing */
export const statementRules = {
  IssueStatement: (world, asked, input) => {
    const { about, cause, investmentId } = input
    const investment = sees(asked, world.investments.get(investmentId))
    if (!investment) return no("investment_not_found")
    if (world.investors.get(investment.investor)!.erased) return no("investor_erased")
    if (!world.products.get(investment.product)!.ewpg) return no("not_a_crypto_security")
    if (!world.entered.has(investmentId)) return no("statement_not_due")
    if (cause === "request") return ok
    const name = `${investmentId} ${cause} ${about}`
    if (world.statements.has(name)) return noop
    world.statements.add(name)
    return ok
  }
} satisfies Partial<Rules>
