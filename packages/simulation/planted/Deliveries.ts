/**
 * Bugs of webhooks, to be planted one at a time. For the table of all bugs.
 */
import { type Bug, one } from "./Bug.ts"

const sender = "http/src/webhooks/Webhooks.ts"
const store = "http/src/webhooks/WebhookStore.ts"

const waitsForLane = "AND e.lane = d.lane AND e.ordinal < d.ordinal AND e.dead_at IS NULL)\n"

export const deliveries: { readonly [name: string]: Bug } = {
  "a webhook is taken for delivered before it is sent": one(
    sender,
    "  const result = yield* Effect.result(attempt(endpoint, delivery, tokens))\n",
    `  yield* store.delivered(delivery)
  const result = yield* Effect.result(attempt(endpoint, delivery, tokens))
`
  ),
  "an attempt without an answer is taken for one": one(
    sender,
    "  const reason = result.failure.message\n",
    `  const reason = result.failure.message
  if (delivery.attempts > 0) return yield* store.delivered(delivery)
`
  ),
  "a webhook that failed does not hold the next up": one(
    store,
    waitsForLane,
    "AND e.lane = d.lane AND e.ordinal < d.ordinal AND e.dead_at IS NULL AND e.attempts = 0)\n"
  ),
  "after a dead letter the order is lost": one(
    store,
    waitsForLane,
    `AND e.lane = d.lane AND e.ordinal < d.ordinal AND e.dead_at IS NULL AND NOT EXISTS (SELECT 1 FROM webhook_delivery AS f
            WHERE f.endpoint = e.endpoint AND f.lane = e.lane AND f.dead_at IS NOT NULL))
`
  ),
  "a dead letter leaves no mark": one(
    sender,
    "  undeliveredBefore ? `${body",
    "  undeliveredBefore && body === `` ? `${body"
  ),
  "a webhook is sent again under another id": one(
    sender,
    "{ id: delivery.event, timestamp, body }",
    "{ id: `${delivery.event}${delivery.attempts}`, timestamp, body }"
  ),
  "an endpoint hears of another platform": one(
    sender,
    "forPlatform(endpoint.platform)\n",
    "forPlatform((yield* store.endpoints)[0]?.platform ?? endpoint.platform)\n"
  ),
  "a pause is overlooked": {
    file: sender,
    edits: [
      ["if (endpoint === undefined || endpoint.paused) return\n", "if (endpoint === undefined) return\n"],
      ["        endpoints.filter(({ paused }) => !paused),\n", "        endpoints,\n"]
    ]
  }
}
