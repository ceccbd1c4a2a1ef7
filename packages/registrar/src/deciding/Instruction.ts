/**
 * An instruction on its way through the register, and what is recorded of it. For the executor and for answers.
 */
import { type Commands, type Decision, Event, type Events, type Id, type Timestamp } from "@effekten/domain"
import type { Bookmark, EventStoreError, Position, Revealed } from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import { Array as Arr, Effect } from "effect"
import type { Log } from "../log/Log.ts"

/** One request to change the register. @category models */
export interface Instruction {
  readonly identity: string
  readonly fingerprint: string
  readonly platform: Id.PlatformId | undefined
  readonly actor: Event.Meta["actor"]
  readonly correlation: string | undefined
  /** Version of the answer its operation has today: recorded with it, so that a repeat has the same answer. */
  readonly answer: number
  readonly command: Commands.Command
  /**
   * Asks whether what the caller has seen is still so. Else nothing is decided and nothing is recorded. It is no part of the instruction: one
   * that is recorded already is answered without it.
   */
  readonly unchanged?: (() => Generator<Decision.Read, boolean, any>) | undefined
}

/**
 * An event of an instruction. Its personal part is known if this process has just recorded it. A part read from the log stays sealed until
 * an access says which actor opens it, and for what.
 *
 * @category models
 */
export type AnsweredEvent = Projection.LoggedEvent & { readonly revealed?: Revealed }

/** What was recorded of an instruction: its own events, oldest first. @category models */
export interface Answered {
  readonly events: ReadonlyArray<AnsweredEvent>
  /** The position of its last event: an answer holds nothing from later. */
  readonly position: Position
  /** It had been recorded before this request. */
  readonly replayed: boolean
  /** A place of the history that has it, if this process has just recorded it. */
  readonly at?: Bookmark | undefined
}

/** An instruction waiting for its decision. @category models */
export interface Pending {
  readonly instruction: Instruction
  /** When it entered the queue: the only "now" its decision sees, kept when it is decided again. */
  readonly receivedAt: Timestamp.Instant
  /** After it the instruction may not be recorded any more. */
  readonly deadline: bigint | undefined
}

/** Events read at a time when an instruction's own are gathered; most have one or two. */
const chunk = 8

/**
 * The events of a recorded instruction. They are at neighbouring positions and the last one has the tag, so they are read backwards from
 * there.
 *
 * @category computing
 */
export const eventsUpTo = Effect.fnUntraced(function* (
  log: Log["Service"],
  identity: string,
  last: Position
): Effect.fn.Return<ReadonlyArray<Projection.LoggedEvent>, EventStoreError> {
  const events: Array<Projection.LoggedEvent> = []
  let to = last
  gather: while (to > 0) {
    for (const event of yield* log.readAll("all", { to, limit: chunk, backwards: true })) {
      if (event.meta.instruction !== identity) break gather
      events.unshift(event)
    }
    to -= chunk
  }
  return events
})

/**
 * The last events of those instructions that are recorded, by identity.
 *
 * @category computing
 */
export const recorded = (
  log: Log["Service"],
  identities: ReadonlyArray<string>
): Effect.Effect<ReadonlyMap<string, Projection.LoggedEvent>, EventStoreError> =>
  Arr.isReadonlyArrayNonEmpty(identities)
    ? Effect.map(
        log.readAll(Arr.map(identities, (identity) => ({ tags: [Event.instructionTag(identity)] }))),
        (events) => new Map(events.map((event) => [event.meta.instruction, event]))
      )
    : Effect.succeed(new Map())

/**
 * The data of an instruction's event of a type. Answers of the registrar's side are small enough to be made of it alone.
 *
 * @category computing
 */
export const dataOf = <T extends Events.EventType>(answered: Answered, type: T): Events.Recorded<T>["data"] => {
  for (const event of answered.events) if (event.type === type) return event.data as Events.Recorded<T>["data"]
  throw new Error(`the instruction left no ${type}`)
}
