/**
 * Webhooks (invariant 37): each notification of a feed comes to each endpoint of its platform, or is a dead letter that an operator sees.
 * They come in order for each object, signed, under one id, and to no other platform.
 *
 * The feed is folded here from the log, beside those of the nodes.
 */
import { WebhookSignature } from "@effekten/http"
import { Projections, Views } from "@effekten/projections"
import { Base64Url } from "effect/encoding"
import type { Facts } from "../history/History.ts"
import type { Arrival, EndpointFacts } from "../history/Webhooks.ts"
import * as Process from "../kernel/Process.ts"
import type { Invariant } from "./Invariant.ts"

/** A notification as a receiver reads it. */
interface Body {
  readonly object_id: string
  readonly status: string
  readonly changed_at: string
  readonly undelivered_before?: true
}

/** A notification of a feed. */
interface Notification {
  readonly id: string
  readonly at: number
  readonly said: string
  readonly lane: string
  /** Milliseconds since 1970. */
  readonly changedAt: number
}

/** Two of an object may say the same of one instant, by a clock that was set back. Their ids differ. */
const saidIn = ({ changed_at, object_id, status }: Body): string => `${object_id} ${status} ${changed_at}`

/** Its place in the feed: a reader of the feed goes on behind it. */
const idAt = (at: number): string => Base64Url.encode(`feed from ${at + 2}`)

/** What was begun before an operator changed an endpoint ends within this. A node may be paused, slow, or without its lease. */
const underWay = 30_000_000

const feeds = () => {
  const views = Views.make([Projections.feed])
  const all = new Map<string, Array<Notification>>()
  return {
    views,
    of: (platform: string): ReadonlyArray<Notification> => {
      const known = all.get(platform) ?? []
      all.set(platform, known)
      for (const key of views.keys(Projections.feed, platform).slice(known.length)) {
        const { changedAt, investmentId, objectId, status } = Projections.feedEntry(views.get(Projections.feed, key)!)
        known.push({
          id: idAt(known.length),
          at: known.length,
          said: saidIn({ object_id: objectId, status, changed_at: changedAt }),
          lane: investmentId ?? objectId,
          changedAt: Date.parse(changedAt)
        })
      }
      return known
    }
  }
}

/** The endpoint that a request was signed for. Several may have one URL. */
const signedFor = ({ webhooks }: Facts, { body, headers, time, url }: Arrival): [string, EndpointFacts] | undefined => {
  const message = { id: headers["webhook-id"] ?? "", timestamp: Number(headers["webhook-timestamp"]), body }
  const told = {
    signature: headers["webhook-signature"] ?? "",
    now: Math.floor((Process.epoch + time / 1_000) / 1_000)
  }
  return [...webhooks.endpoints].find(
    ([, endpoint]) =>
      new URL(endpoint.url).href === url &&
      endpoint.secrets.some(
        ({ secret, until = time }) => until + underWay >= time && WebhookSignature.isSigned(secret, message, told)
      )
  )
}

/** @category values */
export const delivered: Invariant = {
  name: "webhooks arrive, in order",
  watch: (facts, broken) => {
    const feed = feeds()
    const taken = new Map<string, Set<Notification>>()
    const takenBy = (id: string): Set<Notification> => {
      const known = taken.get(id) ?? new Set()
      taken.set(id, known)
      return known
    }
    const isKept = ({ since }: EndpointFacts, { changedAt }: Notification) => changedAt >= since

    const received = (arrival: Arrival): void => {
      if (facts.webhooks.isPutBack) return
      const [id, endpoint] = signedFor(facts, arrival) ?? []
      if (id === undefined || endpoint === undefined) return broken(`what came to ${arrival.url} is signed for nobody`)
      const { stoppedAt } = endpoint
      if (stoppedAt !== undefined && arrival.time > stoppedAt + underWay)
        broken(`${id} gets webhooks, though it is ${endpoint.isRemoved ? "removed" : "paused"}`)
      const body = JSON.parse(arrival.body) as Body & { readonly id: string }
      const all = feed.of(endpoint.platform)
      const notification = all.find((each) => each.id === body.id)
      if (notification?.said !== saidIn(body))
        return broken(`${id} is told of ${saidIn(body)} as ${body.id}, which is not in its feed`)
      if (arrival.headers["webhook-id"] !== body.id)
        broken(`${id} is told of ${body.id} under the id ${arrival.headers["webhook-id"]}`)
      const { at, lane, said } = notification
      for (const before of all.slice(0, at)) {
        if (before.lane !== lane || !isKept(endpoint, before) || takenBy(id).has(before)) continue
        const name = `${id} ${before.id}`
        if (!facts.webhooks.givenUp.has(name)) broken(`${id} is told of ${said} before ${before.said}`)
        else if (facts.webhooks.dead.has(name) && body.undelivered_before !== true)
          broken(`${id} is told of ${said} without the mark that ${before.said} is missing`)
      }
      if (arrival.isTaken) takenBy(id).add(notification)
    }
    return {
      committed: ({ events }) => {
        for (const event of events) feed.views.apply(event)
      },
      received,
      healed: () => {
        if (facts.webhooks.isPutBack) return
        for (const [id, endpoint] of facts.webhooks.endpoints) {
          if (endpoint.isRemoved) continue
          const left = facts.webhooks.left.get(id)
          const dead = new Set(left?.dead)
          if (left?.pending !== 0) broken(`${left?.pending} webhooks of ${id} wait forever`)
          for (const notification of feed.of(endpoint.platform))
            if (isKept(endpoint, notification) && !takenBy(id).has(notification) && !dead.has(notification.id))
              broken(`${id} never hears of ${notification.said}, and nobody sees that`)
        }
      }
    }
  }
}
