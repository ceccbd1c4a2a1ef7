/**
 * OAuth 2 for machines: clients, tokens by the client credentials grant (RFC 6749 §4.4) and their revocation (RFC 7009). For the server, and
 * for an operator that registers clients.
 */
import { Clock, Context, Duration, Effect, Layer, Option, Redacted, Schema, Semaphore } from "effect"
import { SecureRandom } from "effect/crypto"
import { hash, timingSafeEqual } from "node:crypto"
import type { Token, TokenError } from "../contract/Contract.ts"
import { type OAuthClient, OAuthStore, type OAuthStoreError } from "./OAuthStore.ts"
import type { Party, Scope } from "@effekten/services"
import type { Principal } from "../contract/Scope.ts"

/** Seconds a token lives: 10 hours. @category values */
export const defaultTokenLifetime = 36_000
/** Live tokens of one client at most; with one more, the one issued first dies. @category values */
export const defaultLiveTokens = 100
/** Seconds that a wrong secret waits for its refusal. @category values */
export const defaultRefusalDelay = 1
/** Wrong secrets that wait at most; one more is told to come later. @category values */
export const waitingRefusals = 100
/** Bytes of randomness in a secret or a token. @category values */
export const secretBytes = 32
/** Characters of a secret an operator chooses, at the least. @category values */
export const minimumSecretLength = 16

/** @category models */
export interface OAuthOptions {
  /** How long a token lives; whole seconds. Default: 10 hours. */
  readonly tokenLifetime?: Duration.Input | undefined
  /** Live tokens of one client at most; with one more, the one issued first dies. Default: 100. */
  readonly liveTokens?: number | undefined
  /** How long a wrong secret waits for its refusal; a right one never waits. Default: 1 s. */
  readonly refusalDelay?: Duration.Input | undefined
}

/** A client is refused, as RFC 6749 §5.2 says. @category errors */
export class TokenRefused extends Schema.TaggedError<TokenRefused>()("TokenRefused", {
  error: Schema.Literals(["invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type"]),
  description: Schema.String,
  /** The client that is spoken for, if there is such a client: for the log, never for the answer. */
  client: Schema.optionalKey(Schema.String)
}) {
  get body(): TokenError {
    return { error: this.error, error_description: this.description }
  }
}

/** A secret is wrong, and so many wrong ones wait for their refusal that this one is refused at once. @category errors */
export class TooManyRefusals extends Schema.TaggedError<TooManyRefusals>()("TooManyRefusals", {
  /** Seconds. */
  retryAfter: Schema.Int,
  client: Schema.optionalKey(Schema.String)
}) {}

/** How a client proves that it is itself. @category models */
export interface Credentials {
  readonly clientId: string
  readonly secret: Redacted.Redacted
}

/** A client's credentials. The secret is not kept anywhere: it is shown only here. @category models */
export interface RegisteredClient {
  readonly clientId: string
  readonly secret: Redacted.Redacted
}

const hashOf = (text: string): string => hash("sha256", text)

const sameHash = (left: string, right: string): boolean =>
  timingSafeEqual(Buffer.from(left, "hex"), Buffer.from(right, "hex"))

const randomText = (prefix: string) =>
  Effect.gen(function* () {
    const random = yield* SecureRandom.SecureRandom
    return `${prefix}${Buffer.from(yield* random.randomBytes(secretBytes)).toString("base64url")}`
  })

/**
 * Registers an OAuth client of a platform or an issuer, or replaces the client of that id and ends its tokens. Without a secret it makes a secret of 256
 * random bits. A given secret must be as hard to guess, because only a fast hash protects it.
 *
 * @category constructors
 */
