/** The contract kit on the stores of this package. */
import { Effect, Layer, Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import * as fastCheck from "fast-check"
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { backup, DatabaseSync } from "node:sqlite"
import { describe, it } from "vitest"
import { MemoryEventStore, SqliteCopy, SqliteEventStore, Vault } from "@effekten/event-store"
import { contractKit, kitCatalogue, KitLog, type KitStore } from "@effekten/event-store/testing"

const vault = Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))

const storages = new WeakMap<KitStore, MemoryEventStore.Storage>()

contractKit({
  name: "memory",
  make: (catalogue) =>
    Effect.gen(function* () {
      const storage = yield* MemoryEventStore.makeStorage
      const store: KitStore = yield* MemoryEventStore.make({ catalogue, storage })
      storages.set(store, storage)
      return store
    }).pipe(Effect.provide(vault)),
  reopen: (store, catalogue) => {
    const storage = storages.get(store)
    return MemoryEventStore.make({ catalogue, ...(storage === undefined ? {} : { storage }) }).pipe(
      Effect.provide(vault)
    )
  },
  withKey: (store, authentication) =>
    Effect.gen(function* () {
      const storage = storages.get(store)!
      const again: KitStore = yield* MemoryEventStore.make({ catalogue: kitCatalogue, storage, authentication })
      storages.set(again, storage)
      return again
    }).pipe(Effect.provide(vault)),
  rewind: (store) =>
    Effect.map(store.head, (head) => Effect.sync(() => MemoryEventStore.rewind(storages.get(store)!, head))),
  notify: (store) => Effect.sync(() => storages.get(store)?.wake.notify()),
  fastCheck,
  runner: { describe, it }
})

contractKit({
  name: "SQLite in memory",
  layer: (catalogue) =>
    Layer.effect(KitLog, SqliteEventStore.make({ filename: ":memory:", catalogue })).pipe(Layer.provide(vault)),
  fastCheck,
  runner: { describe, it }
})

const files = new WeakMap<KitStore, string>()
/** Another connection may have appended: a subscription looks often. */
const pollInterval = "5 millis"

contractKit({
  name: "SQLite on disk",
  make: (catalogue) =>
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "event-store-"))),
        (made) => Effect.sync(() => rmSync(made, { recursive: true }))
      )
      const filename = join(folder, "log.db")
      const store: KitStore = yield* SqliteEventStore.make({ filename, catalogue, pollInterval })
      files.set(store, filename)
      return store
    }).pipe(provideHere),
  reopen: (store, catalogue) =>
    SqliteEventStore.make({ filename: files.get(store) ?? "", catalogue, pollInterval }).pipe(provideHere),
  withKey: (store, authentication) =>
    Effect.gen(function* () {
      const filename = files.get(store) ?? ""
      const again: KitStore = yield* SqliteEventStore.make({ filename, catalogue: kitCatalogue, authentication })
      files.set(again, filename)
      return again
    }).pipe(provideHere),
  edit: (store, position, change) =>
    Effect.sync(() => {
      const database = new DatabaseSync(files.get(store) ?? "")
      const row = database.prepare("SELECT body FROM events WHERE position = ?").get(position)
      database.prepare("UPDATE events SET body = ? WHERE position = ?").run(change(String(row?.["body"])), position)
      database.close()
    }),
  rewind: (store) =>
    Effect.gen(function* () {
      const filename = files.get(store) ?? ""
      yield* SqliteCopy.copy(filename, `${filename}.kept`)
      return Effect.acquireUseRelease(
        Effect.sync(() => new DatabaseSync(`${filename}.kept`)),
        (kept) => Effect.promise(() => backup(kept, filename)),
        (kept) => Effect.sync(() => kept.close())
      )
    }),
  start: (store, life) => {
    const child = join(import.meta.dirname, "KitChild.ts")
    const options = ["--conditions=@effekten/source", "--disable-warning=ExperimentalWarning"]
    return spawn(process.execPath, [...options, child, files.get(store) ?? "", life])
  },
  fastCheck,
  runs: 20,
  runner: { describe, it }
})

function provideHere<A, E>(
  effect: Effect.Effect<A, E, Vault.Vault | SecureRandom.SecureRandom | Scope.Scope>
): Effect.Effect<A, E, Scope.Scope> {
  return Effect.provide(effect, vault)
}
