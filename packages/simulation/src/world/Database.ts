/**
 * What outlives the nodes: log, keys, contents, progress, snapshots and the lock of the writer. For the nodes of a simulation. They
 * share it as nodes share a PostgreSQL server, or one at a time has it open.
 */
import { type KeyStore, Vault } from "@effekten/event-store"
import type { WebhookStore } from "@effekten/http"
import type { Projection } from "@effekten/projections"
import { type BlobError, Blobs, Secrets } from "@effekten/registrar"
import { Context, Effect, Layer, Redacted, type Scope, Stream } from "effect"
import type { SecureRandom } from "effect/crypto"
import { createHash } from "node:crypto"
import * as Endpoints from "./Endpoints.ts"
import * as MemoryStores from "./MemoryStores.ts"
import * as Sealed from "./Sealed.ts"
import * as SqliteStores from "./SqliteStores.ts"
import type { Stores, StoresOptions } from "./Stores.ts"

/** @category models */
export interface Database {
  readonly stores: Stores
  readonly masterKey: Redacted.Redacted<Uint8Array>
  readonly secrets: Context.Context<Secrets>
  /** Contents of documents. Each node has a vault of its own for them: a lock that a dead one holds holds up no other. */
  readonly contents: Effect.Success<typeof Blobs.memory>
  readonly sealed: Sealed.Sealed | undefined
  /** Endpoints of webhooks, where there are receivers. */
  readonly endpoints: WebhookStore.WebhookStore["Service"] | undefined
}

interface DatabaseOptions extends Omit<StoresOptions, "authentication"> {
  readonly isSealed: boolean
  /** Whether the stores are those of one process, in files. */
  readonly isSqlite: boolean
  /** Whether there are receivers of webhooks. */
  readonly hasReceivers: boolean
}

/** A vault over the keys of the database. @category constructors */
export const vaultOver = <E>(
  keys: Layer.Layer<KeyStore.KeyStore, E>,
  masterKey: Redacted.Redacted<Uint8Array>
): Layer.Layer<Vault.Vault, E, SecureRandom.SecureRandom> =>
  Layer.effect(Vault.Vault, Effect.orDie(Vault.make({ masterKey }))).pipe(Layer.provide(keys))

/** SHA-256 of what lies there of each document in a log; none where nothing does. @category running */
export const contentsOf = (
  { contents }: Pick<Database, "contents">,
  log: ReadonlyArray<Projection.LoggedEvent>
): Effect.Effect<ReadonlyMap<string, string | undefined>, BlobError> =>
  Effect.gen(function* () {
    const digests = new Map<string, string | undefined>()
    for (const { data, type } of log) {
      if (type !== "DocumentUploaded") continue
      const id = data.documentId
      const pieces = yield* contents.read(id)
      const hash = createHash("sha256")
      if (pieces !== undefined) yield* Stream.runForEach(pieces, (piece) => Effect.sync(() => void hash.update(piece)))
      digests.set(id, pieces === undefined ? undefined : hash.digest("hex"))
    }
    return digests
  })

/** An empty database, for as long as the scope is open. @category constructors */
export const make = (
  options: DatabaseOptions
): Effect.Effect<Database, never, Scope.Scope | SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    const masterKey = Redacted.make(options.delays.bytes(32))
    const secrets = yield* Layer.build(Secrets.layerMemory)
    const key = Context.get(secrets, Secrets).logKey
    const sealed = options.isSealed ? yield* Sealed.make({ key }, options.delays.bytes(32)) : undefined
    const storesOptions = { ...options, authentication: sealed?.authentication }
    return {
      stores: options.isSqlite ? SqliteStores.make(storesOptions) : yield* MemoryStores.make(storesOptions),
      masterKey,
      secrets,
      sealed,
      endpoints: options.hasReceivers ? yield* Endpoints.openStore(options.delays) : undefined,
      contents: yield* Blobs.memory
    }
  })
