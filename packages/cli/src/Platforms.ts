/**
 * `effekten platform` and `effekten client`: who may use a register, and with which credentials. For operators.
 *
 * Whatever changes something holds the register's folder, as a server does. A secret is told once; the register keeps a hash of it.
 */
import { PlatformId, PublicName } from "@effekten/domain"
import { SqliteClient } from "@effekten/event-store"
import { OAuth, OAuthStore, type Scope, scopes as allScopes } from "@effekten/http"
import { Audit, Log, RegisterState } from "@effekten/registrar"
import { Platforms } from "@effekten/services"
import { Console, Effect, Layer, Option, Redacted, Schema, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { mustExist, openRegister, type StoreOptions } from "./Store.ts"

const failed = (message: string, exitCode: number = ExitCode.failed) => new CommandFailed({ exitCode, message })

const holdsRegister = (folder: string): Effect.Effect<void, CommandFailed> =>
  existsSync(join(folder, "log.db"))
    ? Effect.void
    : Effect.fail(failed(`${folder} holds no register: \`effekten serve\` makes one`, ExitCode.folder))

/** Where the register is. @category models */
export type Where = Pick<StoreOptions, "folder" | "store">

const nameOf = ({ folder, store }: Where): string => (store === undefined ? folder : "the database")

/**
 * Opens the register and its clients: a folder, which no server may hold meanwhile, or a database beside its nodes. A slip of the pen makes
 * no new register.
 */
const inRegister = <A>(
  where: Where,
  work: Effect.Effect<
    A,
    CommandFailed | OAuthStore.OAuthStoreError,
    Platforms | Log | OAuthStore.OAuthStore | SecureRandom.SecureRandom
  >
): Effect.Effect<A, CommandFailed> =>
  Effect.gen(function* () {
    yield* where.store === undefined ? holdsRegister(where.folder) : mustExist(where)
    const register = yield* openRegister({ ...where, settleAfter: undefined, exists: true })
    const clients = Layer.unwrap(
      Effect.map(RegisterState, ({ sql }) =>
        OAuthStore.layerSql.pipe(Layer.provide(Layer.succeed(SqlClient.SqlClient, sql)))
      )
    )
    return yield* Effect.provide(work, clients.pipe(Layer.provideMerge(register)))
  }).pipe(
    Effect.provide(SecureRandom.layerWebCrypto),
    Effect.catchTags({
      OAuthStoreError: () => Effect.fail(failed(`the clients in ${nameOf(where)} cannot be read or written`)),
      RegisterUnavailable: ({ message }) => Effect.fail(failed(message, ExitCode.folder))
    })
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
  readonly id: PlatformId
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

const tell = (platform: RegisteredPlatform, { clientId, secret }: OAuth.RegisteredClient) =>
  Console.log(
    [
      `PLATFORM_ID=${platform.id}`,
      `CLIENT_ID=${clientId}`,
      `CLIENT_SECRET=${Redacted.value(secret)}`,
      "",
      `The secret of this client of ${JSON.stringify(platform.name)} is told only now: the register keeps no more than a hash of it.`
    ].join("\n")
  )

/** @category commands */
export const runPlatformAdd = Effect.fnUntraced(function* (
  options: Where & { readonly name: string; readonly scopes: string | undefined }
) {
  const scopes = yield* scopesOf(options.scopes)
  const name = yield* Schema.decodeUnknownEffect(PublicName)(options.name.trim()).pipe(
    Effect.mapError(() => failed("a platform's name has 1 to 200 characters", ExitCode.usage))
  )
  yield* inRegister(
    options,
    Effect.gen(function* () {
      const known = (yield* platformsIn(yield* Log)).find((platform) => platform.name === name)
      const clients = yield* (yield* OAuthStore.OAuthStore).clients
      // One without a client was left behind by a call that was cut short, or lost its clients: it gets one.
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
export const runPlatformList = Effect.fnUntraced(function* (options: Where & { readonly json: boolean }) {
  const { platforms, clients } = yield* options.store === undefined
    ? knownIn(options.folder)
    : inRegister(
        options,
        Effect.gen(function* () {
          return {
            platforms: yield* platformsIn(yield* Log),
            clients: yield* (yield* OAuthStore.OAuthStore).clients
          }
        })
      )
  const found = platforms.map((platform) => ({
    ...platform,
    clients: clients
      .filter((client) => client.platform === platform.id)
      .map(({ clientId, scopes }) => ({ clientId, scopes: [...scopes] }))
  }))
  yield* Console.log(options.json ? JSON.stringify(found, undefined, 2) : asText(found))
})

/** Beside a running server too. */
const knownIn = Effect.fnUntraced(function* (folder: string) {
  yield* holdsRegister(folder)
  const platforms = yield* Effect.flatMap(Audit, platformsIn).pipe(
    Effect.provide(Audit.layerFolder({ folder })),
    Effect.catchTag("RegisterUnavailable", ({ message }) => Effect.fail(failed(message, ExitCode.folder)))
  )
  return { platforms, clients: yield* clientsIn(folder) }
})

/** A register that was never served has no table of clients yet. */
const clientsIn = (folder: string) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    const tables = yield* sql`SELECT 1 FROM sqlite_schema WHERE name = 'oauth_client'`
    if (tables.length === 0) return []
    return yield* Effect.flatMap(OAuthStore.OAuthStore, (store) => store.clients).pipe(
      Effect.provide(OAuthStore.layerSql)
    )
  }).pipe(
    Effect.provide(SqliteClient.layer({ filename: join(folder, "state.db"), readonly: true })),
    Effect.mapError(() => failed(`the clients in ${folder}/state.db cannot be read`, ExitCode.folder))
  )

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

const clientOf = Effect.fnUntraced(function* (where: Where, clientId: string) {
  const store = yield* OAuthStore.OAuthStore
  const client = Option.getOrUndefined(yield* store.client(clientId))
  if (client !== undefined) return client
  return yield* failed(
    `${nameOf(where)} knows no client ${JSON.stringify(clientId)}: \`effekten platform list\` shows them`,
    ExitCode.refused
  )
})

const platformOf = Effect.fnUntraced(function* (where: Where, id: string) {
  const platform = (yield* platformsIn(yield* Log)).find((platform) => platform.id === id)
  if (platform !== undefined) return platform
  return yield* failed(
    `${nameOf(where)} knows no platform ${JSON.stringify(id)}: \`effekten platform list\` shows them`,
    ExitCode.refused
  )
})

/** @category commands */
export const runClientAdd = Effect.fnUntraced(function* (
  options: Where & { readonly platform: string; readonly scopes: string | undefined }
) {
  const scopes = yield* scopesOf(options.scopes)
  yield* inRegister(
    options,
    Effect.gen(function* () {
      const platform = yield* platformOf(options, options.platform)
      yield* tell(platform, yield* OAuth.registerClient({ platform: platform.id, scopes }))
    })
  )
})

/** @category commands */
export const runClientRotate = (options: Where & { readonly clientId: string }) =>
  inRegister(
    options,
    Effect.gen(function* () {
      const { clientId, platform, scopes } = yield* clientOf(options, options.clientId)
      const held = allScopes.filter((scope) => scopes.has(scope))
      const fresh = yield* OAuth.registerClient({ platform, scopes: held, clientId })
      yield* tell(yield* platformOf(options, platform), fresh)
    })
  )

/** @category commands */
export const runClientRemove = (options: Where & { readonly clientId: string }) =>
  inRegister(
    options,
    Effect.gen(function* () {
      const { clientId } = yield* clientOf(options, options.clientId)
      yield* (yield* OAuthStore.OAuthStore).removeClient(clientId)
      yield* Console.log(`removed: ${clientId}`)
    })
  )
