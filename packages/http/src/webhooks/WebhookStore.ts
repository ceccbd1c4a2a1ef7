/**
 * Endpoints of platforms and what is still to be delivered to them, in the database of the register's state. For the sender, and for the
 * commands that manage endpoints.
 *
 * Endpoints are configuration and no events. What a thief of the database could use, secrets and credentials, is sealed. A place in the feed and
 * what follows from it move together, so nothing is lost and nothing is put down twice, whatever crashes when.
 */
import { Id } from "@effekten/domain"
import { SqlTables } from "@effekten/event-store"
import { Array as Arr, Context, Effect, Layer, type Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient, type SqlError } from "effect/sql"
import * as IntentSeal from "../intents/IntentSeal.ts"

/** @category errors */
export class WebhookStoreError extends Schema.TaggedError<WebhookStoreError>()("WebhookStoreError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** How a receiver knows the sender, beside the signature. @category schemas */
export const Authorization = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("none") }),
  Schema.Struct({ kind: Schema.Literal("bearer"), token: Schema.String }),
  Schema.Struct({
    kind: Schema.Literal("client_credentials"),
    tokenUrl: Schema.String,
    clientId: Schema.String,
    clientSecret: Schema.String,
    scope: Schema.optionalKey(Schema.String)
  })
])
export type Authorization = typeof Authorization.Type

/** What is sealed. Of the secrets the newest comes first. */
const Sealed = Schema.Struct({
  secrets: Schema.Array(Schema.String),
  authorization: Authorization,
  paused: Schema.optionalKey(Schema.Literal(true))
})
const SealedText = Schema.fromJsonString(Sealed)

/** Where the events of one platform are delivered to. @category models */
export interface Endpoint {
  readonly id: string
  readonly platform: Id.PlatformId
  readonly url: string
  /** Whether addresses that are not public are allowed, and `http:`. */
  readonly allowPrivate: boolean
  readonly secrets: ReadonlyArray<string>
  readonly authorization: Authorization
  /** Whether nothing is delivered until an operator says so. What happens meanwhile waits in the feed. */
  readonly paused: boolean
  /** Milliseconds since 1970, UTC: what is older is not delivered. */
  readonly since: number
  /** The entry of the feed that was put down last. */
  readonly after: string | undefined
}

/** An entry that is to be delivered. @category models */
export interface Delivery {
  readonly endpoint: string
  /** The id of the entry. */
  readonly event: string
  /** What is delivered in order: an investment, or another object. */
  readonly lane: string
  /** JSON. */
  readonly body: string
  /** Attempts that failed. */
  readonly attempts: number
  /** Milliseconds since 1970, UTC, if no further attempt is made by itself. */
  readonly deadAt: number | undefined
  /** Why the last attempt failed. */
  readonly reason: string | undefined
  /** Whether an earlier one of its lane was given up. */
  readonly undeliveredBefore: boolean
}

/** What waits of an endpoint. @category models */
export interface Waiting {
  readonly pending: number
  readonly dead: number
}

type Failing<A> = Effect.Effect<A, WebhookStoreError>

/** @category services */
export class WebhookStore extends Context.Service<
  WebhookStore,
  {
    readonly add: (endpoint: Endpoint) => Failing<void>
    /** Replaces secrets, credentials and the pause. `false` if there is no such endpoint any more: none comes back. */
    readonly change: (endpoint: Endpoint) => Failing<boolean>
    readonly endpoints: Failing<ReadonlyArray<Endpoint>>
    readonly endpoint: (id: string) => Failing<Endpoint | undefined>
    /** Removes an endpoint and all that waits for it. */
    readonly remove: (id: string) => Failing<void>
    /** Puts entries down that follow the endpoint's place in the feed, and moves the place. `false` if it stands elsewhere by now. */
    readonly take: (
      endpoint: Endpoint,
      entries: ReadonlyArray<Pick<Delivery, "event" | "lane" | "body">>,
      to: string
    ) => Failing<boolean>
    readonly waiting: (id: string) => Failing<Waiting>
    /** The first of each lane, if it is due by `now`. At most `limit`. */
    readonly due: (id: string, now: number, limit: number) => Failing<ReadonlyArray<Delivery>>
    readonly delivered: (delivery: Delivery) => Failing<void>
    /** An attempt failed: the next is due at `dueAt`, or there is none. What another attempt has come to meanwhile stands. */
    readonly failed: (
      delivery: Delivery,
      told: { readonly reason: string; readonly now: number; readonly dueAt: number | undefined }
    ) => Failing<void>
    /** What was given up, oldest first. */
    readonly dead: (id: string) => Failing<ReadonlyArray<Delivery>>
    /** Has an entry that was given up delivered again, or all of the endpoint. Returns how many. */
    readonly resend: (id: string, event: string | undefined, now: number) => Failing<number>
  }
>()("effekten/http/WebhookStore") {}

interface EndpointRow {
  readonly id: string
  readonly platform: string
  readonly url: string
  readonly allow_private: number | bigint
  readonly sealed: string
  readonly since: number | bigint
  readonly feed_after: string | null
}

