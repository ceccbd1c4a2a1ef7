/**
 * The requests by which platforms ask for statements of the register, made of steps. For the clients of a simulation.
 */
import { Id } from "@effekten/domain"
import { RegistryStatements } from "@effekten/services"
import { Effect } from "effect"
import { asking, known, type Reader, request } from "./Reading.ts"
import type { StepKind } from "./Steps.ts"

/** @category conversions */
export const statementReaders = {
  statement: (step, knows) => {
    const { entered, investments, products } = knows.world
    const due = new Map(
      [...investments].filter(([id, each]) => step.b % 6 === 0 || (entered.has(id) && products.get(each.product)!.ewpg))
    )
    const id = known(due, step.a)
    const platform = asking(knows, step, investments.get(id)?.platform)
    return request(
      "RegistryStatements.create",
      { platform, operation: "IssueStatement", ids: [id], input: {} },
      (options) =>
        Effect.flatMap(RegistryStatements, (statements) => statements.create(Id.InvestmentId.make(id), options))
    )
  }
} satisfies { readonly [Kind in StepKind]?: Reader }
