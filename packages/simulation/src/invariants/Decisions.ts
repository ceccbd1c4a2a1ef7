/**
 * Every decision is that of the second model, in the order of the log (promises 2 and 3). So are refusals with what is free, and the lots of
 * redemptions and transfers. The position is where the instruction takes effect, so the model needs to know of no interleaving.
 */
import { Commands, Timestamp } from "@effekten/domain"
import type { Committed } from "../history/History.ts"
import { lotsOf } from "../domain/Play.ts"
import { apply } from "../model/Apply.ts"
import type { Verdict } from "../model/Asked.ts"
import type { Invariant } from "./Invariant.ts"

/** Refusals by what is personal in a command, which is not recalled. */
const ofPersonal = new Set([
  "us_tax_subject",
  "birth_date_in_future",
  "verified_before_birth",
  "identity_document_not_valid"
])

const recordedVerdict = ({ events }: Committed): Verdict => {
  const [first] = events
  if (first.type === "InstructionNoted") return { noop: true }
  if (first.type === "InstructionRejected") {
    const { code, details } = first.data
    const free = details?.["free"] ?? details?.["left"] ?? details?.["remaining"]
    return typeof free === "number" ? { code, free } : { code }
  }
  return { ok: true }
}

/** @category values */
export const decisions: Invariant = {
  name: "2, 3: decided as by the second model",
  watch: ({ world }, broken) => ({
    committed: (instruction) => {
      const { events, last, operation } = instruction
      if (!Commands.isOperation(operation)) return broken(`${operation} at ${last} is no operation`)
      const recorded = recordedVerdict(instruction)
      if ("code" in recorded && ofPersonal.has(recorded.code)) return
      const [{ meta }] = events
      const command = Commands.recall(operation, events)
      const now = Timestamp.instantOf(meta.receivedAt).micros / 1_000
      if (command.operation === "SeedPolicy" && "ok" in recorded) {
        apply(world, { operation: "SetPolicy", input: command.input }, { platform: undefined, now })
        return
      }
      const { lots, ...verdict } = { lots: undefined, ...apply(world, command, { platform: meta.platform, now }) }
      if (JSON.stringify(verdict) !== JSON.stringify(recorded))
        broken(`${operation} at ${last} says ${JSON.stringify(recorded)}, the second model ${JSON.stringify(verdict)}`)
      const [request] = events
      const parts = lotsOf(request)
      if (parts === undefined) return
      const taken = parts.map((part) => [part.investmentId, part.units])
      if (JSON.stringify(taken) !== JSON.stringify(lots))
        broken(`${operation} at ${last} takes ${JSON.stringify(taken)}, the second model ${JSON.stringify(lots)}`)
    }
  })
}
