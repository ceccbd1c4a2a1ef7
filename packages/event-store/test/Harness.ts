/** What the tests of this package share: folders that are removed afterwards, seeded randomness, stores on files. */
import { Effect, Layer, Redacted, type Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type EventStoreShape, MacLine, Macs, SqliteEventStore, Vault } from "@effekten/event-store"
import { type KitEvent, kitCatalogue } from "@effekten/event-store/testing"

export const random = SecureRandom.layerWebCrypto

export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "event-store-"))),
  (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
)

export const masterKey = (byte = 7) => Redacted.make(new Uint8Array(32).fill(byte))

/** What makes the MACs of logs that bear them. */
export const authentication = { key: Redacted.make(new Uint8Array(32).fill(9)) }

/** The first position that does not bear the MAC it owes; undefined where all do. */
export const unauthenticated = Effect.fnUntraced(function* (
  store: Pick<EventStoreShape<KitEvent>, "head" | "logId" | "readLeaves" | "readMacs">
) {
  const from = yield* MacLine.begun(store)
  const to = yield* store.head
  if (from === undefined) return to === 0 ? undefined : 1
  let first: number | undefined
  const authenticator = Macs.makeAuthenticator(authentication, store.logId)
  yield* MacLine.authenticate(store, authenticator, { from, to }, { fault: (position) => void (first ??= position) })
  return first
})

export const vaultIn = (path: string, byte = 7) =>
  Vault.layerSqlite({ filename: join(path, "keys.db"), masterKey: masterKey(byte) })

/** Works with a vault that is gone afterwards. */
export const using = <A, E>(
  layer: Layer.Layer<Vault.Vault, any, any>,
  work: (vault: Vault.VaultShape) => Effect.Effect<A, E>
) =>
  Effect.scoped(
    Effect.flatMap(Vault.Vault, work).pipe(
      Effect.provide(layer.pipe(Layer.provide(random)) as Layer.Layer<Vault.Vault>)
    )
  )

export type Options = Partial<SqliteEventStore.SqliteEventStoreOptions<KitEvent>>

/** A store in a folder, as an application would open it. */
export const storeIn = (path: string, options: Options = {}) =>
  Effect.flatMap(Layer.build(vaultIn(path)), (vault) =>
    SqliteEventStore.make({ filename: join(path, "log.db"), catalogue: kitCatalogue, ...options }).pipe(
      Effect.provideContext(vault)
    )
  ).pipe(Effect.provide(random))

export const run = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Promise<A> =>
  Effect.runPromise(Effect.scoped(effect))
