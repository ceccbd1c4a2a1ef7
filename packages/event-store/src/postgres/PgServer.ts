/**
 * How to reach a PostgreSQL server. For everything that opens a store there. Types alone: a program that names them needs no driver.
 */
import type { Duration, Effect, Redacted } from "effect"

/** What a connection under TLS goes by: members of `tls.connect` of Node. @category models */
export interface PgTls {
  /** Certificates in PEM. */
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
  readonly servername?: string | undefined
  readonly rejectUnauthorized?: boolean | undefined
}

/** At least `url`, or `host` and `database`. Each store opens a pool of its own from it. @category models */
export interface PgServer {
  /** `postgres://user:password@host:5432/database`. */
  readonly url?: Redacted.Redacted | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  /** Of a Unix socket. */
  readonly path?: string | undefined
  readonly ssl?: boolean | PgTls | undefined
  readonly database?: string | undefined
  readonly username?: string | undefined
  /** An Effect is asked for each connection anew. */
  readonly password?: Redacted.Redacted | Effect.Effect<Redacted.Redacted> | undefined
  readonly connectTimeout?: Duration.Input | undefined
  readonly keepAlive?: Duration.Input | undefined
  readonly applicationName?: string | undefined
  readonly startupOptions?: string | undefined
  readonly idleTimeout?: Duration.Input | undefined
  readonly maxConnections?: number | undefined
  readonly minConnections?: number | undefined
  readonly connectionTTL?: Duration.Input | undefined
  readonly prepare?: boolean | undefined
  readonly preparedStatementCacheSize?: number | undefined
  /** Bytes of a message of the server. */
  readonly maxMessageSize?: number | undefined
}
