/**
 * What an instruction left behind that changed nothing: a refusal, or the finding that all was as asked. So that a repeat gets the same
 * answer, and the decision can be taken again. Found by the instruction's own tag, which every event with a fingerprint bears.
 */
import { Schema } from "effect"
import { define } from "../Event.ts"
import { RefusalDetails, RejectionCode } from "../Rejection.ts"

/** The non-personal members of a command. */
const input = Schema.JsonObject

export const InstructionRejected = define("InstructionRejected", {
  data: { code: RejectionCode, details: Schema.optionalKey(RefusalDetails), input },
  tags: () => []
})

export const InstructionNoted = define("InstructionNoted", {
  data: { input },
  tags: () => []
})
