/**
 * The log of a register, to be read only: also while a server has the register open. For replays, verification, exports and audits.
 */
import { catalogue, type RegisterEvent } from "@effekten/domain"
import {
  CheckpointStore,
  EventStoreError,
  type EventStoreShape,
  KeyStore,
  type SignedNote,
  SqliteClient,
  SqliteEventStore,
  Vault
} from "@effekten/event-store"
import type * as Projections from "@effekten/projections"
import { Context, Effect, Layer, Scope } from "effect"
import { SecureRandom } from "effect/crypto"
import { Reactivity } from "effect/reactivity"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { publicKeysIn } from "../sealing/CheckpointKeys.ts"
import { RegisterUnavailable } from "../base/FolderFiles.ts"
import type { PostgresDatabase } from "./PostgresSchemas.ts"

/** Everything about a log that can be had without writing to it. @category models */
export interface AuditedLog
  extends Projections.Log, Pick<EventStoreShape<RegisterEvent>, "inspect" | "readLeaves" | "readStored"> {
  /** What was signed; none in a register that never was. */
  readonly checkpoints: CheckpointStore.CheckpointStoreShape | undefined
  /** What the last checkpoint has to be signed with, as a start demands; none where that cannot be read. */
  readonly signers: ReadonlyArray<SignedNote.VerifierKey> | undefined
  /** Whether the personal parts of a subject are rightly gone. */
  readonly isForgotten: (subject: string) => Effect.Effect<boolean, EventStoreError>
}

/** Events without their personal parts, which a replay does not need and an auditor does not get. @category services */
export class Audit extends Context.Service<Audit, AuditedLog>()("effekten/registrar/Audit") {
  /** The log in a register's folder. */
  static readonly layerFolder = (options: { readonly folder: string }): Layer.Layer<Audit, RegisterUnavailable> =>
    Layer.effect(
      Audit,
      Effect.gen(function* () {
        const file = (name: string) => join(options.folder, name)
        const log = yield* SqliteEventStore.make<RegisterEvent>({
          filename: file("log.db"),
          catalogue,
          readOnly: true
        })
        const { read, readAll, head, logId, inspect, readLeaves, readStored } = log
        const scope = yield* Effect.scope
        // Opened when they are asked for: a replay needs neither.
        const keys = yield* Effect.cached(
          KeyStore.makeSqlite({ filename: file("keys.db"), readOnly: true }).pipe(
            Scope.provide(scope),
            Effect.mapError(unreadable)
          )
        )
        return Audit.of({
          read,
          readAll,
          head,
          logId,
          inspect,
          readLeaves,
          readStored,
          checkpoints: yield* checkpointsOf(file("state.db")),
          signers: yield* publicKeysIn(options.folder, logId),
          isForgotten: (subject) =>
            Effect.flatMap(keys, (store) => Effect.mapError(store.get(subject), unreadable)).pipe(
              Effect.map((entry) => entry?._tag === "Forgotten")
            )
        })
      })
    ).pipe(
      Layer.provide(Vault.layerMemory),
      Layer.provide(SecureRandom.layerWebCrypto),
      Layer.catch((error) =>
        Layer.effectContext(Effect.fail(new RegisterUnavailable({ message: error.message, cause: error })))
      )
    )

  /** The log in a database, without any key; its sessions may only read. Needs `@effect/sql-pg`. */
  static readonly layerPostgres = (options: PostgresDatabase): Layer.Layer<Audit, RegisterUnavailable> =>
    // Loaded when it is asked for: a register in a folder does without the driver.
    Layer.effect(
      Audit,
      Effect.flatMap(
        Effect.promise(() => import("./PostgresAudit.ts")),
        ({ open }) => open(options)
      )
    )
}

const unreadable = (cause: { readonly message: string }): EventStoreError =>
  new EventStoreError({ reason: "unavailable", message: cause.message, cause })

/** The checkpoints in a state file, if it is there and has any. */
const checkpointsOf = Effect.fnUntraced(function* (filename: string) {
  if (!existsSync(filename)) return undefined
  const sql = yield* SqliteClient.make({ filename, readonly: true }).pipe(Effect.provide(Reactivity.layer))
  const tables = yield* sql`SELECT 1 FROM sqlite_schema WHERE name = 'checkpoint_keys'`
  return tables.length === 0 ? undefined : CheckpointStore.fromSql(sql)
})