interface DeliveryRow {
  readonly endpoint: string
  readonly event: string
  readonly lane: string
  readonly body: string
  readonly attempts: number | bigint
  readonly dead_at: number | bigint | null
  readonly reason: string | null
  readonly dead_before: number | bigint
}

const createTables = (sql: SqlClient.SqlClient) =>
  SqlTables.create(sql, {
    webhook_endpoint: sql`CREATE TABLE IF NOT EXISTS webhook_endpoint (
      id TEXT PRIMARY KEY, platform TEXT NOT NULL, url TEXT NOT NULL, allow_private BIGINT NOT NULL, sealed TEXT NOT NULL,
      since BIGINT NOT NULL, feed_after TEXT, next_ordinal BIGINT NOT NULL)`,
    webhook_delivery: sql`CREATE TABLE IF NOT EXISTS webhook_delivery (
      endpoint TEXT NOT NULL, event TEXT NOT NULL, ordinal BIGINT NOT NULL, lane TEXT NOT NULL, body TEXT NOT NULL,
      attempts BIGINT NOT NULL, due_at BIGINT NOT NULL, dead_at BIGINT, reason TEXT, PRIMARY KEY (endpoint, event))`,
    webhook_delivery_by_lane: sql`CREATE INDEX IF NOT EXISTS webhook_delivery_by_lane ON webhook_delivery (endpoint, lane, ordinal)`
  })

const failing = <A>(effect: Effect.Effect<A, SqlError.SqlError>): Failing<A> =>
  Effect.mapError(
    effect,
    (cause) => new WebhookStoreError({ message: "the endpoints cannot be read or written", cause })
  )

const deliveryOf = (row: DeliveryRow): Delivery => ({
  endpoint: row.endpoint,
  event: row.event,
  lane: row.lane,
  body: row.body,
  attempts: Number(row.attempts),
  deadAt: row.dead_at === null ? undefined : Number(row.dead_at),
  reason: row.reason ?? undefined,
  undeliveredBefore: Number(row.dead_before) > 0
})

const openingOf = (seal: IntentSeal.IntentSeal) => (row: EndpointRow) =>
  Effect.gen(function* () {
    const { id, platform, url } = row
    const unreadable = new WebhookStoreError({ message: `the secrets of endpoint ${id} are sealed under another key` })
    const text = seal.open(id, "webhook", row.sealed)
    if (text === undefined) return yield* unreadable
    const { authorization, paused, secrets } = yield* Effect.mapError(
      Schema.decodeEffect(SealedText)(text),
      () => unreadable
    )
    return {
      id,
      platform: Id.PlatformId.make(platform),
      url,
      allowPrivate: Number(row.allow_private) === 1,
      secrets,
      authorization,
      paused: paused ?? false,
      since: Number(row.since),
      after: row.feed_after ?? undefined
    } satisfies Endpoint
  })

/** Far below the number of parameters any database takes. */
const rowsPerStatement = 250

/** Statements on endpoints. */
const endpointsIn = (sql: SqlClient.SqlClient, seal: IntentSeal.IntentSeal) => {
  const opened = (rows: Effect.Effect<ReadonlyArray<EndpointRow>, SqlError.SqlError>) =>
    Effect.flatMap(failing(rows), (rows) => Effect.forEach(rows, openingOf(seal)))
  const sealOf = ({ authorization, id, paused, secrets }: Endpoint) =>
    seal.seal(id, "webhook", Schema.encodeSync(SealedText)({ authorization, secrets, ...(paused ? { paused } : {}) }))
  return {
    add: Effect.fnUntraced(function* (endpoint: Endpoint) {
      const { after, id, platform, since, url } = endpoint
      const allow_private = endpoint.allowPrivate ? 1 : 0
      const sealed = yield* sealOf(endpoint)
      const row = { id, platform, url, allow_private, sealed, since, feed_after: after ?? null, next_ordinal: 1 }
      yield* failing(sql`INSERT INTO webhook_endpoint ${sql.insert(row)}`)
    }),
    change: Effect.fnUntraced(function* (endpoint: Endpoint) {
      const sealed = yield* sealOf(endpoint)
      const changed = yield* failing(
        sql`UPDATE webhook_endpoint SET sealed = ${sealed} WHERE id = ${endpoint.id} RETURNING id`
      )
      return changed.length > 0
    }),
    endpoints: opened(sql<EndpointRow>`SELECT * FROM webhook_endpoint ORDER BY platform, id`),
    endpoint: (id: string) =>
      Effect.map(opened(sql<EndpointRow>`SELECT * FROM webhook_endpoint WHERE id = ${id}`), ([found]) => found),
    // The endpoint first: a node that takes entries in waits for it, or is waited for, so none of them is left behind.
    remove: (id: string) =>
      failing(
        sql.withTransaction(
          Effect.asVoid(
            Effect.andThen(
              sql`DELETE FROM webhook_endpoint WHERE id = ${id}`,
              sql`DELETE FROM webhook_delivery WHERE endpoint = ${id}`
            )
          )
        )
      ),
    take: ({ after, id }: Endpoint, entries: ReadonlyArray<Pick<Delivery, "event" | "lane" | "body">>, to: string) =>
      failing(
        sql.withTransaction(
          Effect.gen(function* () {
            const [moved] = yield* sql<{ next_ordinal: number | bigint }>`UPDATE webhook_endpoint
              SET feed_after = ${to}, next_ordinal = next_ordinal + ${entries.length}
              WHERE id = ${id} AND coalesce(feed_after, '') = ${after ?? ""} RETURNING next_ordinal`
            if (moved === undefined) return false
            const first = Number(moved.next_ordinal) - entries.length
            const rows = entries.map(({ body, event, lane }, at) => ({
              endpoint: id,
              event,
              ordinal: first + at,
              lane,
              body,
              attempts: 0,
              due_at: 0
            }))
            for (const some of Arr.chunksOf(rows, rowsPerStatement))
              yield* sql`INSERT INTO webhook_delivery ${sql.insert(some)}`
            return true
          })
        )
      )
  }
}

