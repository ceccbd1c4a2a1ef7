/** What the tests of this package share: folders that are removed afterwards, seeded randomness, stores on files. */
import { Effect, Layer, Redacted, type Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { SqliteEventStore, Vault } from "@effekten/event-store"
import { type KitEvent, kitCatalogue } from "@effekten/event-store/testing"

export const random = SecureRandom.layerWebCrypto

export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "event-store-"))),
  (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
)

export const masterKey = (byte = 7) => Redacted.make(new Uint8Array(32).fill(byte))

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
