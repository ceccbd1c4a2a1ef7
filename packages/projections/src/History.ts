/**
 * Where a read model stands in the history of its log. For the read models.
 */
import type { EventStoreError, Position } from "@effekten/event-store"
import { Effect } from "effect"
import type { Log } from "./Projection.ts"

export interface Bookmark {
  readonly position: Position
  readonly leaf: string
}

export interface Looks {
  readonly bookmark: (known: Bookmark) => Effect.Effect<Bookmark | undefined, EventStoreError>
  readonly leafAt: (position: Position) => Effect.Effect<string | undefined, EventStoreError>
}

export const looksOf = (log: Log): Looks => {
  const leafAt = (position: Position): Effect.Effect<string | undefined, EventStoreError> =>
    position === 0
      ? Effect.succeed(log.logId)
      : Effect.map(log.readAll("all", { from: position, to: position }), ([event]) => event?.id)
  return {
    leafAt,
    bookmark: Effect.fnUntraced(function* (known) {
      if ((yield* leafAt(known.position)) !== known.leaf) return undefined
      const position = yield* log.head
      if (position === known.position) return known
      const leaf = yield* leafAt(position)
      return leaf === undefined ? undefined : { position, leaf }
    })
  }
}
