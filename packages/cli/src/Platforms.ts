/**
 * `effekten platform` and `effekten client`: which platforms may use a register, and with which credentials. For operators.
 *
 * To add a platform is an event: the command holds the register's folder, as a server does. Clients are changed beside a running server. A
 * secret is printed once; the register stores a hash of it.
 */
import { type Id, Text } from "@effekten/domain"
import { OAuth, OAuthStore } from "@effekten/http"
import { Audit, Log } from "@effekten/registrar"
import { Platforms, type Scope, scopes as allScopes } from "@effekten/services"
import { Console, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import * as Clients from "./Clients.ts"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import type { Place } from "./Place.ts"

const failed = (message: string, exitCode: number = ExitCode.failed) => new CommandFailed({ exitCode, message })

const unreadable = (place: Place) => failed(`the clients in ${place.clientsName} cannot be read or written`)

/** Opens the register, which must be there, and its clients. No server may hold the folder meanwhile. */
const inRegister = <A>(
  place: Place,
  work: Effect.Effect<
    A,
    CommandFailed | OAuthStore.OAuthStoreError,
    Platforms | Log | OAuthStore.OAuthStore | SecureRandom.SecureRandom
  >
): Effect.Effect<A, CommandFailed> =>
  work.pipe(
    Effect.provide(
      Clients.layer.pipe(Layer.provideMerge(place.existing({})), Layer.provideMerge(SecureRandom.layerWebCrypto))
    ),
    Effect.catchTag("OAuthStoreError", () => Effect.fail(unreadable(place)))
  )

/** Opens the clients alone. A server may go on meanwhile: it sees a change within the seconds that it remembers a token. */
const inClients = <A>(
  place: Place,
  work: Effect.Effect<A, CommandFailed | OAuthStore.OAuthStoreError, OAuthStore.OAuthStore | SecureRandom.SecureRandom>
): Effect.Effect<A, CommandFailed> =>
  work.pipe(
    Effect.provide(Layer.merge(place.clientStore, SecureRandom.layerWebCrypto)),
    Effect.catchTag("OAuthStoreError", () => Effect.fail(unreadable(place)))
  )

const scopesOf = (text: string | undefined): Effect.Effect<ReadonlyArray<Scope>, CommandFailed> => {
  const names = (text ?? allScopes.join(" ")).split(/[\s,]+/).filter((name) => name !== "")
  const known = allScopes.filter((scope) => names.includes(scope))
  const unknown = names.find((name) => !allScopes.some((scope) => scope === name))
  return unknown === undefined && known.length > 0
    ? Effect.succeed(known)
    : Effect.fail(
        failed(`${JSON.stringify(unknown ?? "")} is no scope; there are ${allScopes.join(", ")}`, ExitCode.usage)
      )
}

interface RegisteredPlatform {
  readonly id: Id.PlatformId
  readonly name: string
}

/** The platforms a log knows, in the order in which they were registered. */
const platformsIn = (log: Pick<Log["Service"], "read">) =>
  log.read([{ types: ["PlatformRegistered"] }]).pipe(
    Stream.runCollect,
    Effect.map((events) =>
      events.flatMap((event): ReadonlyArray<RegisteredPlatform> =>
        event.type === "PlatformRegistered" ? [{ id: event.data.platformId, name: event.data.name }] : []
      )
    ),
    Effect.mapError(({ message }) => failed(message))
  )

/** The same, beside a running server. */
const platformsAt = (place: Place) => Effect.provide(Effect.flatMap(Audit, platformsIn), place.audit)

const tell = (platform: RegisteredPlatform, { clientId, secret }: OAuth.RegisteredClient) =>
  Console.log(
    [
      `PLATFORM_ID=${platform.id}`,
      `CLIENT_ID=${clientId}`,
      `CLIENT_SECRET=${Redacted.value(secret)}`,
      "",
      `The secret of this client of ${JSON.stringify(platform.name)} is printed only now: the register stores no more than a hash of it.`
    ].join("\n")
  )

/** @category commands */
export const runPlatformAdd = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly name: string; readonly scopes: string | undefined }
) {
  const scopes = yield* scopesOf(options.scopes)
  const name = yield* Schema.decodeUnknownEffect(Text.PublicName)(options.name.trim()).pipe(
    Effect.mapError(() => failed("a platform's name has 1 to 200 characters", ExitCode.usage))
  )
  yield* inRegister(
    place,
    Effect.gen(function* () {
      const known = (yield* platformsIn(yield* Log)).find((platform) => platform.name === name)
      const clients = yield* (yield* OAuthStore.OAuthStore).clients
      // A platform without a client gets one: an earlier call was cut short, or its clients were removed.
      if (known !== undefined && clients.some(({ platform }) => platform === known.id)) {
        return yield* failed(
          `there is a platform ${JSON.stringify(name)} already, ${known.id}: \`effekten client add ${known.id}\` gives it one more client`,
          ExitCode.refused
        )
      }
      const platform =
        known ?? (yield* Effect.mapError((yield* Platforms).register({ name }), ({ message }) => failed(message)))
      yield* tell(platform, yield* OAuth.registerClient({ platform: platform.id, scopes }))
    })
  )
})

