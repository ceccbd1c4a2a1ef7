/**
 * Whether an index finds events by what today's catalogue says of them. For the stores, when they open a log to write. A condition over a
 * tag that the index does not have guards nothing, and nothing else would tell.
 */
import { DatabaseRefused } from "../port/DatabaseRefused.ts"
import type { AnyEvent, RecordedEvent } from "../port/Event.ts"

/** What an event is found by. */
type Said = readonly [kind: "tag" | "type" | "subject", value: string]

/** Everything that the index has to find an event by. @category computing */
export const saidOf = ({
  personal,
  tags,
  type
}: Pick<RecordedEvent<AnyEvent>, "type" | "tags" | "personal">): ReadonlyArray<Said> => [
  ["type", type],
  ...tags.map((tag): Said => ["tag", tag]),
  ...(personal === undefined ? [] : [["subject", personal.subject] as const])
]

/** Why a log is not opened whose index lacks something of an event. @category errors */
export const indexLacks = (
  database: string,
  { position, type }: Pick<RecordedEvent<AnyEvent>, "position" | "type">,
  [kind, value]: Said
): DatabaseRefused =>
  new DatabaseRefused({
    filename: database,
    reason: "index",
    message: `${database}: the index does not find the ${type} at position ${position} by its ${kind} ${JSON.stringify(value)}: stop all programs that write to this log, make its index again (rebuild-index), then start this version`
  })
