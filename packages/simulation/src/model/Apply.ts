/**
 * One command, given to the second model. For the oracle, and for tests that compare it with a decision.
 */
import type { Commands } from "@effekten/domain"
import type { Asked, Rules, Verdict } from "./Asked.ts"
import { freezingRules } from "./FreezingRules.ts"
import { investmentRules } from "./InvestmentRules.ts"
import { investorRules } from "./InvestorRules.ts"
import { issuerRules } from "./IssuerRules.ts"
import type { Objects } from "./Objects.ts"
import { statementRules } from "./StatementRules.ts"
import { registrarTaskRules } from "./RegistrarTaskRules.ts"
import { reversalRules } from "./ReversalRules.ts"
import { taskRules } from "./TaskRules.ts"

const rules: Rules = {
  ...issuerRules,
  ...investorRules,
  ...investmentRules,
  ...freezingRules,
  ...taskRules,
  ...registrarTaskRules,
  ...statementRules,
  ...reversalRules
}

/** Does what the command says, and tells what became of it. @category computing */
export const apply = (world: Objects, command: Commands.Command, asked: Asked): Verdict => {
  const rule = rules[command.operation] as Rules[keyof Rules]
  return rule(world, asked, command.input as never, ("personal" in command ? command.personal : undefined) as never)
}
