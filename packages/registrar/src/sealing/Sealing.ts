/**
 * Checkpoints of an embedded register: signed beside its work, stored beside its log, and compared with the log at every start. For the
 * embedded layers, and for applications that hand out proofs.
 *
 * Where several processes serve one register, each compares the log with the last checkpoint when it starts. The one that has the lease
 * signs.
 */
import { CheckpointStore, Macs, Proofs, Sealer } from "@effekten/event-store"
import { Context, type Duration, Effect, Layer, Option } from "effect"
import type { SecureRandom } from "effect/crypto"
import { SqlClient } from "effect/sql"
import { RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import { Lease } from "../base/Lease.ts"
import { EventProofs } from "../log/EventProofs.ts"
import { Log } from "../log/Log.ts"
import { RegisterState } from "../base/RegisterState.ts"
import { Secrets } from "../base/Secrets.ts"
import { anchorFile } from "./AnchorFile.ts"
import { openLine } from "./Owed.ts"
import { type KeyText, openKeys } from "./Signers.ts"

/** @category models */
export interface SealingOptions {
  /** How often checkpoints are signed. */
  readonly sealing?: { readonly interval?: Duration.Input; readonly quiet?: Duration.Input } | undefined
  /** The file in which the last checkpoint is kept a second time, apart from the databases. In a folder it has a default; else none. */
  readonly anchor?: string | undefined
}

/** @category services */
export class Sealing extends Context.Service<
  Sealing,
  Sealer.Sealer & { readonly proofs: Proofs.Proofs; readonly checkpoints: CheckpointStore.CheckpointStoreShape }
>()("effekten/registrar/Sealing") {}

/** Readings show proofs by the checkpoints that are kept. @category layers */
export const proving: Layer.Layer<never, never, Sealing> = Layer.fresh(
  Layer.effect(
    EventProofs,
    Effect.map(Sealing, ({ checkpoints, origin, proofs }) => ({
      of: Effect.fnUntraced(function* (position) {
        const covering = yield* checkpoints.covering(origin, position)
        if (Option.isNone(covering)) return undefined
        const { note, size } = covering.value
        return { checkpoint: note, path: yield* proofs.inclusion(position, size) }
      })
    }))
  )
)

/** The lease of the process that signs. */
export const sealingLease = "sealing"

/** What an operator can do about a log that is not the signed one. */
type WayOut = { readonly [R in Exclude<Sealer.SealRefused["reason"], keyof typeof anchorWayOut>]: string }

/** The same wherever the register is stored. */
const anchorWayOut = {
  unauthenticated:
    "Somebody else wrote to the database. Keep a copy of everything; `effekten verify` names the positions.",
  no_checkpoint: "Restore the checkpoints with everything else from one backup, the newest.",
  behind_anchor: "Restore everything from one backup, the newest.",
  other_line: "Name the anchor of this register. If its checkpoints were renewed, copy the anchor made then."
} as const

/** The checkpoints in the database of the register's state. @category constructors */
export const openCheckpoints = Effect.flatMap(RegisterState, ({ sql }) =>
  CheckpointStore.makeSql.pipe(
    Effect.provideService(SqlClient.SqlClient, sql),
    // Two nodes may make the tables at the same moment; PostgreSQL lets one of them fail.
    Effect.retry({ times: 3 })
  )
)

/** Fails if the log is not the signed one. Must be built before anything that appends. @category layers */
export const layer = <R>({
  anchor,
  name,
  sealing = {},
  text,
  wayOut
}: SealingOptions & {
  /** The log's name in messages, and what they advise where it is refused. */
  readonly name: string
  readonly wayOut: WayOut
  readonly text: Effect.Effect<KeyText, RegisterUnavailable, R>
}): Layer.Layer<Sealing, RegisterUnavailable, Log | RegisterState | Secrets | SecureRandom.SecureRandom | R> =>
  Layer.effect(
    Sealing,
    Effect.gen(function* () {
      const log = yield* Log
      const lease = yield* Lease
      const checkpoints = yield* openCheckpoints
      const keys = yield* text
      const signers = yield* openKeys({ text: keys, logId: log.logId, checkpoints })
      const authentication = { key: (yield* Secrets).logKey }
      const macs = {
        line: yield* openLine({ log, checkpoints, signers, text: keys, authentication }),
        authenticator: Macs.makeAuthenticator(authentication, log.logId)
      }
      const provided = Effect.provideService(CheckpointStore.CheckpointStore, checkpoints)
      const turn: Sealer.SealerOptions["turn"] = (work) => lease.whileHeld(sealingLease, work)
      const kept = anchor === undefined ? undefined : anchorFile(anchor)
      const sealer = yield* provided(
        Sealer.make({ log, signers, macs, anchor: kept, ...sealing, ...(lease.shared ? { turn } : {}) })
      )
      const proofs = yield* provided(Proofs.make({ log, origin: sealer.origin }))
      return Sealing.of({ ...sealer, proofs, checkpoints })
    }).pipe(
      Effect.catchTags({
        SealRefused: (error) =>
          Effect.fail(
            new RegisterUnavailable({
              message:
                `${name}: ${error.message}. ${{ ...wayOut, ...anchorWayOut }[error.reason]} If what is missing is lost for good, ` +
                "`effekten checkpoint-key renew` accepts the log as it is: keep a copy of everything first.",
              cause: error
            })
          ),
        EventStoreError: (error) => Effect.fail(new RegisterUnavailable({ message: error.message, cause: error }))
      })
    )
  )
