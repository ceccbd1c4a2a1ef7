/**
 * Where OAuth clients and live access tokens are kept: hashes only, so that a stolen file opens nothing. For an operator of the server.
 */
import { Id } from "@effekten/domain"
import { SqlTables } from "@effekten/event-store"
import { Context, Effect, Layer, Option, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

/** @category errors */
export class OAuthStoreError extends Schema.TaggedError<OAuthStoreError>()("OAuthStoreError", {
  cause: Schema.Defect()
}) {}

/** A client of one platform. Several clients of a platform see the same objects. @category models */
export interface OAuthClient {
  readonly clientId: string
  readonly platform: Id.PlatformId
  readonly scopes: ReadonlySet<string>
  /** SHA-256 of the secret, lower-case hexadecimal. */
  readonly secretHash: string
}

/** A live access token. @category models */
export interface AccessToken {
  /** SHA-256 of the token, lower-case hexadecimal. */
  readonly hash: string
  readonly clientId: string
  readonly scopes: ReadonlySet<string>
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
    /** Every client, those of one platform next to each other. */
    readonly clients: Effect.Effect<ReadonlyArray<OAuthClient>, OAuthStoreError>
    /** Removes a client and its tokens. */
    readonly removeClient: (clientId: string) => Effect.Effect<void, OAuthStoreError>
    /**
     * Keeps a token. All that expired by `now` (milliseconds since 1970) are forgotten, and so are the client's oldest beyond `limit`.
     */
    readonly putToken: (
      token: AccessToken,
      options: { readonly now: number; readonly limit: number }
    ) => Effect.Effect<void, OAuthStoreError>
    /** A token and its client, live or expired. */
    readonly token: (
      hash: string
    ) => Effect.Effect<Option.Option<{ readonly token: AccessToken; readonly client: OAuthClient }>, OAuthStoreError>
  }
>()("effekten/http/OAuthStore") {}

const byPlatform = (a: OAuthClient, b: OAuthClient): number => (nameOf(a) < nameOf(b) ? -1 : 1)
const nameOf = ({ clientId, platform }: OAuthClient): string => `${platform} ${clientId}`

/** Clients and tokens in memory; gone with the process. @category layers */
export const layerMemory: Layer.Layer<OAuthStore> = Layer.sync(OAuthStore, () => {
  const clients = new Map<string, OAuthClient>()
  // A map keeps the order of insertion, so the first token of a client is its oldest.
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
    clients: Effect.sync(() => [...clients.values()].sort(byPlatform)),
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
    token: (hash) =>
      Effect.sync(() => {
        const token = tokens.get(hash)
        const client = token === undefined ? undefined : clients.get(token.clientId)
        return token === undefined || client === undefined ? Option.none() : Option.some({ token, client })
      })
  }
})

const scopesOf = (text: string): ReadonlySet<string> => new Set(text.split(" ").filter((scope) => scope !== ""))

interface ClientRow {
  readonly client_id: string
  readonly platform: string
  readonly client_scopes: string
  readonly secret_hash: string
}

interface TokenRow extends ClientRow {
  readonly hash: string
  readonly token_scopes: string
  readonly expires_at: number | bigint
}

const clientOf = (row: ClientRow): OAuthClient => ({
  clientId: row.client_id,
  platform: Id.PlatformId.make(row.platform),
  scopes: scopesOf(row.client_scopes),
  secretHash: row.secret_hash
})

const makeSql = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const failing = <A>(effect: Effect.Effect<A, SqlError.SqlError>): Effect.Effect<A, OAuthStoreError> =>
    Effect.mapError(effect, (cause) => new OAuthStoreError({ cause }))
  yield* failing(
    SqlTables.create(sql, {
      oauth_client: sql`CREATE TABLE IF NOT EXISTS oauth_client (
        client_id TEXT PRIMARY KEY, platform TEXT NOT NULL, client_scopes TEXT NOT NULL, secret_hash TEXT NOT NULL)`,
      oauth_token: sql`CREATE TABLE IF NOT EXISTS oauth_token (
        hash TEXT PRIMARY KEY, client_id TEXT NOT NULL, token_scopes TEXT NOT NULL, expires_at BIGINT NOT NULL)`,
      oauth_token_by_client: sql`CREATE INDEX IF NOT EXISTS oauth_token_by_client ON oauth_token (client_id, expires_at)`,
      oauth_token_by_expiry: sql`CREATE INDEX IF NOT EXISTS oauth_token_by_expiry ON oauth_token (expires_at)`
    })
  )
  const forgetTokensOf = (clientId: string) => sql`DELETE FROM oauth_token WHERE client_id = ${clientId}`
  const forgetClient = (clientId: string) =>
    Effect.andThen(forgetTokensOf(clientId), sql`DELETE FROM oauth_client WHERE client_id = ${clientId}`)
  return OAuthStore.of({
    putClient: (client) =>
      failing(
        sql.withTransaction(
          Effect.andThen(
            forgetClient(client.clientId),
            sql`INSERT INTO oauth_client (client_id, platform, client_scopes, secret_hash)
              VALUES (${client.clientId}, ${client.platform}, ${[...client.scopes].join(" ")}, ${client.secretHash})`
          )
        )
      ),
    client: (clientId) =>
      failing(sql<ClientRow>`SELECT * FROM oauth_client WHERE client_id = ${clientId}`).pipe(
        Effect.map((rows) => Option.map(Option.fromUndefinedOr(rows[0]), clientOf))
      ),
    clients: failing(sql<ClientRow>`SELECT * FROM oauth_client`).pipe(
      Effect.map((rows) => rows.map(clientOf).sort(byPlatform))
    ),
    removeClient: (clientId) => failing(sql.withTransaction(forgetClient(clientId))),
    putToken: (token, { limit, now }) =>
      failing(
        sql.withTransaction(
          Effect.all([
            sql`DELETE FROM oauth_token WHERE expires_at <= ${now}`,
            sql`INSERT INTO oauth_token (hash, client_id, token_scopes, expires_at)
              VALUES (${token.hash}, ${token.clientId}, ${[...token.scopes].join(" ")}, ${token.expiresAt})`,
            sql`DELETE FROM oauth_token WHERE client_id = ${token.clientId} AND hash NOT IN (
              SELECT hash FROM oauth_token WHERE client_id = ${token.clientId} ORDER BY expires_at DESC LIMIT ${limit})`
          ])
        )
      ),
    token: (hash) =>
      failing(
        sql<TokenRow>`SELECT t.hash, t.token_scopes, t.expires_at, c.client_id, c.platform, c.client_scopes, c.secret_hash
          FROM oauth_token t JOIN oauth_client c ON c.client_id = t.client_id WHERE t.hash = ${hash}`
      ).pipe(
        Effect.map((rows) =>
          Option.map(Option.fromUndefinedOr(rows[0]), (row) => ({
            client: clientOf(row),
            token: {
              hash: row.hash,
              clientId: row.client_id,
              scopes: scopesOf(row.token_scopes),
              expiresAt: Number(row.expires_at)
            }
          }))
        )
      )
  })
})

/**
 * Clients and tokens in two tables, `oauth_client` and `oauth_token`, made where missing, of the database it is given.
 *
 * @category layers
 */
export const layerSql: Layer.Layer<OAuthStore, OAuthStoreError, SqlClient.SqlClient> = Layer.effect(OAuthStore, makeSql)
