/**
 * The log's index, made again from the bodies: after damage, or when events have other tags than when they were recorded. For operators. No
 * event changes.
 */
import { Events } from "@effekten/domain"
import { FolderLock, SqliteEventStore, Vault } from "@effekten/event-store"
import { Effect, Layer, type Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { nameIn, type PostgresDatabase } from "../postgres/PostgresDatabase.ts"

// Nothing personal is opened, so no key is needed.
const withoutKeys = Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))

const rebuilt = <E extends { readonly message: string }, R>(
  work: Effect.Effect<void, E, R | Scope.Scope | Vault.Vault | SecureRandom.SecureRandom>
) => work.pipe(Effect.provide(withoutKeys), Effect.scoped, Effect.uninterruptible, Effect.mapError(refused))

/** In a folder, which must not be open. @category running */
export const rebuildInFolder = (folder: string): Effect.Effect<void, RegisterUnavailable> =>
  rebuilt(
    Effect.gen(function* () {
      const filename = join(folder, "log.db")
      if (!existsSync(filename)) return yield* new RegisterUnavailable({ message: `${folder} holds no register` })
      yield* FolderLock.acquire(folder)
      const log = yield* SqliteEventStore.make<Events.RegisterEvent>({
        filename,
        catalogue: Events.catalogue,
        unfitIndex: true
      })
      yield* log.rebuildIndex
    })
  )

/** In a database, while its nodes wait. Needs `@effect/sql-pg`. @category running */
export const rebuildInPostgres = (options: PostgresDatabase): Effect.Effect<void, RegisterUnavailable> =>
  rebuilt(
    Effect.gen(function* () {
      // Loaded when it is asked for: a register in a folder does without the driver.
      const { PgEventStore } = yield* Effect.promise(() => import("@effekten/event-store/postgres"))
      const log = yield* PgEventStore.make<Events.RegisterEvent>({
        server: options.server,
        schema: nameIn(options, "log"),
        catalogue: Events.catalogue,
        unfitIndex: true
      })
      yield* log.rebuildIndex
    })
  )
