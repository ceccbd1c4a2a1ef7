/**
 * Endpoints of webhooks that last as long as a terminal listens. For the sandbox: they lead to a port of this machine, and nowhere else.
 */
import type { Id } from "@effekten/domain"
import { Webhooks, WebhookStore } from "@effekten/http"
import { NotFound, Unavailable } from "@effekten/services"
import { Effect, Redacted, Schema } from "effect"

const unavailable = ({ message }: WebhookStore.WebhookStoreError) =>
  Effect.fail(new Unavailable({ executed: "no", message }))

const Port = Schema.Struct({ port: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 })) })

/** Delivers what happens from now on to a port of this machine. @category running */
export const begin = Effect.fnUntraced(
  function* (platform: Id.PlatformId, body: unknown) {
    const { port } = yield* Schema.decodeUnknownEffect(Port)(body)
    const url = `http://127.0.0.1:${port}/`
    const none = { kind: "none" } as const
    const added = yield* Webhooks.add({ platform, url, allowPrivate: true, authorization: none, fromStart: false })
    return { id: added.id, secret: Redacted.value(added.secret) }
  },
  Effect.catchTag("WebhookStoreError", unavailable)
)

const Ending = Schema.Struct({ id: Schema.String })

/** Delivers no more to it. @category running */
export const end = Effect.fnUntraced(
  function* (platform: Id.PlatformId, body: unknown) {
    const { id } = yield* Schema.decodeUnknownEffect(Ending)(body)
    const store = yield* WebhookStore.WebhookStore
    if ((yield* store.endpoint(id))?.platform !== platform)
      return yield* new NotFound({ code: "not_found", message: "There is no such endpoint." })
    yield* store.remove(id)
    return { id }
  },
  Effect.catchTag("WebhookStoreError", unavailable)
)