export const registerClient = Effect.fnUntraced(function* (
  options: Party & {
    readonly scopes: ReadonlyArray<Scope>
    readonly clientId?: string | undefined
    readonly secret?: Redacted.Redacted | undefined
  }
) {
  const store = yield* OAuthStore
  const random = yield* SecureRandom.SecureRandom
  const clientId = options.clientId ?? (yield* random.uuidV4())
  const secret = options.secret ?? Redacted.make(yield* randomText("effekten_secret_"))
  if (Redacted.value(secret).length < minimumSecretLength) {
    return yield* Effect.die(new RangeError(`a client secret has at least ${minimumSecretLength} characters`))
  }
  yield* store.putClient({
    clientId,
    ...(options.issuer === undefined ? { platform: options.platform } : { issuer: options.issuer }),
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
    readonly issue: (
      request: Credentials & { readonly scope: string | undefined }
    ) => Effect.Effect<Token, TokenRefused | TooManyRefusals | OAuthStoreError>
    /** Ends a token of this client (RFC 7009). A token that is unknown, or another client's, is no error and stays as it is. */
    readonly revoke: (
      request: Credentials & { readonly token: Redacted.Redacted }
    ) => Effect.Effect<void, TokenRefused | TooManyRefusals | OAuthStoreError>
    /** The platform or issuer, and the client, that a bearer token speaks for; none if it is unknown or has expired. */
    readonly authenticate: (
      token: Redacted.Redacted
    ) => Effect.Effect<Option.Option<Principal["Service"]>, OAuthStoreError>
  }
>()("effekten/http/OAuth") {}

const grantedScopes = (client: OAuthClient, scope: string | undefined): ReadonlySet<string> | undefined => {
  if (scope === undefined) return client.scopes
  const requested = scope.split(" ").filter((name) => name !== "")
  return requested.length > 0 && requested.every((name) => client.scopes.has(name)) ? new Set(requested) : undefined
}

/**
 * Holds back the refusals of wrong secrets. A right secret never comes here, so it is answered at once however many wrong ones wait, for the
 * same client too.
 */
const makeRefusals = (delay: Duration.Duration) => {
  const waiting = Semaphore.makeUnsafe(waitingRefusals)
  return Effect.fnUntraced(function* (client: string | undefined) {
    const named = client === undefined ? {} : { client }
    const waited = yield* waiting.withPermitsIfAvailable(1)(Effect.sleep(delay))
    return Option.isSome(waited)
      ? yield* new TokenRefused({
          error: "invalid_client",
          description: "Unknown client, or wrong secret.",
          ...named
        })
      : yield* new TooManyRefusals({ retryAfter: Math.max(1, Math.ceil(Duration.toSeconds(delay))), ...named })
  })
}

/** No id has such a character, and a database may refuse to look for one. */
const control = /\p{Cc}/u

/** The client that has proved itself. */
const makeProof = Effect.fnUntraced(function* (delay: Duration.Duration) {
  const store = yield* OAuthStore
  const refuse = makeRefusals(delay)
  // Stands in for an unknown client's hash, so that both take the same work. It is the hash of a secret that is known nowhere.
  const nobody = hashOf(yield* randomText(""))
  return Effect.fnUntraced(function* ({ clientId, secret }: Credentials) {
    const client = control.test(clientId) ? undefined : Option.getOrUndefined(yield* store.client(clientId))
    const matches = sameHash(hashOf(Redacted.value(secret)), client?.secretHash ?? nobody)
    return client === undefined || !matches ? yield* refuse(client?.clientId) : client
  })
})

/** @category layers */
export const layer = (options?: OAuthOptions): Layer.Layer<OAuth, never, OAuthStore | SecureRandom.SecureRandom> =>
  Layer.effect(
    OAuth,
    Effect.gen(function* () {
      const store = yield* OAuthStore
      const context = yield* Effect.context<SecureRandom.SecureRandom>()
      const lifetime = Math.floor(Duration.toSeconds(options?.tokenLifetime ?? Duration.seconds(defaultTokenLifetime)))
      const limit = options?.liveTokens ?? defaultLiveTokens
      const delay = Duration.fromInputUnsafe(options?.refusalDelay ?? Duration.seconds(defaultRefusalDelay))
      const proven = yield* makeProof(delay)

      return {
        issue: Effect.fnUntraced(function* ({ scope, ...credentials }) {
          const client = yield* proven(credentials)
          const granted = grantedScopes(client, scope)
          if (granted === undefined) {
            return yield* new TokenRefused({
              error: "invalid_scope",
              description: "The client lacks a scope it asked for."
            })
          }
          const token = yield* randomText("effekten_token_").pipe(Effect.provideContext(context))
          const now = yield* Clock.currentTimeMillis
          const { clientId, secretHash } = client
          const expiresAt = now + lifetime * 1000
          yield* store.putToken(
            { hash: hashOf(token), clientId, secretHash, scopes: granted, expiresAt },
            { now, limit }
          )
          return {
            access_token: token,
            token_type: "Bearer" as const,
            expires_in: lifetime,
            scope: [...granted].join(" ")
          }
        }),
        revoke: Effect.fnUntraced(function* ({ token, ...credentials }) {
          const { clientId } = yield* proven(credentials)
          yield* store.removeToken({ hash: hashOf(Redacted.value(token)), clientId })
        }),
        authenticate: (token) =>
          Effect.flatMap(store.token(hashOf(Redacted.value(token))), (grant) =>
            Effect.clockWith((clock) =>
              Effect.succeed(
                Option.isSome(grant) && clock.currentTimeMillisUnsafe() < grant.value.expiresAt
                  ? Option.some(grant.value.principal)
                  : Option.none()
              )
            )
          )
      }
    })
  )
