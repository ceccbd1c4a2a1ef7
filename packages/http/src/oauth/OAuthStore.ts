/**
 * Where OAuth clients and live access tokens are kept: hashes only, so that a stolen file opens nothing. For an operator of the server.
 * A token is bound to the secret it was got with. Once the client has another secret it is dead, whichever of the two was stored first.
 */
import { Id } from "@effekten/domain"
import { SqlTables } from "@effekten/event-store"
import { Context, Effect, Layer, Option, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type Party, partyId } from "@effekten/services"
import type { Principal } from "../contract/Scope.ts"
import * as TokenCache from "./TokenCache.ts"

/** @category errors */
export class OAuthStoreError extends Schema.TaggedError<OAuthStoreError>()("OAuthStoreError", {
  cause: Schema.Defect()
}) {}

/** A client of one platform, or of one issuer. Several clients of it see the same objects. @category models */
export type OAuthClient = Party & {
  readonly clientId: string
  readonly scopes: ReadonlySet<string>
  /** SHA-256 of the secret, lower-case hexadecimal. */
  readonly secretHash: string
}

/** A live access token. @category models */
export interface AccessToken {
  /** SHA-256 of the token, lower-case hexadecimal. */
  readonly hash: string
  readonly clientId: string
  /** SHA-256 of the secret that the client proved itself with. */
  readonly secretHash: string
  readonly scopes: ReadonlySet<string>
  /** Milliseconds since 1970, UTC. */
  readonly expiresAt: number
}

/** What a token is good for. @category models */
export interface Grant {
  readonly principal: Principal["Service"]
  /** Milliseconds since 1970, UTC. */
  readonly expiresAt: number
}

/** @category services */
export class OAuthStore extends Context.Service<
  OAuthStore,
  {
    /** Registers a client, or replaces it: then its tokens die. */
    readonly putClient: (client: OAuthClient) => Effect.Effect<void, OAuthStoreError>
    readonly client: (clientId: string) => Effect.Effect<Option.Option<OAuthClient>, OAuthStoreError>
    /** Every client, those of one platform or issuer next to each other. */
    readonly clients: Effect.Effect<ReadonlyArray<OAuthClient>, OAuthStoreError>
    /** Removes a client and its tokens. */
    readonly removeClient: (clientId: string) => Effect.Effect<void, OAuthStoreError>
    /**
     * Keeps a token. All that expired by `now` (milliseconds since 1970) are forgotten. So are the client's tokens beyond `limit`, in the
     * order in which they were put, and never this one.
     */
    readonly putToken: (
      token: AccessToken,
      options: { readonly now: number; readonly limit: number }
    ) => Effect.Effect<void, OAuthStoreError>
    /** Forgets a token if that client holds it; else nothing happens. */
    readonly removeToken: (token: Pick<AccessToken, "hash" | "clientId">) => Effect.Effect<void, OAuthStoreError>
    /** What a token is good for, live or expired; none if it is unknown, or its client has another secret or is gone. */
    readonly token: (hash: string) => Effect.Effect<Option.Option<Grant>, OAuthStoreError>
  }
>()("effekten/http/OAuthStore") {}

const partyOf = ({ issuer, platform }: Party): Party => (issuer === undefined ? { platform: platform! } : { issuer })

const grantOf = (client: OAuthClient, token: Pick<AccessToken, "scopes" | "expiresAt">): Grant => ({
  principal: {
    ...partyOf(client),
    clientId: client.clientId,
    scopes: new Set([...token.scopes].filter((scope) => client.scopes.has(scope)))
  },
  expiresAt: token.expiresAt
})

const byParty = (a: OAuthClient, b: OAuthClient): number => (nameOf(a) < nameOf(b) ? -1 : 1)
const nameOf = (client: OAuthClient): string => `${partyId(client)} ${client.clientId}`

