/**
 * OAuth 2 for machines: clients, and tokens by the client credentials grant (RFC 6749 §4.4). For the server, and for an operator that
 * registers clients.
 */
import type { Id } from "@effekten/domain"
import { Clock, Context, Duration, Effect, Layer, Option, Redacted, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import { createHash, timingSafeEqual } from "node:crypto"
import type { Token, TokenError } from "../contract/Contract.ts"
import { type OAuthClient, OAuthStore, type OAuthStoreError } from "./OAuthStore.ts"
import type { Scope } from "@effekten/services"
import type { Principal } from "../contract/Scope.ts"

/** Seconds a token lives: 10 hours. @category values */
export const defaultTokenLifetime = 36_000
/** Live tokens of one client at most; with one more, its oldest dies. @category values */
export const defaultLiveTokens = 100
/** Bytes of randomness in a secret or a token. @category values */
export const secretBytes = 32
/** Characters of a secret an operator chooses, at the least. @category values */
export const minimumSecretLength = 16

/** @category models */
export interface OAuthOptions {
  /** How long a token lives; whole seconds. Default: 10 hours. */
  readonly tokenLifetime?: Duration.Input | undefined
  /** Live tokens of one client at most; with one more, its oldest dies. Default: 100. */
  readonly liveTokens?: number | undefined
}

/** A token is refused, as RFC 6749 §5.2 says. @category errors */
export class TokenRefused extends Schema.TaggedError<TokenRefused>()("TokenRefused", {
  error: Schema.Literals(["invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type"]),
  description: Schema.String
}) {
  get body(): TokenError {
    return { error: this.error, error_description: this.description }
  }
}

/** A client's credentials. The secret is not kept anywhere: it is shown only here. @category models */
export interface RegisteredClient {
  readonly clientId: string
  readonly secret: Redacted.Redacted
}

const hashOf = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex")

const sameHash = (left: string, right: string): boolean =>
  timingSafeEqual(Buffer.from(left, "hex"), Buffer.from(right, "hex"))

const randomText = (prefix: string) =>
  Effect.gen(function* () {
    const random = yield* SecureRandom.SecureRandom
    return `${prefix}${Buffer.from(yield* random.randomBytes(secretBytes)).toString("base64url")}`
  })

/**
 * Registers an OAuth client of a platform, or replaces the client of that id and ends its tokens. Without a secret it makes a secret of 256
 * random bits. A given secret must be as hard to guess, because only a fast hash protects it.
 *
 * @category constructors
 */
export const registerClient = Effect.fnUntraced(function* (options: {
  readonly platform: Id.PlatformId
  readonly scopes: ReadonlyArray<Scope>
  readonly clientId?: string | undefined
  readonly secret?: Redacted.Redacted | undefined
}) {
  const store = yield* OAuthStore
  const random = yield* SecureRandom.SecureRandom
  const clientId = options.clientId ?? (yield* random.uuidV4())
  const secret = options.secret ?? Redacted.make(yield* randomText("effekten_secret_"))
  if (Redacted.value(secret).length < minimumSecretLength) {
    return yield* Effect.die(new RangeError(`a client secret has at least ${minimumSecretLength} characters`))
  }
  yield* store.putClient({
    clientId,
    platform: options.platform,
    scopes: new Set(options.scopes),
    secretHash: hashOf(Redacted.value(secret))
  })
  return { clientId, secret } satisfies RegisteredClient
})

/** @category services */
export class OAuth extends Context.Service<
  OAuth,
  {
    /** A token for a client. `scope` names what it shall be good for, or all the client may do; it is never narrowed silently. */
    readonly issue: (request: {
      readonly clientId: string
      readonly secret: Redacted.Redacted
      readonly scope: string | undefined
    }) => Effect.Effect<Token, TokenRefused | OAuthStoreError>
    /** The platform and the client that a bearer token speaks for; none if it is unknown or has expired. */
    readonly authenticate: (
      token: Redacted.Redacted
    ) => Effect.Effect<Option.Option<Principal["Service"]>, OAuthStoreError>
  }
>()("effekten/http/OAuth") {}

const grantedScopes = (client: OAuthClient, scope: string | undefined): ReadonlySet<string> | undefined => {
  const requested = (scope ?? "").split(" ").filter((name) => name !== "")
  if (requested.length === 0) return client.scopes
  return requested.every((name) => client.scopes.has(name)) ? new Set(requested) : undefined
}

/** @category layers */
export const layer = (options?: OAuthOptions): Layer.Layer<OAuth, never, OAuthStore | SecureRandom.SecureRandom> =>
  Layer.effect(
    OAuth,
    Effect.gen(function* () {
      const store = yield* OAuthStore
      const context = yield* Effect.context<SecureRandom.SecureRandom>()
      const lifetime = Math.floor(Duration.toSeconds(options?.tokenLifetime ?? Duration.seconds(defaultTokenLifetime)))
      const limit = options?.liveTokens ?? defaultLiveTokens
      // Stands in for an unknown client's hash, so that both take the same work. It is the hash of a secret that is known nowhere.
      const nobody = hashOf(yield* randomText(""))

      return {
        issue: Effect.fnUntraced(function* ({ clientId, scope, secret }) {
          const client = Option.getOrUndefined(yield* store.client(clientId))
          const matches = sameHash(hashOf(Redacted.value(secret)), client?.secretHash ?? nobody)
          if (client === undefined || !matches) {
            return yield* new TokenRefused({ error: "invalid_client", description: "Unknown client, or wrong secret." })
          }
          const granted = grantedScopes(client, scope)
          if (granted === undefined) {
            return yield* new TokenRefused({
              error: "invalid_scope",
              description: "The client lacks a scope it asked for."
            })
          }
          const token = yield* randomText("effekten_token_").pipe(Effect.provideContext(context))
          const now = yield* Clock.currentTimeMillis
          const expiresAt = now + lifetime * 1000
          yield* store.putToken({ hash: hashOf(token), clientId, scopes: granted, expiresAt }, { now, limit })
          return {
            access_token: token,
            token_type: "Bearer" as const,
            expires_in: lifetime,
            scope: [...granted].join(" ")
          }
        }),
        authenticate: Effect.fnUntraced(function* (token) {
          const found = Option.getOrUndefined(yield* store.token(hashOf(Redacted.value(token))))
          if (found === undefined || found.token.expiresAt <= (yield* Clock.currentTimeMillis)) return Option.none()
          const { client } = found
          const held = [...found.token.scopes].filter((scope) => client.scopes.has(scope))
          return Option.some({ platform: client.platform, clientId: client.clientId, scopes: new Set(held) })
        })
      }
    })
  )
