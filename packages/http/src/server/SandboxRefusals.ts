/**
 * Refusals that are asked for, by the idempotency key of a command: for a developer that wants to see a client take each of them. For the
 * server of a sandbox. The register is not asked, so nothing is recorded; the key says the same every time.
 */
import { Refusal } from "@effekten/domain"
import { type CommandFailure, NotFound, type Operation, Rejection, Unavailable } from "@effekten/services"
import { exampleOf } from "../contract/Problem.ts"
import type { EdgeCode } from "../contract/ProblemTypes.ts"
import * as Authentication from "./Authentication.ts"
import { Refused } from "./Exchange.ts"

/** Begins such a key: `refuse:allocation_exhausted:1`, where any text may stand behind the code. @category values */
const prefix = "refuse:"

/** What any command may be answered with, whatever it does. @category values */
export const ofAnyCommand = [
  "invalid_request",
  "unauthorized",
  "insufficient_scope",
  "not_found",
  "request_timeout",
  "precondition_failed",
  "payload_too_large",
  "unsupported_media_type",
  "idempotency_key_reused",
  "rate_limited",
  "internal_error",
  "unavailable",
  "deadline_exceeded"
] as const satisfies ReadonlyArray<EdgeCode | "idempotency_key_reused">

type OfAnyCommand = (typeof ofAnyCommand)[number]

const headersOf = (code: OfAnyCommand, { scope }: Operation.Any): Record<string, string> => {
  switch (code) {
    case "unauthorized":
      return Authentication.tokenChallenge
    case "insufficient_scope":
      return Authentication.scopeChallenge(scope!)
    default:
      return {}
  }
}

/** As the server says it when it comes about by itself. */
const general = (code: OfAnyCommand, operation: Operation.Any): Refused | CommandFailure => {
  const { detail, errors, status } = exampleOf(code)
  switch (code) {
    case "unavailable":
      return new Unavailable({ executed: "unknown", message: detail })
    case "deadline_exceeded":
      return new Unavailable({ executed: "no", code, message: detail })
    case "idempotency_key_reused":
      return new Rejection({ code, status, message: detail })
    default:
      return new Refused({ code, detail, headers: headersOf(code, operation), ...(errors && { errors }) })
  }
}

/** What a command fails with, if its key asks for one of the refusals that it may be answered with. @category computing */
export const asked = (operation: Operation.Any, key: string): Refused | CommandFailure | undefined => {
  if (!key.startsWith(prefix)) return undefined
  const [name] = key.slice(prefix.length).split(":")
  const any = ofAnyCommand.find((each) => each === name)
  if (any !== undefined) return general(any, operation)
  const code = operation.refusals.find((each) => each === name)
  if (code === undefined) return undefined
  const { message, status } = Refusal.words(code, Refusal.wordsVersion)
  return status === 404 ? new NotFound({ code, message }) : new Rejection({ code, status, message })
}
