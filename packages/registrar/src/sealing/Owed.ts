/**
 * From where on the log of a register owes MACs. For the sealing, which signs nothing else after that place.
 *
 * The place is kept beside the keys that sign, and stands in every checkpoint. A register that has one is never again one from before.
 * A register from before is verified fully once, and begins them at its head.
 */
import { Checkpoint, type CheckpointStore, MacLine, Macs, type SignedNote, VerifyLog } from "@effekten/event-store"
import { Effect, Option, Result } from "effect"
import { refused, RegisterUnavailable } from "../base/RegisterUnavailable.ts"
import type { RegisterLog } from "../log/Log.ts"
import { keepLine, type KeyText, lineIn } from "./Signers.ts"

interface OwedOptions {
  readonly log: RegisterLog
  readonly checkpoints: CheckpointStore.CheckpointStoreShape
  readonly signers: ReadonlyArray<SignedNote.Signer>
  readonly text: KeyText
  readonly authentication: Macs.Authentication
}

const removed = (position: number) =>
  new RegisterUnavailable({
    message:
      `each append after position ${position} owes a MAC, and the log has none that begin there: they were removed, or the log is an ` +
      "older copy. Restore everything from one backup, the newest."
  })

/** What the last checkpoint says of it. */
const signedLine = Effect.fnUntraced(function* ({ checkpoints, signers }: OwedOptions) {
  const keys = signers.map(({ key }) => key)
  const last = yield* checkpoints.last(keys.at(-1)?.name ?? "")
  if (Option.isNone(last)) return undefined
  const opened = Checkpoint.open(last.value.note, keys)
  return Result.isSuccess(opened) ? MacLine.inCheckpoint(opened.success) : undefined
})

/** Verifies all that was recorded without MACs, once. */
const verifyBefore = Effect.fnUntraced(function* ({ authentication, checkpoints, log, signers }: OwedOptions) {
  const { faultCount, faults } = yield* VerifyLog.verifyLog({
    log,
    checkpoints: (yield* checkpoints.keys).length === 0 ? undefined : checkpoints,
    signers: signers.map(({ key }) => key),
    // The keys of persons are looked at elsewhere.
    isForgotten: () => Effect.succeed(true),
    macs: { authentication }
  })
  const [first] = faults
  if (first !== undefined)
    return yield* new RegisterUnavailable({
      message:
        `the register cannot begin MACs over a log with ${faultCount} faults. Position ${first.position}: ${first.message}. ` +
        "See docs/operations/verify-fails.md. If only checkpoints are missing, `effekten checkpoint-key renew` accepts the log as it is."
    })
})

/** The place, begun where there is none yet. @category constructors */
export const openLine = (options: OwedOptions): Effect.Effect<MacLine.MacLine, RegisterUnavailable> =>
  Effect.gen(function* () {
    const { log, text } = options
    const owed = (yield* lineIn({ text, logId: log.logId })) ?? (yield* signedLine(options))
    const begun = yield* MacLine.begun(log)
    if (owed !== undefined) {
      if (begun === undefined || !MacLine.sameLine(begun, owed)) return yield* removed(owed.position)
      yield* keepOnce(options, owed)
      return owed
    }
    const head = yield* log.head
    if (head > 0) yield* verifyBefore(options)
    const { last: position, mac } = yield* log.beginMacs
    const line = { position, mac }
    yield* keepLine({ text, logId: log.logId }, line)
    if (position > 0)
      yield* Effect.logWarning(
        `Every append after position ${position} bears a MAC from now on. What lies before was verified, and rests on its checkpoints.`
      )
    return line
  }).pipe(Effect.mapError(refused))

/** Checkpoints know it, and the keys may be of an older backup. */
const keepOnce = Effect.fnUntraced(function* ({ log, text }: OwedOptions, line: MacLine.MacLine) {
  const keys = { text, logId: log.logId }
  if ((yield* lineIn(keys)) === undefined) yield* keepLine(keys, line)
})
