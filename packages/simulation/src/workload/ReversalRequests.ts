/**
 * The requests by which the registrar undoes entries, made of steps. For the clients of a simulation.
 */
import type { Units } from "@effekten/domain"
import { type Api, changeOf, Reversals } from "@effekten/services"
import { Effect } from "effect"
import { likely } from "../model/ReversalRules.ts"
import { type Reader, request } from "./Reading.ts"
import type { StepKind } from "./Steps.ts"

/** @category conversions */
export const reversalReaders = {
  reverse: (step, { world }) => {
    const changes = likely(world, step.b)
    const { id, kind } = changes[step.a % Math.max(1, changes.length)] ?? { id: "none", kind: "transfer" }
    const part = kind === "transfer" && step.d % 3 === 0 ? { units: (1 + (step.c % 6)) as Units.Units } : {}
    const noted = step.d % 4 === 0 ? {} : { reference: `00 AB ${step.d}/26`, note: "doppelt gebucht" }
    const input: Api.ReverseChange = { ...part, basis: step.d % 2 === 0 ? "court" : "under_statute", ...noted }
    return request(
      "Reversals.request",
      { platform: undefined, operation: "ReverseChange", ids: [kind, id], input },
      (options) =>
        Effect.flatMap(Reversals, (reversals) => reversals.request(kind, changeOf(kind, id).id, input, options))
    )
  }
} satisfies { readonly [Kind in StepKind]?: Reader }
