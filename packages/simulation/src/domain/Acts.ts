/**
 * What a step does, in the words of commands. For random runs of decisions.
 */
import { freezingSteps } from "./FreezingSteps.ts"
import { investmentSteps } from "./InvestmentSteps.ts"
import { investorSteps } from "./InvestorSteps.ts"
import { issuerSteps } from "./IssuerSteps.ts"
import type { Act, Reader, Reading } from "./Reading.ts"
import type { Kind, Step } from "./Steps.ts"
import { statementSteps } from "./StatementSteps.ts"
import { reversible } from "../model/ReversalRules.ts"
import { reversalSteps } from "./ReversalSteps.ts"
import { registrarTaskSteps } from "./RegistrarTaskSteps.ts"
import { isCreditable, mayLeave, redeemable, taskSteps, withFreeUnits } from "./TaskSteps.ts"

const readers: { readonly [K in Kind]: Reader } = {
  ...issuerSteps,
  ...investorSteps,
  ...investmentSteps,
  ...freezingSteps,
  ...taskSteps,
  ...registrarTaskSteps,
  ...statementSteps,
  ...reversalSteps
}

/** A step with nothing to work on becomes, most of the time, the step that must come before it. */
const possible = (reading: Reading, kind: Kind): Kind => {
  const { world } = reading
  const tasks = [...world.tasks.values()]
  switch (kind) {
    case "resolve":
      return tasks.some((t) => t.status === "unknown") ? kind : possible(reading, "settle")
    case "settle":
      return tasks.some((t) => t.ledger !== "nothing" && t.status === "processing") ? kind : possible(reading, "ledger")
    case "ledger":
      return tasks.some((t) => t.submitted && t.ledger === "nothing") ? kind : possible(reading, "submit")
    case "submit":
      return tasks.some((t) => !t.submitted && t.status === "processing") ? kind : possible(reading, "credit")
    case "transfer":
      return mayLeave(reading).length > 0 ? kind : possible(reading, "credit")
    case "redeemCrypto":
    case "force":
      return withFreeUnits(world).length > 0 ? kind : possible(reading, "credit")
    case "reverse":
      return reversible(world).length > 0 ? kind : possible(reading, "credit")
    case "redeem":
      return redeemable(world).length > 0 ? kind : possible(reading, "credit")
    case "credit":
      return [...world.investments.values()].some((i) => isCreditable(world, i)) ? kind : "sign"
    case "unfreezeWallet":
      return world.frozenWallets.size > 0 ? kind : "freezeWallet"
    case "unfreezeUnits":
      return [...world.frozen.values()].some((units) => units > 0) ? kind : possible(reading, "freezeUnits")
    case "freezeUnits":
      return redeemable(world).length > 0 ? kind : possible(reading, "credit")
    case "release":
      return world.holds.size > 0 ? kind : "hold"
    default:
      return kind
  }
}

/** Reads a step; its time passes first. @category conversions */
export const actOf = (reading: Reading, given: Step): Act => {
  const step = given.d % 10 === 0 ? given : { ...given, kind: possible(reading, given.kind) }
  reading.now += step.wait
  return readers[step.kind](reading, step)
}
