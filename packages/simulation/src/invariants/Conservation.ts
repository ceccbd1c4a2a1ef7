/**
 * No unit comes from nowhere (promise 1): the laws of conservation hold after every event.
 */
import { Id } from "@effekten/domain"
import type { Projection } from "@effekten/projections"
import { Register } from "@effekten/projections"
import type { Invariant } from "./Invariant.ts"

/** What the laws of conservation find wrong in a log, real logs too. @category running */
export const checkConservation = (log: ReadonlyArray<Projection.LoggedEvent>): ReadonlyArray<string> => {
  const register = Register.make()
  for (const event of log) register.apply(event)
  return [...register.violations, ...register.checkConservation()].map(
    ({ law, message, position }) => `${law} after ${position}: ${message}`
  )
}

/** @category values */
export const conservation: Invariant = {
  name: "1: conservation",
  watch: (facts, broken) => {
    const register = Register.make()
    let told = 0
    return {
      committed: ({ events }) => {
        for (const event of events) register.apply(event)
        for (const { law, message, position } of register.violations.slice(told))
          broken(`${law} after ${position}: ${message}`)
        told = register.violations.length
      },
      healed: () => {
        checkConservation(facts.log).forEach(broken)
        for (const [id, { units }] of facts.world.products) {
          const totals = register.totals(Id.ProductId.make(id))
          const held = units.filter(({ state }) => state === "held").length
          const used = units.filter(({ investment }) => investment !== undefined).length
          if (totals?.held !== held) broken(`product ${id} holds ${totals?.held}, the second model ${held}`)
          if (totals?.used !== used) broken(`product ${id} uses ${totals?.used}, the second model ${used}`)
        }
      }
    }
  }
}
