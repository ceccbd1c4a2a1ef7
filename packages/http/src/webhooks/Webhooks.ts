/**
 * Delivers the feed of each platform to its endpoints: at least once, and in order for each investment. For servers of a register, and for the
 * commands that manage endpoints.
 *
 * The feed is the truth, and a receiver that was away may read it. An entry is given up after ten attempts; then it is a dead letter, which a
 * person sees and has sent again. Those behind it pass, marked.
 */
import type { Id } from "@effekten/domain"
import { Api, Answer, EventFeed, PlatformServices } from "@effekten/services"
import { Clock, Context, type Duration, Effect, FiberMap, Random, Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { isPublic, systemResolve, type Resolve } from "./WebhookAddress.ts"
import { AttemptTime, Carrying, NoAnswer, post, type Transport } from "./WebhookRequest.ts"
import * as WebhookSignature from "./WebhookSignature.ts"
import { type Authorization, type Delivery, type Endpoint, WebhookStore } from "./WebhookStore.ts"

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** How long after the one before each further attempt is made; the first one is made at once. @category values */
export const pauses: ReadonlyArray<number> = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour
]

/** A pause is longer or shorter by at most this part, by chance: endpoints that came back are not met all at once. */
const jitter = 0.1

/** Entries that wait for an endpoint at most. The others wait in the feed. */
const maximumPending = 1000

/** Entries of an endpoint that were given up at most: then it stands still until a person looks. */
const maximumDead = 10_000

/** Attempts of an endpoint at a time, and endpoints at a time. */
const atOnce = 8

const pageSize = 500

export { AttemptTime, Carrying, isPublic, NoAnswer }
export type { Transport }

/** Resolves names of receivers. A test has names of its own. @category services */
export const Resolving = Context.Reference<Resolve>("effekten/http/WebhookResolving", {
  defaultValue: () => systemResolve
})

const toWire = Schema.encodeSync(Answer.schemaOf(Api.eventAnswer))

/** The members that are documented first, ours behind. */
const bodyOf = (event: Api.Event): string => {
  const { changed_at, investment_id, status, ...ours } = toWire(event)
  return JSON.stringify({ investment_id, status, changed_at, ...ours })
}

const marked = ({ body, undeliveredBefore }: Delivery): string =>
  undeliveredBefore ? `${body.slice(0, -1)},"undelivered_before":true}` : body

/** Puts down what follows in the feed, as far as there is room. */
const takeIn = Effect.fnUntraced(function* (endpoint: Endpoint) {
  const store = yield* WebhookStore
  const services = (yield* PlatformServices).forPlatform(endpoint.platform)
  let at = endpoint
  for (;;) {
    const { dead, pending } = yield* store.waiting(at.id)
    if (pending >= maximumPending || dead >= maximumDead) return
    const page = yield* Context.get(services, EventFeed).list({ limit: pageSize, cursor: at.after })
    const last = page.results.at(-1)
    if (last === undefined) return
    const fresh = (page.results as ReadonlyArray<Api.Event>).filter(
      ({ changedAt }) => Date.parse(changedAt) >= endpoint.since
    )
    const entries = fresh.map((event) => ({
      event: event.id,
      lane: event.investmentId ?? event.objectId,
      body: bodyOf(event)
    }))
    if (!(yield* store.take(at, entries, last.id))) return
    at = { ...at, after: last.id }
    if (page.results.length < pageSize) return
  }
})

/** Tokens of receivers, by endpoint. */
type Tokens = Map<string, { readonly token: string; readonly until: number }>

const TokenAnswer = Schema.fromJsonString(
  Schema.Struct({ access_token: Schema.String, expires_in: Schema.optionalKey(Schema.Number) })
)

/** Seconds that a token is taken to live where its server does not say it, and before whose end a new one is asked for. */
const [tokenLife, tokenMargin] = [300, 30]

