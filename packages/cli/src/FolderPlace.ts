/**
 * A register in a folder, which one process at a time may hold. For the commands, as a {@link Place}.
 */
import { ExportFolder } from "@effekten/event-store"
import {
  Audit,
  CheckpointKeys,
  MasterKey,
  AccessRecordAudit,
  KeptLists,
  RegisterSecrets,
  Registrar,
  type SecretSource,
  TagIndex
} from "@effekten/registrar"
import { Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { folderFlag } from "./DataFolder.ts"
import { type Place, refused, refusing, type RegisterOptions, said } from "./Place.ts"
import { disksOf } from "./Readiness.ts"

/** @category constructors */
export const folderPlace = (folder: string, anchor?: string, secrets?: SecretSource): Place => {
  const register = (options: RegisterOptions) => {
    const given = { folder, anchor, secrets, ...said(options) }
    return refusing(
      options.ledger === undefined
        ? Registrar.layerFolder(given)
        : Layer.provide(Registrar.layerFolder({ ...given, ledger: "context" }), options.ledger)
    )
  }
  const exists = Effect.suspend(() =>
    existsSync(join(folder, "log.db"))
      ? Effect.void
      : Effect.fail(refused({ message: `${folder} holds no register: \`effekten serve\` makes one` }))
  )
  const clients = Effect.andThen(
    exists,
    Effect.promise(() => import("./Clients.ts"))
  )
  const flag = folderFlag(folder)
  return {
    folder,
    name: folder,
    clientsName: `${folder}/state.db`,
    printed: { data: folder, folder: flag, place: flag },
    json: { folder },
    register,
    existing: (options) => Layer.unwrap(Effect.as(exists, register(options))),
    audit: refusing(Audit.layerFolder({ folder, anchor, secrets })),
    verifiable: Effect.suspend(() =>
      ExportFolder.isExport(folder)
        ? Effect.succeed("export")
        : existsSync(join(folder, "log.db"))
          ? Effect.succeed("register")
          : Effect.fail(
              refused({ message: `${folder} holds neither a register (log.db) nor an export (events.jsonl)` })
            )
    ),
    openings: refusing(AccessRecordAudit.layerFolder({ folder })),
    lists: refusing(KeptLists.layerFolder({ folder })),
    clients: Effect.flatMap(clients, ({ clientsInFile }) => clientsInFile(join(folder, "state.db"))),
    clientStore: Layer.unwrap(Effect.map(clients, ({ layerFile }) => layerFile(join(folder, "state.db")))),
    disk: disksOf([folder, join(folder, "blobs")]),
    changeCheckpointKey: (action) =>
      Effect.mapError(CheckpointKeys.changeInFolder({ folder, anchor, action }), refused),
    rotateMasterKey: MasterKey.rotateInFolder(folder).pipe(
      Effect.provide(SecureRandom.layerWebCrypto),
      Effect.mapBoth({
        onFailure: refused,
        onSuccess: () =>
          `master.key in ${folder} is new: back it up, and destroy the old one with the backups of keys.db it opens`
      })
    ),
    takeOutSecrets: (file) =>
      Effect.andThen(exists, Effect.mapError(RegisterSecrets.takeOutOfFolder({ folder, file }), refused)),
    rebuildIndex: Effect.andThen(exists, Effect.mapError(TagIndex.rebuildInFolder(folder), refused))
  }
}
