/**
 * A place in one history: a position together with the leaf there. For everything that is kept by position. A position alone must not be
 * kept: after a restored backup, or a standby that was promoted while it was behind, it says nothing.
 */
import type { Position } from "./Event.ts"

/**
 * A position, and the RFC 6962 leaf of the event there in lower-case hex. At position 0, where there is no event, the log's id stands for
 * the leaf. Two logs that have the same leaf at a position have the same events up to it.
 *
 * @category models
 */
export interface Bookmark {
  readonly position: Position
  readonly leaf: string
}