const tokenFrom = Effect.fnUntraced(function* (
  { allowPrivate, id }: Endpoint,
  { clientId, clientSecret, scope, tokenUrl }: Authorization & { readonly kind: "client_credentials" },
  tokens: Tokens
) {
  const now = yield* Clock.currentTimeMillis
  const known = tokens.get(id)
  if (known !== undefined && known.until > now) return known.token
  const body = new URLSearchParams({
    grant_type: "client_credentials",
    client_id: clientId,
    client_secret: clientSecret,
    ...(scope === undefined ? {} : { scope })
  }).toString()
  const headers = { "content-type": "application/x-www-form-urlencoded", accept: "application/json" }
  const answer = yield* post({ url: tokenUrl, headers, body, allowPrivate }, yield* Resolving)
  const given = yield* Schema.decodeEffect(TokenAnswer)(answer.body).pipe(
    Effect.mapError(() => ({ message: `the receiver's token endpoint answered ${answer.status} without a token` }))
  )
  const life = (given.expires_in ?? tokenLife) - tokenMargin
  tokens.set(id, { token: given.access_token, until: now + life * second })
  return given.access_token
})

const credentials = (endpoint: Endpoint, tokens: Tokens) => {
  const { authorization } = endpoint
  switch (authorization.kind) {
    case "none":
      return Effect.undefined
    case "bearer":
      return Effect.succeed(authorization.token)
    case "client_credentials":
      return tokenFrom(endpoint, authorization, tokens)
  }
}

