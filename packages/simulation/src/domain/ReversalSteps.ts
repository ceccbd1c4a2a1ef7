/**
 * Reversals by steps: of any change that has been entered, whole or in part. For random runs of decisions.
 */
import type { Objects } from "../model/Objects.ts"
import { likely } from "../model/ReversalRules.ts"
import { by, pick, type Reader, unitsOf } from "./Reading.ts"
import type { Kind } from "./Steps.ts"

interface Change {
  readonly kind: string
  readonly id: string
}

const known = (world: Objects): ReadonlyArray<Change> => [
  ...[...world.investments.keys()].map((id) => ({ kind: "credit", id })),
  ...[...world.tasks.keys()].flatMap((key) => {
    const [kind = "", id = ""] = key.split(" ")
    return kind === "redemption" || kind === "transfer" ? [{ kind, id }] : []
  })
]

const bases = ["court", "under_statute", "contract"] as const

/** @category conversions */
export const reversalSteps = {
  reverse: (reading, s) => {
    const { world } = reading
    const change = pick(s.b % 7 === 0 ? known(world) : likely(world, s.b), s.a) ?? { kind: "redemption", id: "none" }
    const owner =
      change.kind === "credit"
        ? world.investments.get(change.id)?.platform
        : world.tasks.get(`${change.kind} ${change.id}`)?.platform
    const part = change.kind === "transfer" ? s.c % 2 === 0 : s.c % 17 === 0
    const input = { reversalId: reading.fresh("reversal"), change, basis: bases[s.d % 3] }
    // Nobody but the registrar reverses; now and then a platform tries as if it could.
    const platform = s.who === 0 ? reading.whose(s, owner) : undefined
    const noted = s.d % 4 === 0 ? {} : { reference: "00 AB 2/26", note: "entered twice" }
    return by(platform, "ReverseChange", part ? { ...input, units: unitsOf(s.c) } : input, noted)
  }
} satisfies { readonly [K in Kind]?: Reader }
