/**
 * What a failure tells of its call. For callers that repeat it.
 */
import { Schema } from "effect"
import { expect, it } from "vitest"
import { type CommandFailure, failureCode, NotFound, ofCall, Rejection, Unavailable } from "../src/index.ts"

const cause = new Error("the cause")
const failures: ReadonlyArray<CommandFailure> = [
  new Rejection({ code: "insufficient_units", status: 409, message: "Too few.", details: { free: 1 } }),
  new NotFound({ code: "wallet_not_found", message: "No wallet." }),
  new Unavailable({ executed: "unknown", message: "Lost.", retryAfter: 3, cause }),
  new Unavailable({ executed: "no", message: "Full." })
]

it.each(failures)("R-21 $_tag says the same beside what is known of its call", (failure) => {
  const call = { key: "key", attempts: 3, problem: { status: 503, code: "unavailable", message: "Later." } }
  const told = ofCall(failure, call)
  expect(told).toMatchObject({ ...failure, call })
  expect([told.message, told.cause, told.executed]).toEqual([failure.message, failure.cause, failure.executed])
})

it("has a code of a closed list for a compiler, and any text for a server", () => {
  const [refusal] = failures
  // @ts-expect-error The code is misspelled.
  const misspelled = refusal?._tag === "Rejection" && refusal.code === "insufficent_units"
  expect([misspelled, refusal?._tag === "Rejection" && refusal.code === "insufficient_units"]).toEqual([false, true])
  const sent = { _tag: "Rejection", code: "of_a_later_version", status: 409, message: "No." }
  const { code } = Schema.decodeUnknownSync(Rejection)(sent)
  const text: string = code
  expect([text, failureCode("of_a_later_version")]).toEqual([sent.code, code])
})

it("R-21 a refusal and a missing object were not executed", () => {
  expect(failures.map(({ executed }) => executed)).toEqual(["no", "no", "unknown", "no"])
})
