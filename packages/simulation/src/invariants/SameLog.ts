/**
 * After healing every node has the log as it was told when it was written (promise 6). Each body is the canonical text of its event, reads as
 * the event that was committed, and has its leaf beside it.
 */
import { Events } from "@effekten/domain"
import { Codec, Json, type StoredEvent } from "@effekten/event-store"
import type { Facts } from "../history/History.ts"
import type { Invariant } from "./Invariant.ts"

const { decode } = Codec.make(Events.catalogue)

/** What is wrong with an event as it lies there. */
const faultOf = ({ body, leaf, position }: StoredEvent, { log }: Facts): string | undefined => {
  const parsed = Codec.parse(position, body)
  if (Json.canonical(parsed as Json.Json) !== body) return "is not canonical"
  if (JSON.stringify(decode(position, parsed)) !== JSON.stringify(log[position - 1])) return "was told otherwise"
  return Buffer.from(Codec.leafOf(body)).equals(leaf) ? undefined : "has another leaf"
}

/** @category values */
export const sameLog: Invariant = {
  name: "6: every node has the log as it was written",
  watch: (facts, broken) => ({
    healed: () => {
      const read = new Set<string>()
      for (const [node, events] of facts.stored) {
        if (events.length !== facts.log.length) broken(`${node} has ${events.length} events of ${facts.log.length}`)
        for (const event of events) {
          // What another node has in the same bytes was looked at.
          const bytes = `${event.position} ${Buffer.from(event.leaf).toString("hex")} ${event.body}`
          if (read.has(bytes)) continue
          read.add(bytes)
          const fault = faultOf(event, facts)
          if (fault !== undefined) broken(`${event.position} with ${node} ${fault}`)
        }
      }
    }
  })
}
