/**
 * Refusals that are asked for, by the idempotency key of a command: for a developer that wants to see a client take each of them. For the
 * sandbox. The register is not asked, so nothing is recorded; the key says the same every time.
 */
import { Refusal } from "@effekten/domain"
import { type CommandFailure, NotFound, type Operation, Rejection } from "@effekten/services"

/** Begins such a key: `refuse:allocation_exhausted:1`, where any text may stand behind the code. @category values */
export const prefix = "refuse:"

/** What a command fails with, if its key asks for one of the refusals that its operation has. @category computing */
export const asked = ({ refusals }: Operation.Any, key: string): CommandFailure | undefined => {
  if (!key.startsWith(prefix)) return undefined
  const [name] = key.slice(prefix.length).split(":")
  const code = refusals.find((each) => each === name)
  if (code === undefined) return undefined
  const { message, status } = Refusal.words(code, Refusal.wordsVersion)
  return status === 404 ? new NotFound({ code, message }) : new Rejection({ code, status, message })
}
