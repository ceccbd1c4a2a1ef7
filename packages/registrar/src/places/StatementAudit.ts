/**
 * Makes a statement of the register again, and holds it against what an audit has folded of the whole log. For audits. Nothing personal is
 * opened: what is personal reads `erased` here.
 */
import type { EventStoreError } from "@effekten/event-store"
import { type Projection, Projections, type StatementsDue } from "@effekten/projections"
import { Effect } from "effect"
import { gather, unopened } from "../api/StatementFacts.ts"
import { type Facts, renderers } from "../base/StatementText.ts"

/** What is wrong with a statement, in words; `"newer"` where only a newer program can make it again. @category models */
export type Remade = ReadonlyArray<string> | "newer"

const differences = (facts: Facts, stand: StatementsDue.Stand): ReadonlyArray<string> => {
  const told: StatementsDue.Stand = {
    remaining: facts.remaining,
    walletFrozen: facts.walletFrozen,
    frozenUnits: facts.frozenUnits
  }
  return Object.entries(stand).flatMap(([name, value]) =>
    told[name as keyof StatementsDue.Stand] === value
      ? []
      : [`${name} is told as ${told[name as keyof StatementsDue.Stand]}, and the whole log comes to ${value}`]
  )
}

/** By the renderer that the event bears, from its own events; held against the whole log where that says how things stood. @category running */
export const remake = (
  log: Projection.Log,
  event: Projection.Logged<"RegistryStatementIssued">,
  stand: StatementsDue.Stand | undefined
): Effect.Effect<Remade, EventStoreError> =>
  Effect.gen(function* () {
    const render = renderers[event.data.renderer]
    if (render === undefined) return "newer" as const
    const { investmentId, statementId } = event.data
    const state = Projections.statements.evolve(undefined, event, Projections.statementKey(investmentId, statementId))
    const facts = yield* gather(log, unopened, state!)
    const { content, text } = render(facts)
    const lost = text.includes(statementId) && content.includes(statementId) ? [] : ["it does not name itself"]
    return [...lost, ...(stand === undefined ? [] : differences(facts, stand))]
  }).pipe(
    Effect.catchIf(
      ({ reason }) => reason === "damaged",
      ({ message }): Effect.Effect<Remade> => Effect.succeed([message])
    )
  )