/** One attempt. Fails with a reason that an operator reads; nothing of the answer's body is in it. */
const attempt = Effect.fnUntraced(function* (endpoint: Endpoint, delivery: Delivery, tokens: Tokens) {
  const token = yield* credentials(endpoint, tokens)
  const body = marked(delivery)
  const timestamp = Math.floor((yield* Clock.currentTimeMillis) / second)
  const headers = {
    "content-type": "application/json",
    ...WebhookSignature.headersOf(endpoint.secrets, { id: delivery.event, timestamp, body }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` })
  }
  const { allowPrivate, url } = endpoint
  const { status } = yield* post({ url, headers, body, allowPrivate }, yield* Resolving)
  if (status === 401) tokens.delete(endpoint.id)
  if (status < 200 || status > 299) return yield* Effect.fail({ message: `the receiver answered ${status}` })
})

/** What a sender has beside the store. */
interface Sender {
  readonly tokens: Tokens
  readonly pauses: ReadonlyArray<number>
}

const deliver = Effect.fnUntraced(function* (endpoint: Endpoint, delivery: Delivery, { pauses, tokens }: Sender) {
  const store = yield* WebhookStore
  const result = yield* Effect.result(attempt(endpoint, delivery, tokens))
  if (result._tag === "Success") return yield* store.delivered(delivery)
  const reason = result.failure.message
  const now = yield* Clock.currentTimeMillis
  const pause = pauses[delivery.attempts]
  const stretch = 1 - jitter + 2 * jitter * (yield* Random.next)
  const dueAt = pause === undefined ? undefined : now + Math.round(pause * stretch)
  yield* store.failed(delivery, { reason, now, dueAt })
  if (dueAt === undefined)
    yield* Effect.logWarning(
      `An event of endpoint ${endpoint.id} is given up after ${delivery.attempts + 1} attempts: ${reason}. \`effekten webhook resend\` sends it again`
    )
})

/** What is due now, one of each lane. A receiver may be slow: what an operator changes meanwhile is seen between two attempts. */
const sendDue = Effect.fnUntraced(function* (id: string, sender: Sender) {
  const store = yield* WebhookStore
  for (;;) {
    const endpoint = yield* store.endpoint(id)
    if (endpoint === undefined || endpoint.paused) return
    const due = yield* store.due(id, yield* Clock.currentTimeMillis, atOnce)
    yield* Effect.forEach(due, (delivery) => deliver(endpoint, delivery, sender), {
      concurrency: atOnce,
      discard: true
    })
    if (due.length < atOnce) return
  }
})

/**
 * Delivers as long as it runs. Where several processes serve the register, one at a time runs it: two would deliver twice, which receivers
 * have to bear, and out of order.
 *
 * @category running
 */
export const deliverForever = (
  options: {
    /** Between two looks at the feed, and at what is due. Default: a second. */
    readonly round?: Duration.Input
    /** Between two attempts, in milliseconds; behind the last it is given up. Default: {@link pauses}. */
    readonly pauses?: ReadonlyArray<number>
  } = {}
): Effect.Effect<never, never, PlatformServices | WebhookStore> =>
  Effect.gen(function* () {
    const store = yield* WebhookStore
    const sender: Sender = { tokens: new Map(), pauses: options.pauses ?? pauses }
    const turn = (endpoint: Endpoint) =>
      Effect.andThen(takeIn(endpoint), sendDue(endpoint.id, sender)).pipe(
        Effect.catchCause((cause) => Effect.logError(`Nothing is delivered to endpoint ${endpoint.id} now`, cause))
      )
    // A receiver that is slow keeps no other from its turn.
    const turns = yield* FiberMap.make<string>()
    const once = Effect.flatMap(store.endpoints, (endpoints) =>
      Effect.forEach(
        endpoints.filter(({ paused }) => !paused),
        (each) => FiberMap.run(turns, each.id, turn(each), { onlyIfMissing: true }),
        { discard: true }
      )
    ).pipe(Effect.catch((error) => Effect.logError("No event is delivered now", error)))
    return yield* Effect.forever(Effect.andThen(once, Effect.sleep(options.round ?? "1 second")))
  }).pipe(Effect.scoped)

/** What an operator says of an endpoint. @category models */
export interface NewEndpoint {
  readonly platform: Id.PlatformId
  readonly url: string
  readonly allowPrivate: boolean
  readonly authorization: Authorization
  /** Whether what the feed has already is delivered too. */
  readonly fromStart: boolean
}

const newSecret = Effect.gen(function* () {
  const random = yield* SecureRandom.SecureRandom
  return WebhookSignature.printSecret(yield* random.randomBytes(WebhookSignature.secretBytes))
})

/** Adds an endpoint, and returns the secret that its signatures are made with. @category running */
export const add = Effect.fnUntraced(function* (endpoint: NewEndpoint) {
  const { allowPrivate, authorization, fromStart, platform, url } = endpoint
  const store = yield* WebhookStore
  const random = yield* SecureRandom.SecureRandom
  const id = `endpoint-${Buffer.from(yield* random.randomBytes(12)).toString("hex")}`
  const secret = yield* newSecret
  const since = fromStart ? 0 : yield* Clock.currentTimeMillis
  const told = { platform, url, allowPrivate, authorization, since }
  yield* store.add({ id, ...told, secrets: [secret], paused: false, after: undefined })
  return { id, secret: Redacted.make(secret) }
})

/** Gives an endpoint one more secret; with `finish`, takes the one before away. Returns the newest, if there is the endpoint. @category running */
export const rotate = Effect.fnUntraced(function* (id: string, finish: boolean) {
  const store = yield* WebhookStore
  const endpoint = yield* store.endpoint(id)
  if (endpoint === undefined) return undefined
  const newest = endpoint.secrets[0] ?? (yield* newSecret)
  const secrets = finish ? [newest] : [yield* newSecret, newest]
  return (yield* store.change({ ...endpoint, secrets })) ? Redacted.make(secrets[0] ?? newest) : undefined
})

/** Has nothing delivered to an endpoint, or goes on with all that happened meanwhile. `false` if there is no such endpoint. @category running */
export const pause = Effect.fnUntraced(function* (id: string, paused: boolean) {
  const store = yield* WebhookStore
  const endpoint = yield* store.endpoint(id)
  return endpoint !== undefined && (yield* store.change({ ...endpoint, paused }))
})
