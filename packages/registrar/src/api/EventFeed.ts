/**
 * The feed of what happened, embedded. For the services of a platform.
 */
import { Projections } from "@effekten/projections"
import { Api, EventFeed } from "@effekten/services"
import type { Context } from "effect"
import { implement, type Implementation, pages } from "./Implement.ts"
import type { Intake } from "./Intake.ts"
import type { Showing } from "./Showing.ts"
import { view } from "./View.ts"

const event = view(Api.eventAnswer, Projections.feed, {
  1: (state, _personal, place = "") => {
    const { changedAt, investmentId, objectId, status, type } = Projections.feedEntry(state)
    return { id: place, type, objectId, investmentId, status, changedAt }
  }
})

const { operations } = EventFeed.resource

/** @category constructors */
export const eventFeed = (
  context: Context.Context<Intake | Showing>
): Implementation<typeof EventFeed.resource.operations> =>
  implement({ key: EventFeed.key, operations }, { list: pages(operations.list, { view: event }) }, context)
