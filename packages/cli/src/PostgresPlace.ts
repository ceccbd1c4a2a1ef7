/**
 * A register in a PostgreSQL database, which several nodes share. For the commands, as a {@link Place}.
 */
import type { PgServer } from "@effekten/event-store"
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
import { Effect, Layer, type Redacted } from "effect"
import { SecureRandom } from "effect/crypto"
import { folderFlag } from "./DataFolder.ts"
import { masterKey, masterKeyAtHand, nextMasterKey } from "./MasterKey.ts"
import { type OpenRegister, type Place, refused, refusing, type RegisterOptions, said } from "./Place.ts"

/** @category constructors */
export const postgresPlace = (options: {
  readonly folder: string
  /** Of the database; may hold a password. */
  readonly url: Redacted.Redacted
  readonly anchor: string
  /** Where the register's own secrets lie, if not in the database. */
  readonly secrets?: SecretSource | undefined
}): Place => {
  const { anchor, folder, secrets, url } = options
  // The package depends on the driver, because any call may name a database.
  const server: PgServer = { url }
  const exists = Effect.scoped(Effect.asVoid(Layer.build(refusing(Audit.layerPostgres({ server })))))
  /** If the register exists, no new master key is made for it. */
  const opened = (options: RegisterOptions, isThere: boolean): OpenRegister =>
    Layer.unwrap(
      Effect.map(masterKey(folder, isThere), (masterKey) => {
        const given = { server, masterKey, anchor, secrets, ...said(options) }
        return refusing(
          options.ledger === undefined
            ? Registrar.layerPostgres(given)
            : Layer.provide(Registrar.layerPostgres({ ...given, ledger: "context" }), options.ledger)
        )
      })
    )
  const existing = (options: RegisterOptions) => Layer.unwrap(Effect.as(exists, opened(options, true)))
  const clients = Effect.promise(() => import("./Clients.ts"))
  return {
    folder,
    name: "the database",
    clientsName: "the database",
    // Another terminal has the database in its environment, or not.
    printed: { data: "in PostgreSQL", folder: folderFlag(folder), place: " --store postgres://…" },
    json: { store: "PostgreSQL" },
    register: (options) => opened(options, false),
    existing,
    audit: Layer.unwrap(
      Effect.map(masterKeyAtHand(folder), (masterKey) =>
        refusing(Audit.layerPostgres({ server, anchor, masterKey, secrets }))
      )
    ),
    verifiable: Effect.succeed("register"),
    openings: refusing(AccessRecordAudit.layerPostgres({ server })),
    lists: refusing(KeptLists.layerPostgres({ server })),
    clients: Effect.flatMap(clients, ({ clientsOf }) => clientsOf(existing({}))),
    clientStore: Layer.unwrap(Effect.map(clients, ({ layerOf }) => layerOf(existing({})))),
    // The disk belongs to the database server, and the log says when that takes no writes.
    disk: Effect.succeed(Effect.void),
    changeCheckpointKey: (action) =>
      Effect.flatMap(masterKey(folder, true), (masterKey) =>
        Effect.mapError(CheckpointKeys.changeInPostgres({ server, masterKey, anchor, secrets, action }), refused)
      ),
    rotateMasterKey: Effect.gen(function* () {
      const next = yield* nextMasterKey
      const rotation = MasterKey.rotateInPostgres({ server, masterKey: yield* masterKey(folder, true), next })
      const isNew = yield* Effect.mapError(Effect.provide(rotation, SecureRandom.layerWebCrypto), refused)
      return `the keys are wrapped with the new master key${isNew ? "" : " already"}: start every node with it, and destroy the old one with the backups of the keys it opens`
    }),
    takeOutSecrets: (file) =>
      Effect.flatMap(masterKey(folder, true), (masterKey) =>
        Effect.mapError(RegisterSecrets.takeOutOfPostgres({ server, masterKey, anchor, file }), refused)
      ),
    rebuildIndex: Effect.andThen(exists, Effect.mapError(TagIndex.rebuildInPostgres({ server }), refused))
  }
}
