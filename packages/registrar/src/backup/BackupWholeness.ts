/**
 * Holds what a backup has copied against the log in it: keys, and contents of documents. For taking backups. Only the copies are compared;
 * the live log is asked only what was erased meanwhile.
 */
import { Events } from "@effekten/domain"
import { KeyStore, SqliteEventStore, Vault } from "@effekten/event-store"
import { Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { join } from "node:path"
import type { StoredContents } from "../base/StoredContents.ts"
import * as Wholeness from "../log/Wholeness.ts"
import { BackupFailed, type BackupFile, blobsName, type Manifest } from "./BackupFiles.ts"

/** Faults that a manifest names. */
const named = 20

/** What was copied and measured. */
const copiedContents = (copied: ReadonlyArray<BackupFile>): StoredContents => {
  const known = new Map(
    copied.flatMap(({ path, sha256, size }) =>
      path.startsWith(`${blobsName}/`) ? [[path.slice(path.lastIndexOf("/") + 1), { size, digest: sha256 }]] : []
    )
  )
  const those = <A>(ids: ReadonlyArray<string>, of: (content: { size: number; digest: string }) => A) =>
    Effect.succeed(
      new Map(
        ids.flatMap((id) => {
          const content = known.get(id)
          return content === undefined ? [] : [[id, of(content)] as const]
        })
      )
    )
  return {
    name: blobsName,
    sizes: (ids) => those(ids, ({ size }) => size),
    measured: (ids) => those(ids, (content) => content)
  }
}

const openLog = (folder: string) =>
  SqliteEventStore.make<Events.RegisterEvent>({
    filename: join(folder, "log.db"),
    catalogue: Events.catalogue,
    readOnly: true
  })

/** What is missing in a copy of a register; `undefined` where nothing is. @category running */
export const lackingIn = (
  staging: string,
  options: { readonly folder: string; readonly copied: ReadonlyArray<BackupFile> }
): Effect.Effect<Manifest["lacking"], BackupFailed> =>
  Effect.gen(function* () {
    const copy = yield* openLog(staging)
    // An investor may be erased between the copy of the log and those of keys and contents. The live log says so.
    const live = yield* openLog(options.folder)
    const keys = yield* KeyStore.makeSqlite({ filename: join(staging, "keys.db"), readOnly: true })
    const { faults, missing } = yield* Wholeness.compare(
      {
        logId: copy.logId,
        read: copy.read,
        readAll: live.readAll,
        // What is there although it was erased is `verify`'s to tell.
        keys: { states: keys.states, note: Effect.undefined },
        contents: copiedContents(options.copied)
      },
      named
    )
    const count = missing.keys + missing.unsaid + missing.contents
    return count === 0 ? undefined : { count, first: faults.map(({ message, position }) => ({ position, message })) }
  }).pipe(
    Effect.scoped,
    Effect.provide(Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))),
    Effect.mapError(
      (cause) => new BackupFailed({ reason: "folder", message: `the register is not whole: ${cause.message}`, cause })
    )
  )
