/**
 * The feed of what happened: what a platform's program asks again and again, and what is delivered to its endpoints. For platforms.
 */
import { Id, Timestamp } from "@effekten/domain"
import { Schema } from "effect"
import * as Answer from "./Answer.ts"
import { taskEvents } from "./LedgerTasks.ts"
import { answer } from "./Member.ts"
import * as Operation from "./Operation.ts"
import * as Resource from "./Resource.ts"
import { listed } from "./Shape.ts"

/** What an entry is about. @category models */
export const EventType = Schema.Literals([
  "investment.status_changed",
  "investment.statement_issued",
  "investor.kyc_status_changed",
  ...taskEvents
])
export type EventType = typeof EventType.Type

/** An entry of the feed. Its id is a place in the platform's own feed: the list goes on behind it. @category models */
export const Event = answer("Event", {
  id: Schema.String,
  type: listed(EventType),
  objectId: Schema.String,
  /** The investment, if the object is one or belongs to one. */
  investmentId: Schema.NullOr(Id.InvestmentId),
  status: Schema.String,
  changedAt: Timestamp.Timestamp
})
export type Event = typeof Event.Type

/** @category schemas */
export const eventAnswer = Answer.first("Event", Event)

/** @category services */
export class EventFeed extends Resource.Served<EventFeed>()("effekten/services/EventFeed", "events", {
  /**
   * Oldest first, without a hole and without a repetition. The cursor is the id of the last entry that the caller has worked off. It is called
   * `cursor` here, as in every list, and `after` in the query over HTTP.
   */
  list: Operation.list({
    reading: "ListEvents",
    cursor: "after",
    route: "GET /v2/events/",
    scope: "investments:read",
    ids: [],
    answer: eventAnswer,
    refusals: [],
    summary: "List events"
  })
}) {}
