/**
 * `effekten platform` and `effekten client`: which platforms and issuers may use a register, and with which credentials. For operators.
 *
 * To add a platform is an event: the command holds the register's folder, as a server does. Clients are changed beside a running server. A
 * secret is printed once; the register stores a hash of it.
 */
import { Id, Text } from "@effekten/domain"
import { OAuth, OAuthStore } from "@effekten/http"
import { Audit, Log } from "@effekten/registrar"
import { type Party, partyId, Platforms, type Scope, scopesOf as scopesFor } from "@effekten/services"
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

/** The scopes that are asked for, of those that such a client may have. */
const scopesOf = (text: string | undefined, party: Party): Effect.Effect<ReadonlyArray<Scope>, CommandFailed> => {
  const all = scopesFor(party)
  const names = (text ?? all.join(" ")).split(/[\s,]+/).filter((name) => name !== "")
  const known = all.filter((scope) => names.includes(scope))
  const unknown = names.find((name) => !all.some((scope) => scope === name))
  return unknown === undefined && known.length > 0
    ? Effect.succeed(known)
    : Effect.fail(failed(`${JSON.stringify(unknown ?? "")} is no scope; there are ${all.join(", ")}`, ExitCode.usage))
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

/** What a client speaks for, as an operator knows it. */
interface Holder {
  readonly party: Party
  readonly name: string
}

const holderOf = ({ id, name }: RegisteredPlatform): Holder => ({ party: { platform: id }, name: JSON.stringify(name) })

const tell = ({ name, party }: Holder, { clientId, secret }: OAuth.RegisteredClient) =>
  Console.log(
    [
      `${party.issuer === undefined ? "PLATFORM" : "ISSUER"}_ID=${partyId(party)}`,
      `CLIENT_ID=${clientId}`,
      `CLIENT_SECRET=${Redacted.value(secret)}`,
      "",
      `The secret of this client of ${name} is printed only now: the register stores no more than a hash of it.`
    ].join("\n")
  )

/** @category commands */
export const runPlatformAdd = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly name: string; readonly scopes: string | undefined }
) {
  const scopes = yield* scopesOf(options.scopes, { platform: Id.PlatformId.make("new") })
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
      yield* tell(holderOf(platform), yield* OAuth.registerClient({ platform: platform.id, scopes }))
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
    `${place.name} knows no client ${JSON.stringify(clientId)}: \`effekten client list\` shows them`,
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

/** An issuer of the register, beside a running server. */
const issuerOf = Effect.fnUntraced(function* (place: Place, id: string) {
  const read = Effect.flatMap(Audit, (log) => Stream.runCollect(log.read([{ types: ["IssuerRegistered"] }])))
  const events = yield* Effect.mapError(read, ({ message }) => failed(message)).pipe(Effect.provide(place.audit))
  const issuer = Id.IssuerId.make(id)
  if (events.some((event) => event.type === "IssuerRegistered" && event.data.issuerId === issuer)) return issuer
  return yield* failed(
    `${place.name} knows no issuer ${JSON.stringify(id)}: \`effekten issuer list\` shows them`,
    ExitCode.refused
  )
})

const holderIn = (
  place: Place,
  party: { readonly platform?: string | undefined; readonly issuer?: string | undefined }
) =>
  party.issuer === undefined
    ? Effect.map(platformOf(place, party.platform ?? ""), holderOf)
    : Effect.map(issuerOf(place, party.issuer), (issuer): Holder => ({
        party: { issuer },
        name: `the issuer ${issuer}`
      }))

/** @category commands */
export const runClientAdd = Effect.fnUntraced(function* (
  place: Place,
  options: { readonly platform?: string; readonly issuer?: string; readonly scopes: string | undefined }
) {
  if ((options.platform === undefined) === (options.issuer === undefined))
    return yield* failed("name a platform, or an issuer with --issuer", ExitCode.usage)
  yield* inClients(
    place,
    Effect.gen(function* () {
      const holder = yield* holderIn(place, options)
      const scopes = yield* scopesOf(options.scopes, holder.party)
      yield* tell(holder, yield* OAuth.registerClient({ ...holder.party, scopes }))
    })
  )
})

/** @category commands */
export const runClientList = Effect.fnUntraced(function* (place: Place, options: { readonly json: boolean }) {
  const clients = (yield* place.clients).map(({ clientId, issuer, platform, scopes }) => ({
    clientId,
    ...(issuer === undefined ? { platform } : { issuer }),
    scopes: [...scopes]
  }))
  const lines = clients.map(({ clientId, scopes, ...party }) =>
    [clientId, ...Object.entries(party).map((words) => words.join(" ")), scopes.join(" ")].join("  ")
  )
  const text = lines.length === 0 ? "No client is registered." : lines.join("\n")
  yield* Console.log(options.json ? JSON.stringify(clients, undefined, 2) : text)
})

/** @category commands */
export const runClientRotate = (place: Place, options: { readonly clientId: string }) =>
  inClients(
    place,
    Effect.gen(function* () {
      const client = yield* clientOf(place, options.clientId)
      const { clientId, issuer, platform } = client
      const party: Party = issuer === undefined ? { platform } : { issuer }
      const scopes = scopesFor(party).filter((scope) => client.scopes.has(scope))
      const fresh = yield* OAuth.registerClient({ ...party, scopes, clientId })
      yield* tell(yield* holderIn(place, party), fresh)
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
