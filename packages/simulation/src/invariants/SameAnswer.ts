/**
 * The same answer forever (promise 4): all answers of one instruction are the same bytes, and another body is refused.
 *
 * A member of a forgotten subject reads `erased`. So answers are compared without what was erased in one of them.
 */
import type { Attempt, Call } from "../history/History.ts"
import type { Invariant } from "./Invariant.ts"

interface First {
  readonly body: string
  readonly said: string
  readonly number: number
}

/** What an answer says for good. Nothing where it is said of this attempt alone. */
const saidBy = ({ outcome }: Attempt): string | undefined =>
  outcome?._tag === "Answered"
    ? outcome.answer
    : outcome?._tag === "Refused" && outcome.status === 409
      ? outcome.code
      : undefined

/** Equal, but for what one of the two has forgotten. */
const isSame = (a: unknown, b: unknown): boolean => {
  if (a === "erased" || b === "erased") return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return a === b
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names].every((name) => isSame((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]))
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** @category values */
export const sameAnswer: Invariant = {
  name: "4: the same answer forever",
  watch: (_facts, broken) => {
    const firsts = new Map<string, First>()
    return {
      answered: ({ body, command, name, number }: Call, attempt) => {
        const said = saidBy(attempt)
        if (said === undefined || command === undefined) return
        const first = firsts.get(command.identity)
        if (first === undefined) firsts.set(command.identity, { body, said, number })
        else if (first.body !== body)
          broken(`${name}, call ${number}: another body than call ${first.number} under its key, and no 422`)
        else if (first.said !== said && !isSame(parsed(first.said), parsed(said)))
          broken(`${name}, call ${number}: ${said}, and before in call ${first.number}: ${first.said}`)
      }
    }
  }
}