/** Clients and tokens in memory; gone with the process. @category layers */
export const layerMemory: Layer.Layer<OAuthStore> = Layer.sync(OAuthStore, () => {
  const clients = new Map<string, OAuthClient>()
  // A map keeps the order of insertion: the first token of a client was put first.
  const tokens = new Map<string, AccessToken>()
  const forgetTokens = (dead: (token: AccessToken) => boolean): void => {
    for (const token of tokens.values()) if (dead(token)) tokens.delete(token.hash)
  }
  return {
    putClient: (client) =>
      Effect.sync(() => {
        forgetTokens((token) => token.clientId === client.clientId)
        clients.set(client.clientId, client)
      }),
    client: (clientId) => Effect.sync(() => Option.fromUndefinedOr(clients.get(clientId))),
    clients: Effect.sync(() => [...clients.values()].sort(byParty)),
    removeClient: (clientId) =>
      Effect.sync(() => {
        forgetTokens((token) => token.clientId === clientId)
        clients.delete(clientId)
      }),
    putToken: (token, { limit, now }) =>
      Effect.sync(() => {
        forgetTokens(({ expiresAt }) => expiresAt <= now)
        tokens.set(token.hash, token)
        const own = [...tokens.values()].filter(({ clientId }) => clientId === token.clientId)
        for (const { hash } of own.slice(0, Math.max(0, own.length - limit))) tokens.delete(hash)
      }),
    removeToken: ({ clientId, hash }) =>
      Effect.sync(() => {
        if (tokens.get(hash)?.clientId === clientId) tokens.delete(hash)
      }),
    token: (hash) =>
      Effect.sync(() => {
        const token = tokens.get(hash)
        const client = token === undefined ? undefined : clients.get(token.clientId)
        return token === undefined || client?.secretHash !== token.secretHash
          ? Option.none()
          : Option.some(grantOf(client, token))
      })
  }
})

const scopesOf = (text: string): ReadonlySet<string> => new Set(text.split(" ").filter((scope) => scope !== ""))

interface ClientRow {
  readonly client_id: string
  readonly platform: string | null
  readonly issuer: string | null
  readonly client_scopes: string
  readonly secret_hash: string
}

interface TokenRow extends ClientRow {
  readonly token_scopes: string
  readonly expires_at: number | bigint
}

const clientOf = (row: ClientRow): OAuthClient => ({
  ...(row.issuer === null
    ? { platform: Id.PlatformId.make(row.platform ?? "") }
    : { issuer: Id.IssuerId.make(row.issuer) }),
  clientId: row.client_id,
  scopes: scopesOf(row.client_scopes),
  secretHash: row.secret_hash
})

const failing = <A>(effect: Effect.Effect<A, SqlError.SqlError>): Effect.Effect<A, OAuthStoreError> =>
  Effect.mapError(effect, (cause) => new OAuthStoreError({ cause }))

/** Makes the tables, or adds the columns to tables of before. Tables that are as they must be are not touched. */
const preparing = (sql: SqlClient.SqlClient) => {
  const make = SqlTables.create(sql, {
    oauth_client: sql`CREATE TABLE IF NOT EXISTS oauth_client (
      client_id TEXT PRIMARY KEY, platform TEXT NOT NULL, client_scopes TEXT NOT NULL, secret_hash TEXT NOT NULL)`,
    // A table of its own: a node of an earlier version must not take an issuer for a platform.
    oauth_issuer_client: sql`CREATE TABLE IF NOT EXISTS oauth_issuer_client (
      client_id TEXT PRIMARY KEY, issuer TEXT NOT NULL, client_scopes TEXT NOT NULL, secret_hash TEXT NOT NULL)`,
    oauth_token: sql`CREATE TABLE IF NOT EXISTS oauth_token (
      hash TEXT PRIMARY KEY, client_id TEXT NOT NULL, token_scopes TEXT NOT NULL, expires_at BIGINT NOT NULL,
      ordinal BIGINT NOT NULL DEFAULT 0, got_with TEXT)`,
    oauth_token_by_client: sql`CREATE INDEX IF NOT EXISTS oauth_token_by_client ON oauth_token (client_id, expires_at)`,
    oauth_token_by_expiry: sql`CREATE INDEX IF NOT EXISTS oauth_token_by_expiry ON oauth_token (expires_at)`
  })
  const look = sql`SELECT ordinal, got_with FROM oauth_token LIMIT 1`
  const add = sql.withTransaction(
    Effect.andThen(
      sql`ALTER TABLE oauth_token ADD COLUMN ordinal BIGINT NOT NULL DEFAULT 0`,
      sql`ALTER TABLE oauth_token ADD COLUMN got_with TEXT`
    )
  )
  const complete = look.pipe(
    Effect.catch(() => add),
    // Another node may have added them at the same moment.
    Effect.catch((error) => Effect.mapError(look, () => error))
  )
  return Effect.andThen(make, complete)
}

/** The clients of platforms and of issuers, as one table. */
const everyClient = (sql: SqlClient.SqlClient) =>
  sql`(SELECT client_id, platform, NULL AS issuer, client_scopes, secret_hash FROM oauth_client
    UNION ALL SELECT client_id, NULL, issuer, client_scopes, secret_hash FROM oauth_issuer_client) c`

/** Every client in a database whose tables exist, also of an earlier version. It writes nothing. @category computing */
export const clientsIn = (sql: SqlClient.SqlClient): Effect.Effect<ReadonlyArray<OAuthClient>, OAuthStoreError> =>
  sql<ClientRow>`SELECT * FROM ${everyClient(sql)}`.pipe(
    // An earlier version has clients of platforms alone.
    Effect.catch(() => sql<ClientRow>`SELECT *, NULL AS issuer FROM oauth_client`),
    failing,
    Effect.map((rows) => rows.map(clientOf).sort(byParty))
  )

