/**
 * `effekten webhook`: where the events of platforms are delivered to, and what could not be. For operators, and for `serve`, which delivers.
 *
 * A secret is printed once. The register seals what it stores of it, for it signs with it.
 */
import { Webhooks, WebhookStore } from "@effekten/http"
import { Lease, RegisterState, StateSeal } from "@effekten/registrar"
import { Clock, Console, Effect, Layer, Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import type { Place } from "./Place.ts"
import { platformOf } from "./Platforms.ts"

/** The endpoints of an open register, their tables made where they are missing. @category layers */
export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const { sql } = yield* RegisterState
    const { key } = yield* StateSeal
    return WebhookStore.layerSql(key).pipe(
      Layer.provide(Layer.merge(Layer.succeed(SqlClient.SqlClient, sql), SecureRandom.layerWebCrypto))
    )
  })
)

/** Delivers as long as a server runs; of several nodes one at a time does. @category running */
export const delivering = Effect.gen(function* () {
  const lease = yield* Lease
  return yield* lease.whileHeld("webhooks", Webhooks.deliverForever())
}).pipe(
  Effect.provide(layer),
  Effect.catchCause((cause) => Effect.logError("No event is delivered to any endpoint", cause))
)

const failed = (message: string, exitCode: number = ExitCode.refused) => new CommandFailed({ exitCode, message })

const inStore = <A>(
  place: Place,
  work: Effect.Effect<
    A,
    CommandFailed | WebhookStore.WebhookStoreError,
    WebhookStore.WebhookStore | SecureRandom.SecureRandom
  >
): Effect.Effect<A, CommandFailed> =>
  work.pipe(
    Effect.provide(layer.pipe(Layer.provide(place.existing({})), Layer.provideMerge(SecureRandom.layerWebCrypto))),
    Effect.catchTag("WebhookStoreError", ({ message }) => Effect.fail(failed(message, ExitCode.failed)))
  )

const unknown = (id: string) =>
  failed(`there is no endpoint ${JSON.stringify(id)}: \`effekten webhook list\` shows them`)

const endpointOf = Effect.fnUntraced(function* (id: string) {
  const store = yield* WebhookStore.WebhookStore
  return (yield* store.endpoint(id)) ?? (yield* unknown(id))
})

interface AddOptions {
  readonly platform: string
  readonly url: string
  /** Credentials of the receiver, as JSON: they come from the environment. */
  readonly authorization: WebhookStore.Authorization
  readonly allowPrivate: boolean
  readonly fromStart: boolean
}

/** What is wrong with the URL of an endpoint. */
const wrongWith = (text: string, allowPrivate: boolean): string | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return "is no URL: https://example.org/hook is one"
  if (url.username !== "" || url.password !== "") return "has a user or a password in it: give a token instead"
  return url.protocol === "http:" && !allowPrivate
    ? "is not encrypted: take https, or --allow-private for trials"
    : undefined
}

/** @category commands */
export const runWebhookAdd = Effect.fnUntraced(function* (place: Place, options: AddOptions) {
  const { allowPrivate, authorization, fromStart, platform, url } = options
  const tokenUrl = authorization.kind === "client_credentials" ? [authorization.tokenUrl] : []
  for (const each of [url, ...tokenUrl]) {
    const wrong = wrongWith(each, allowPrivate)
    if (wrong !== undefined) return yield* failed(`${each} ${wrong}`, ExitCode.usage)
  }
  const { id: known } = yield* platformOf(place, platform)
  yield* inStore(
    place,
    Effect.gen(function* () {
      const added = { platform: known, url, allowPrivate, authorization, fromStart }
      const { id, secret } = yield* Webhooks.add(added)
      yield* Console.log(`ENDPOINT_ID=${id}\nENDPOINT_SECRET=${Redacted.value(secret)}`)
    })
  )
})

/** @category commands */
export const runWebhookRotate = (place: Place, options: { readonly id: string; readonly finish: boolean }) =>
  inStore(
    place,
    Effect.gen(function* () {
      const secret = (yield* Webhooks.rotate(options.id, options.finish)) ?? (yield* unknown(options.id))
      yield* Console.log(`ENDPOINT_ID=${options.id}\nENDPOINT_SECRET=${Redacted.value(secret)}`)
    })
  )

/** @category commands */
export const runWebhookPause = (place: Place, options: { readonly id: string; readonly paused: boolean }) =>
  inStore(
    place,
    Effect.gen(function* () {
      if (!(yield* Webhooks.pause(options.id, options.paused))) return yield* unknown(options.id)
      yield* Console.log(`${options.paused ? "paused" : "delivered to again"}: ${options.id}`)
    })
  )

/** @category commands */
export const runWebhookList = (place: Place) =>
  inStore(
    place,
    Effect.gen(function* () {
      const store = yield* WebhookStore.WebhookStore
      for (const { id, paused, platform, url } of yield* store.endpoints) {
        const { dead, pending } = yield* store.waiting(id)
        const state = paused ? "  paused" : ""
        yield* Console.log(`${id}  platform ${platform}  ${url}  waiting ${pending}  given up ${dead}${state}`)
        for (const { attempts, event, lane, reason } of yield* store.dead(id))
          yield* Console.log(`  ${event}  object ${lane}  ${attempts} attempts: ${reason ?? ""}`)
      }
    })
  )

/** @category commands */
export const runWebhookRemove = (place: Place, options: { readonly id: string }) =>
  inStore(
    place,
    Effect.gen(function* () {
      yield* (yield* WebhookStore.WebhookStore).remove((yield* endpointOf(options.id)).id)
      yield* Console.log(`removed: ${options.id}`)
    })
  )

/** @category commands */
export const runWebhookResend = (place: Place, options: { readonly id: string; readonly event: string | undefined }) =>
  inStore(
    place,
    Effect.gen(function* () {
      const { id } = yield* endpointOf(options.id)
      const store = yield* WebhookStore.WebhookStore
      const count = yield* store.resend(id, options.event, yield* Clock.currentTimeMillis)
      yield* Console.log(`to be sent again: ${count}`)
    })
  )