/** Statements on what waits. */
const deliveriesIn = (sql: SqlClient.SqlClient) => {
  const deadBefore = sql`(SELECT count(*) FROM webhook_delivery AS e WHERE e.endpoint = d.endpoint AND e.lane = d.lane
    AND e.ordinal < d.ordinal AND e.dead_at IS NOT NULL) AS dead_before`
  const one = ({ endpoint, event }: Delivery) => sql`endpoint = ${endpoint} AND event = ${event}`
  const found = (rows: Effect.Effect<ReadonlyArray<DeliveryRow>, SqlError.SqlError>) =>
    Effect.map(failing(rows), (rows) => rows.map(deliveryOf))
  return {
    waiting: (id: string) =>
      Effect.map(
        failing(
          sql<{ all: number | bigint; dead: number | bigint }>`SELECT count(*) AS "all", count(dead_at) AS dead
            FROM webhook_delivery WHERE endpoint = ${id}`
        ),
        ([row]) => ({ pending: Number(row?.all ?? 0) - Number(row?.dead ?? 0), dead: Number(row?.dead ?? 0) })
      ),
    due: (id: string, now: number, limit: number) =>
      found(
        sql<DeliveryRow>`SELECT d.*, ${deadBefore} FROM webhook_delivery AS d WHERE endpoint = ${id} AND dead_at IS NULL
          AND due_at <= ${now} AND NOT EXISTS (SELECT 1 FROM webhook_delivery AS e WHERE e.endpoint = d.endpoint
            AND e.lane = d.lane AND e.ordinal < d.ordinal AND e.dead_at IS NULL)
          ORDER BY ordinal LIMIT ${limit}`
      ),
    delivered: (delivery: Delivery) => failing(Effect.asVoid(sql`DELETE FROM webhook_delivery WHERE ${one(delivery)}`)),
    failed: (
      delivery: Delivery,
      { dueAt, now, reason }: { readonly reason: string; readonly now: number; readonly dueAt: number | undefined }
    ) =>
      failing(
        Effect.asVoid(
          sql`UPDATE webhook_delivery SET attempts = ${delivery.attempts + 1}, reason = ${reason}, due_at = ${dueAt ?? now},
            dead_at = ${dueAt === undefined ? now : null} WHERE ${one(delivery)}
            AND attempts = ${delivery.attempts} AND dead_at IS NULL`
        )
      ),
    dead: (id: string) =>
      found(
        sql<DeliveryRow>`SELECT d.*, ${deadBefore} FROM webhook_delivery AS d
          WHERE endpoint = ${id} AND dead_at IS NOT NULL ORDER BY ordinal`
      ),
    resend: (id: string, event: string | undefined, now: number) =>
      Effect.map(
        failing(
          sql`UPDATE webhook_delivery SET dead_at = NULL, attempts = 0, due_at = ${now} WHERE endpoint = ${id}
            AND dead_at IS NOT NULL AND ${event === undefined ? sql`1 = 1` : sql`event = ${event}`} RETURNING event`
        ),
        (rows) => rows.length
      )
  }
}

/**
 * Two tables, `webhook_endpoint` and `webhook_delivery`, made where missing, of the database it is given. `key` seals what they hold of
 * secrets.
 *
 * @category layers
 */
export const layerSql = (
  key: Redacted.Redacted<Uint8Array>
): Layer.Layer<WebhookStore, WebhookStoreError, SqlClient.SqlClient | SecureRandom.SecureRandom> =>
  Layer.effect(
    WebhookStore,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* failing(createTables(sql))
      const seal = yield* Effect.orDie(IntentSeal.make(key, yield* SecureRandom.SecureRandom))
      return WebhookStore.of({ ...endpointsIn(sql, seal), ...deliveriesIn(sql) })
    })
  ).pipe(Layer.fresh)
