/**
 * Checkpoints of an embedded register: signed beside its work, kept in `state.db`, and held against the log at every start. For the
 * embedded layers, and for applications that hand out proofs.
 */
import { CheckpointStore, Proofs, Sealer } from "@effekten/event-store"
import { Context, type Duration, Effect, Layer } from "effect"
import type { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { openKeys } from "./CheckpointKeys.ts"
import { RegisterUnavailable } from "./FolderFiles.ts"
import { Log } from "./Log.ts"
import { RegisterState } from "./RegisterState.ts"

/** @category models */
export interface SealingOptions {
  readonly folder: string
  /** How often checkpoints are signed. */
  readonly sealing?: { readonly interval?: Duration.Input; readonly quiet?: Duration.Input } | undefined
}

/** @category services */
export class Sealing extends Context.Service<
  Sealing,
  Sealer.Sealer & { readonly proofs: Proofs.Proofs; readonly checkpoints: CheckpointStore.CheckpointStoreShape }
>()("effekten/registrar/Sealing") {}

const wayOut: { readonly [R in Sealer.SealRefused["reason"]]: string } = {
  shorter: "Restore the newest log.db.",
  other_history: "Restore the log.db that belongs to state.db; `effekten verify` says where this one differs.",
  other_key: "Restore checkpoint.key from the same backup as state.db."
}

/** Fails where the log is not the one that was signed. To be built before anything that appends. @category layers */
export const layer = ({
  folder,
  sealing = {}
}: SealingOptions): Layer.Layer<Sealing, RegisterUnavailable, Log | RegisterState | SecureRandom.SecureRandom> =>
  Layer.effect(
    Sealing,
    Effect.gen(function* () {
      const log = yield* Log
      const { sql } = yield* RegisterState
      const checkpoints = yield* CheckpointStore.makeSql.pipe(Effect.provideService(SqlClient.SqlClient, sql))
      const signers = yield* openKeys({ folder, logId: log.logId, checkpoints })
      const provided = Effect.provideService(CheckpointStore.CheckpointStore, checkpoints)
      const sealer = yield* provided(Sealer.make({ log, signers, ...sealing }))
      const proofs = yield* provided(Proofs.make({ log, origin: sealer.origin }))
      return Sealing.of({ ...sealer, proofs, checkpoints })
    }).pipe(
      Effect.catchTags({
        SealRefused: (error) =>
          Effect.fail(
            new RegisterUnavailable({
              message:
                `${folder}/log.db: ${error.message}. ${wayOut[error.reason]} If what is missing is lost for good, ` +
                "`effekten checkpoint-key renew` accepts the log as it is: keep a copy of the folder first.",
              cause: error
            })
          ),
        EventStoreError: (error) => Effect.fail(new RegisterUnavailable({ message: error.message, cause: error }))
      })
    )
  )