/** @category commands */
export const runPlatformList = Effect.fnUntraced(function* (place: Place, options: { readonly json: boolean }) {
  const clients = yield* place.clients
  const platforms = yield* platformsAt(place)
  const found = platforms.map((platform) => ({
    ...platform,
    clients: clients
      .filter((client) => client.platform === platform.id)
      .map(({ clientId, scopes }) => ({ clientId, scopes: [...scopes] }))
  }))
  yield* Console.log(options.json ? JSON.stringify(found, undefined, 2) : asText(found))
})

const asText = (
  platforms: ReadonlyArray<
    RegisteredPlatform & {
      readonly clients: ReadonlyArray<{ readonly clientId: string; readonly scopes: ReadonlyArray<string> }>
    }
  >
): string =>
  platforms.length === 0
    ? "No platform is registered."
    : platforms
        .flatMap(({ clients, id, name }) => [
          `${id}  ${name}`,
          ...clients.map(({ clientId, scopes }) => `  client ${clientId}  ${scopes.join(" ")}`)
        ])
        .join("\n")

const clientOf = Effect.fnUntraced(function* (place: Place, clientId: string) {
  const store = yield* OAuthStore.OAuthStore
  const client = Option.getOrUndefined(yield* store.client(clientId))
  if (client !== undefined) return client
  return yield* failed(
    `${place.name} knows no client ${JSON.stringify(clientId)}: \`effekten platform list\` shows them`,
    ExitCode.refused
  )
})

/** A platform of the register, beside a running server. @category computing */
export const platformOf = Effect.fnUntraced(function* (place: Place, id: string) {
  const platform = (yield* platformsAt(place)).find((platform) => platform.id === id)
  if (platform !== undefined) return platform
  return yield* failed(
    `${place.name} knows no platform ${JSON.stringify(id)}: \`effekten platform list\` shows them`,
    ExitCode.refused
  )
})

/** @category commands */
export const runClientAdd = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly platform: string; readonly scopes: string | undefined }
) {
  const scopes = yield* scopesOf(options.scopes)
  yield* inClients(
    place,
    Effect.gen(function* () {
      const platform = yield* platformOf(place, options.platform)
      yield* tell(platform, yield* OAuth.registerClient({ platform: platform.id, scopes }))
    })
  )
})

/** @category commands */
export const runClientRotate = (place: Place, options: { readonly clientId: string }) =>
  inClients(
    place,
    Effect.gen(function* () {
      const { clientId, platform, scopes } = yield* clientOf(place, options.clientId)
      const held = allScopes.filter((scope) => scopes.has(scope))
      const fresh = yield* OAuth.registerClient({ platform, scopes: held, clientId })
      yield* tell(yield* platformOf(place, platform), fresh)
    })
  )

/** @category commands */
export const runClientRemove = (place: Place, options: { readonly clientId: string }) =>
  inClients(
    place,
    Effect.gen(function* () {
      const { clientId } = yield* clientOf(place, options.clientId)
      yield* (yield* OAuthStore.OAuthStore).removeClient(clientId)
      yield* Console.log(`removed: ${clientId}`)
    })
  )
