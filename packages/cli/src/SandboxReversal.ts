/**
 * A wrong entry that the registrar undoes, and what a person says of a task that nobody knows the outcome of. For the sandbox, whose
 * developer is no registrar. On changes of the client's platform alone.
 */
import {
  Credits,
  Investments,
  Redemptions,
  Resolutions,
  Reversals,
  ReversibleId,
  ReversibleKind,
  Transfers
} from "@effekten/services"
import { Id, TaskStatus, Units } from "@effekten/domain"
import { Effect, Schema } from "effect"
import { type SandboxLedger, ToldOutcome } from "./SandboxLedger.ts"

const Reversal = Schema.Struct({
  kind: ReversibleKind,
  change: ReversibleId,
  units: Schema.optionalKey(Units.Units),
  outcome: Schema.optionalKey(ToldOutcome)
})

/** Fails where the change is another platform's. */
const own = ({ change, kind }: Pick<typeof Reversal.Type, "change" | "kind">) => {
  switch (kind) {
    case "credit":
      return Effect.asVoid(Effect.flatMap(Investments, ({ get }) => get(Id.InvestmentId.make(change))))
    case "redemption":
      return Effect.asVoid(Effect.flatMap(Redemptions, ({ get }) => get(Id.RedemptionId.make(change))))
    case "transfer":
      return Effect.asVoid(Effect.flatMap(Transfers, ({ get }) => get(Id.TransferId.make(change))))
  }
}

const reversalNow = Effect.fnUntraced(function* (kind: ReversibleKind, change: ReversibleId, reversal: Id.ReversalId) {
  const { id, status, units } = yield* Effect.flatMap(Reversals, ({ get }) => get(kind, change, reversal))
  return { id, kind, change, units, status }
})

/** Undoes a change, and returns the reversal as it is then. @category running */
export const reverse = (ledger: SandboxLedger) =>
  Effect.fnUntraced(function* (body: unknown) {
    const { change, kind, outcome, units } = yield* Schema.decodeUnknownEffect(Reversal)(body)
    yield* own({ change, kind })
    const input = { basis: "court" as const, ...(units === undefined ? {} : { units }) }
    const requested = Effect.flatMap(Reversals, ({ request }) => request(kind, change, input))
    const { id } = yield* outcome === undefined ? requested : ledger.saying(outcome, requested)
    return yield* reversalNow(kind, change, id)
  })

const outcome = TaskStatus.FinalOutcome

/** @category schemas */
export const Resolution = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("credit"), investment: Id.InvestmentId, task: Id.CreditId, outcome }),
  Schema.Struct({ kind: Schema.Literal("redemption"), task: Id.RedemptionId, outcome }),
  Schema.Struct({ kind: Schema.Literal("transfer"), task: Id.TransferId, outcome }),
  Schema.Struct({
    kind: Schema.Literal("reversal"),
    reverses: ReversibleKind,
    change: ReversibleId,
    task: Id.ReversalId,
    outcome
  })
])

/** A person says what became of a task whose outcome is unknown. @category running */
export const resolve = Effect.fnUntraced(function* (said: typeof Resolution.Type) {
  const resolutions = yield* Resolutions
  const { outcome, task } = said
  switch (said.kind) {
    case "credit":
      yield* Effect.flatMap(Credits, ({ get }) => get(said.investment, said.task))
      yield* resolutions.credit(said.investment, said.task, outcome)
      break
    case "redemption":
      yield* own({ kind: said.kind, change: said.task })
      yield* resolutions.redemption(said.task, outcome)
      break
    case "transfer":
      yield* own({ kind: said.kind, change: said.task })
      yield* resolutions.transfer(said.task, outcome)
      break
    case "reversal":
      yield* own({ kind: said.reverses, change: said.change })
      yield* resolutions.reversal(said.reverses, said.change, said.task, outcome)
  }
  return { kind: said.kind, task, status: outcome }
})
