/**
 * The keys that sign checkpoints, in the file `checkpoint.key` of a register's folder. For what opens the folder, and for an operator that
 * replaces a key.
 */
import { Events } from "@effekten/domain"
import {
  CheckpointStore,
  FolderLock,
  type SignedNote,
  SqliteClient,
  SqliteEventStore,
  Vault
} from "@effekten/event-store"
import { Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { Reactivity } from "effect/reactivity"
import { SqlClient } from "effect/sql"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { writeDurably } from "../base/DurableFile.ts"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { anchorFile, anchorName } from "../sealing/AnchorFile.ts"
import type * as Sealing from "../sealing/Sealing.ts"
import * as Signers from "../sealing/Signers.ts"
import { attempt } from "./FolderFiles.ts"

const fileName = "checkpoint.key"

/** The file, in a folder this process holds. @category constructors */
export const keyFile = (folder: string): Signers.KeyText => {
  const name = join(folder, fileName)
  const write = (text: string) => attempt(`${name} cannot be written`, () => writeDurably(folder, fileName, text))
  return {
    name,
    together: "log.db",
    read: attempt(`${name} cannot be read`, () => (existsSync(name) ? readFileSync(name, "utf8") : undefined)),
    create: write,
    replace: write
  }
}

/** Changes the keys of a register that no process has open. Returns the newest one. @category constructors */
export const change = (
  { anchor, folder }: Pick<Sealing.SealingOptions, "anchor"> & { readonly folder: string },
  action: Signers.Action
): Effect.Effect<SignedNote.VerifierKey, RegisterUnavailable> =>
  Effect.gen(function* () {
    if (!existsSync(join(folder, "log.db")))
      return yield* new RegisterUnavailable({ message: `${folder} holds no register` })
    yield* FolderLock.acquire(folder)
    const { logId } = yield* SqliteEventStore.make({
      filename: join(folder, "log.db"),
      catalogue: Events.catalogue,
      readOnly: true
    })
    const sql = yield* SqliteClient.make({ filename: join(folder, "state.db") })
    const checkpoints = yield* CheckpointStore.makeSql.pipe(Effect.provideService(SqlClient.SqlClient, sql))
    const kept = anchorFile(anchor ?? join(folder, anchorName))
    return yield* Signers.change(action, { text: keyFile(folder), logId, checkpoints, anchor: kept })
  }).pipe(
    Effect.scoped,
    Effect.provide(
      Vault.layerMemory.pipe(Layer.provideMerge(Layer.merge(Reactivity.layer, SecureRandom.layerWebCrypto)))
    ),
    Effect.mapError(refused)
  )
