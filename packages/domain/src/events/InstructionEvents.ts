/**
 * What an instruction leaves in the log when it changes nothing: a refusal, or a note that all was as asked. A repeat gets the same answer
 * from it, and the decision can be taken again. It is found by the instruction's own tag. For the registrar.
 */
import { Schema } from "effect"
import { define } from "../Event.ts"
import * as Rejection from "../Refusal.ts"

/**
 * The non-personal members of a command, as that version of the command took them in. A version is written from 2 on; none means 1.
 */
const recordedInput = {
  input: Schema.JsonObject,
  inputVersion: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(2)))
}

export const InstructionRejected = define("InstructionRejected", {
  data: { code: Rejection.Code, details: Schema.optionalKey(Rejection.Details), ...recordedInput },
  tags: () => []
})

export const InstructionNoted = define("InstructionNoted", {
  data: recordedInput,
  tags: () => []
})
