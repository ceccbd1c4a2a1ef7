/**
 * Turns of a run in words, a line each. For timelines.
 */
import type { Attempt, Call, Committed } from "./History.ts"

/** @category conversions */
export const committedLine = ({ events, last, operation }: Committed): string => {
  const [{ data, type }] = events
  const refused = type === "InstructionRejected" ? ` (${data.code})` : ""
  return `${last}  ${operation}: ${events.map((event) => event.type).join(", ")}${refused}`
}

/** @category conversions */
export const sentLine = ({ command, name, number }: Call, { node }: Attempt): string =>
  `call ${number}  ${name}${command === undefined ? "" : ` key ${command.key}`}  → ${node}`

/** @category conversions */
export const answeredLine = ({ name, number }: Call, { outcome }: Attempt): string => {
  const told =
    outcome?._tag === "Refused" ? outcome.code : outcome?._tag === "Unavailable" ? `executed ${outcome.executed}` : ""
  return `call ${number}  ${name}  ← ${outcome?._tag} ${told}`
}

/** Where the ids stand of the objects that an attempt of a call is about. @category conversions */
export const aboutCall = ({ body, ids }: Call, { outcome }: Attempt): ReadonlyArray<string> => [
  ...ids,
  body,
  ...(outcome?._tag === "Answered" ? [outcome.answer] : [])
]
