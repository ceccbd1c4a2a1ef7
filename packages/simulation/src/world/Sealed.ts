/**
 * What makes a log provable: MACs under a key that no database has, checkpoints beside the log, and the anchor outside. For the nodes, which
 * seal what they append, and for the auditor of a world.
 */
import { Checkpoint, CheckpointStore, type MacLine, Macs, Sealer, SignedNote, VerifyLog } from "@effekten/event-store"
import type { EventStoreError, Verification } from "@effekten/event-store"
import { type LeaseShape, Log } from "@effekten/registrar"
import { Effect, Layer, Option, Result, Stream } from "effect"

/** @category models */
export interface Sealed {
  readonly authentication: Macs.Authentication
  /** Before anything of a node appends: fails where the log is not the signed one, and signs from then on. */
  readonly layer: (lease: LeaseShape) => Layer.Layer<never, EventStoreError | Sealer.SealRefused, Log>
  /** Holds a log against the checkpoints, the anchor and its MACs. */
  readonly verify: (log: VerifyLog.VerifyLogOptions["log"]) => Effect.Effect<Verification.Verification, EventStoreError>
  /** Events under the checkpoint that is kept outside. */
  readonly anchored: () => number
  /** Meanwhile the checkpoints are an older copy, which ends there. */
  readonly rolledBack: <A, E, R>(to: number, meanwhile: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** Often enough that most of a log is signed, and seldom enough to cost little. */
const interval = "2 seconds"

/** @category constructors */
export const make = (authentication: Macs.Authentication, seed: Uint8Array): Effect.Effect<Sealed, never> =>
  Effect.gen(function* () {
    const signers = [SignedNote.makeSigner("effekten/simulation", seed)] as const
    const [{ key }] = signers
    const kept = yield* CheckpointStore.makeMemory
    let end = Number.POSITIVE_INFINITY
    const checkpoints: CheckpointStore.CheckpointStoreShape = {
      ...kept,
      all: (origin) => Stream.filter(kept.all(origin), ({ size }) => size <= end),
      last: (origin) =>
        end === Number.POSITIVE_INFINITY
          ? kept.last(origin)
          : Effect.map(Stream.runLast(checkpoints.all(origin)), (last) => last)
    }
    let [line, anchored]: [MacLine.MacLine | undefined, string | undefined] = [undefined, undefined]
    const anchor = {
      name: "the anchor",
      read: Effect.sync(() => anchored),
      write: (note: string) => Effect.sync(() => void (anchored = note))
    }
    const layer: Sealed["layer"] = (lease) =>
      Layer.effectDiscard(
        Effect.gen(function* () {
          const log = yield* Log
          if (line === undefined) {
            const { last: position, mac } = yield* log.beginMacs
            line = { position, mac }
          }
          yield* Sealer.make({
            log,
            signers,
            macs: { line, authenticator: Macs.makeAuthenticator(authentication, log.logId) },
            anchor,
            interval,
            ...(lease.shared ? { turn: (work) => lease.whileHeld("sealing", work) } : {})
          })
        })
      ).pipe(Layer.provide(Layer.succeed(CheckpointStore.CheckpointStore, checkpoints)))
    return {
      authentication,
      layer,
      verify: (log) =>
        VerifyLog.verifyLog({
          log,
          checkpoints,
          macs: { line, authentication },
          // What lacks its key is asked about by another law.
          isForgotten: () => Effect.succeed(true),
          signers: [key],
          anchor: { name: anchor.name, note: anchored }
        }),
      anchored: () =>
        Option.fromNullishOr(anchored).pipe(
          Option.flatMap((note) => Result.getSuccess(Checkpoint.open(note, [key]))),
          Option.match({ onNone: () => 0, onSome: ({ size }) => size })
        ),
      rolledBack: (to, meanwhile) =>
        Effect.acquireUseRelease(
          Effect.sync(() => void (end = to)),
          () => meanwhile,
          () => Effect.sync(() => void (end = Number.POSITIVE_INFINITY))
        )
    }
  })
