/**
 * Places in the history of a log. For the read models, which keep one beside their states.
 */
import { type Bookmark, type EventStoreError, History, type Position } from "@effekten/event-store"
import { Effect, Option, Stream } from "effect"
import type { Log } from "./Projection.ts"

/** The head that follows a place in the same history; `undefined` where the log has another one. */
export const headAfter = (log: Log, known: Bookmark): Effect.Effect<Bookmark | undefined, EventStoreError> =>
  Effect.catchIf(log.bookmark(known), History.isOtherHistory, () => Effect.undefined)

/** The bookmark at a position; `undefined` where the log ends before it. */
export const bookmarkAt = (
  { logId, readLeaves }: Log,
  position: Position
): Effect.Effect<Bookmark | undefined, EventStoreError> =>
  position === 0
    ? Effect.succeed({ position, leaf: logId })
    : Effect.map(
        Stream.runHead(readLeaves({ from: position, to: position })),
        Option.match({
          onNone: () => undefined,
          onSome: ({ hashes }) => ({ position, leaf: Buffer.from(hashes).toString("hex") })
        })
      )