/** Statements on tokens: each forgets or finds what an earlier version kept, too. */
const tokensIn = (sql: SqlClient.SqlClient) => ({
  ofClient: (clientId: string) => sql`DELETE FROM oauth_token WHERE client_id = ${clientId}`,
  remove: (hash: string, clientId: string) =>
    sql`DELETE FROM oauth_token WHERE hash = ${hash} AND client_id = ${clientId}`,
  put: (token: AccessToken, { limit, now }: { readonly now: number; readonly limit: number }) =>
    Effect.all([
      sql`DELETE FROM oauth_token WHERE expires_at <= ${now}`,
      sql`INSERT INTO oauth_token (hash, client_id, token_scopes, expires_at, got_with, ordinal)
        VALUES (${token.hash}, ${token.clientId}, ${[...token.scopes].join(" ")}, ${token.expiresAt}, ${token.secretHash},
          (SELECT coalesce(max(ordinal), 0) + 1 FROM oauth_token WHERE client_id = ${token.clientId}))`,
      // Two nodes may give the same ordinal: so the new one is left out by name.
      sql`DELETE FROM oauth_token WHERE client_id = ${token.clientId} AND hash <> ${token.hash} AND hash NOT IN (
        SELECT hash FROM oauth_token WHERE client_id = ${token.clientId} AND hash <> ${token.hash}
        ORDER BY ordinal DESC, expires_at DESC LIMIT ${limit - 1})`
    ]),
  find: (hash: string) =>
    sql<TokenRow>`SELECT t.token_scopes, t.expires_at, c.client_id, c.platform, c.issuer, c.client_scopes, c.secret_hash
      FROM oauth_token t JOIN ${everyClient(sql)} ON c.client_id = t.client_id
      WHERE t.hash = ${hash} AND (t.got_with IS NULL OR t.got_with = c.secret_hash)`
})

const makeSql = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* failing(preparing(sql))
  const tokens = tokensIn(sql)
  const cache = TokenCache.make((hash) =>
    Effect.map(failing(tokens.find(hash)), ([row]) =>
      row === undefined
        ? Option.none()
        : Option.some(grantOf(clientOf(row), { scopes: scopesOf(row.token_scopes), expiresAt: Number(row.expires_at) }))
    )
  )
  const forgetClient = (clientId: string) =>
    Effect.all([
      tokens.ofClient(clientId),
      sql`DELETE FROM oauth_client WHERE client_id = ${clientId}`,
      sql`DELETE FROM oauth_issuer_client WHERE client_id = ${clientId}`
    ])
  const insert = ({ clientId, issuer, platform, scopes, secretHash }: OAuthClient) => {
    const may = [...scopes].join(" ")
    return issuer === undefined
      ? sql`INSERT INTO oauth_client (client_id, platform, client_scopes, secret_hash)
          VALUES (${clientId}, ${platform}, ${may}, ${secretHash})`
      : sql`INSERT INTO oauth_issuer_client (client_id, issuer, client_scopes, secret_hash)
          VALUES (${clientId}, ${issuer}, ${may}, ${secretHash})`
  }
  /** What changes a client or its tokens, in one transaction. */
  const changing = (clientId: string, work: Effect.Effect<unknown, SqlError.SqlError>) =>
    cache.changing(clientId, Effect.asVoid(failing(sql.withTransaction(work))))
  return OAuthStore.of({
    putClient: (client) => changing(client.clientId, Effect.andThen(forgetClient(client.clientId), insert(client))),
    client: (clientId) =>
      failing(sql<ClientRow>`SELECT * FROM ${everyClient(sql)} WHERE client_id = ${clientId}`).pipe(
        Effect.map((rows) => Option.map(Option.fromUndefinedOr(rows[0]), clientOf))
      ),
    clients: clientsIn(sql),
    removeClient: (clientId) => changing(clientId, forgetClient(clientId)),
    putToken: (token, options) => changing(token.clientId, tokens.put(token, options)),
    removeToken: ({ clientId, hash }) => changing(clientId, tokens.remove(hash, clientId)),
    token: cache.token
  })
})

/**
 * Clients and tokens in tables of the database it is given, `oauth_client`, `oauth_issuer_client` and `oauth_token`, made where missing. A token is looked up
 * once in five seconds at most: another process ends it that much later, this one at once.
 *
 * @category layers
 */
export const layerSql: Layer.Layer<OAuthStore, OAuthStoreError, SqlClient.SqlClient> = Layer.effect(
  OAuthStore,
  makeSql
).pipe(Layer.fresh)
