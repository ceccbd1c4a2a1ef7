/**
 * `effekten verify`: every event, all that is kept beside it and every checkpoint, of a register or of an export. For operators and
 * auditors, beside a running server too.
 */
import { Events, Timestamp } from "@effekten/domain"
import {
  Checkpoint,
  type EventStoreError,
  ExportFolder,
  SignedNote,
  type Verification,
  VerifyExport,
  VerifyLog
} from "@effekten/event-store"
import type { Projection } from "@effekten/projections"
import { Audit, StampedAhead, Wholeness } from "@effekten/registrar"
import { Clock, Console, Effect, Result } from "effect"
import { readFileSync } from "node:fs"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { makeProgressBar, type Progress } from "./ProgressBar.ts"
import type { Place } from "./Place.ts"

/** @category models */
export interface VerifyOptions {
  readonly json: boolean
  /** The file of keys that the auditor trusts. */
  readonly keys: string | undefined
  readonly checkpoints: ReadonlyArray<string>
}

type Show = ((progress: Progress) => Effect.Effect<void>) | undefined

/** Faults printed for a person; `--json` has more. */
const shownFaults = 20

/** @category errors */
export const failed = (message: string, exitCode: number = ExitCode.failed) => new CommandFailed({ exitCode, message })

/** @category conversions */
export const readText = (path: string): Effect.Effect<string, CommandFailed> =>
  Effect.try({
    try: () => readFileSync(path, "utf8"),
    catch: (cause) => failed(`${path} cannot be read: ${(cause as Error).message}`)
  })

/** The keys and checkpoints an auditor kept. @category conversions */
export const trustedOf = Effect.fnUntraced(function* ({ keys, checkpoints }: Omit<VerifyOptions, "json">) {
  const kept: Array<string> = []
  for (const path of checkpoints) {
    const text = yield* readText(path)
    // One note, or several as an export has them.
    const notes = Result.orElse(Checkpoint.splitAll(text), () => Checkpoint.splitAll(`${text}\n`))
    if (Result.isFailure(notes)) return yield* failed(`${path} holds no checkpoint: ${notes.failure.message}`)
    kept.push(...notes.success)
  }
  if (keys === undefined) return { checkpoints: kept }
  const known = SignedNote.parseKeys(yield* readText(keys))
  if (Result.isFailure(known)) return yield* failed(`${keys}: ${known.failure.message}`)
  if (known.success.length === 0) return yield* failed(`${keys} holds no key`)
  return { checkpoints: kept, keys: known.success }
})

/** What a verification found, and what of the rest of a register is missing. @category models */
export type Found = Verification.Verification & {
  readonly missing?: Wholeness.Missing
  /** That the log is stamped ahead, in words. */
  readonly ahead?: string
}

/** What folds the events of a register in the pass that verifies them. @category models */
export type Folding = Required<Pick<VerifyLog.Beside<Events.RegisterEvent>, "events">>

/** Verifies a register, and folds its events in the same pass. @category running */
export const verifyRegister = (
  trusted: Verification.Trusted,
  show: Show,
  folding: Effect.Effect<Partial<Folding>> = Effect.succeed({})
): Effect.Effect<Found, CommandFailed, Audit> =>
  Effect.gen(function* () {
    const audited = yield* Audit
    const { anchor, checkpoints, isForgotten, isOrigin, macs, signers } = audited
    let missing: Wholeness.Wholeness["missing"] | undefined
    const found = yield* VerifyLog.verifyLog({
      log: audited,
      macs,
      checkpoints,
      isForgotten,
      beside: Effect.gen(function* () {
        const wholeness = yield* Wholeness.make(audited)
        missing = wholeness.missing
        const opened = Effect.map(audited.openings, (found) =>
          found.map((message) => ({ position: 0, kind: "opening" as const, message }))
        )
        const end = Effect.zipWith(wholeness.end, opened, (whole, openings) => [...whole, ...openings])
        return { ...wholeness, end, ...(yield* folding) }
      }),
      isOrigin,
      anchor,
      signers,
      trusted,
      ...(show === undefined
        ? {}
        : {
            onProgress: ({ phase, done, total }) =>
              show({ phase, done, total, unit: phase === "events" ? "" : "parts" })
          })
    })
    const at = Timestamp.instantOfMicros((yield* Clock.currentTimeMillis) * 1000)
    // A log that cannot be read to its end says so above.
    const ahead = yield* Effect.orElseSucceed(StampedAhead.stampedAhead(audited, at), () => undefined)
    return {
      ...found,
      notices: [...found.notices, ...notCompared(audited)],
      ...(missing === undefined ? {} : { missing: missing() }),
      ...(ahead === undefined ? {} : { ahead: StampedAhead.describe(ahead, at) })
    }
  }).pipe(Effect.mapError(damage))

/** What needs a secret that this command was not given. */
const notCompared = ({ macs, signers }: Audit["Service"]): ReadonlyArray<string> => [
  ...(macs.authentication === undefined
    ? ["The register's key is not here: the record of openings was only counted."]
    : []),
  ...(signers === undefined
    ? [
        "The keys that sign are not here: the last checkpoint, and from where on MACs are owed, were held against what is stored beside them only."
      ]
    : [])
]

/** The failure of a log that cannot be read at all. */
const damage = ({ message, position, reason }: EventStoreError): CommandFailed =>
  failed(
    position === undefined ? message : `first bad position ${position}: ${message}`,
    reason === "damaged" ? ExitCode.violated : ExitCode.failed
  )

/** Verifies an export, and gives each event to a fold in the same pass. @category running */
export const verifyFiles = (
  folder: string,
  trusted: Verification.Trusted,
  show: Show,
  onEvent?: (event: Projection.LoggedEvent) => void
): Effect.Effect<Found, CommandFailed> =>
  VerifyExport.verifyExport({
    files: ExportFolder.openExport(folder),
    catalogue: Events.catalogue,
    trusted,
    ...(onEvent === undefined ? {} : { onEvent }),
    ...(show === undefined ? {} : { onProgress: show })
  }).pipe(
    Effect.mapError(({ message }) => failed(`${folder} cannot be verified as an export: ${message}`, ExitCode.violated))
  )

const asText = (what: string, found: Found): string => {
  const lines = [`${what}: ${found.events} events, root ${found.root}`]
  const after = found.events - found.signed
  lines.push(
    found.checkpoints === 0
      ? "Checkpoints: none, so a history that was rewritten as a whole would not be noticed"
      : `Checkpoints: ${found.checkpoints}, the last at ${found.signed}` +
          (after > 0 ? `; ${after} events after it are not signed yet` : "")
  )
  const { contents = 0, keys = 0, unsaid = 0 } = found.missing ?? {}
  if (keys > 0) lines.push(`Keys: ${keys} subjects have none, and were never forgotten`)
  if (unsaid > 0) lines.push(`Keys: ${unsaid} subjects were forgotten, and the log does not say so`)
  if (contents > 0) lines.push(`Contents: ${contents} documents lack theirs, or have another one`)
  lines.push(...found.notices)
  if (found.ahead !== undefined) lines.push(`Clock: ${found.ahead}`)
  if (found.faultCount === 0)
    lines.push(
      after === 0
        ? "Everything is as it was written and signed."
        : `Up to ${found.signed} everything is as it was written and signed. ` +
            (found.authenticated === found.events
              ? "What comes after rests on the register's key only: it bears its MACs."
              : "What comes after is whole, but nobody has signed it.")
    )
  else {
    lines.push(`Faults: ${found.faultCount}`)
    for (const { position, kind, message } of found.faults.slice(0, shownFaults))
      lines.push(position === 0 ? `  ${kind}: ${message}` : `  at position ${position}, ${kind}: ${message}`)
    if (found.faultCount > shownFaults) lines.push(`  … and ${found.faultCount - shownFaults} more`)
  }
  return lines.join("\n")
}

/** The first fault at a position; a fault of no event only if there is no other. */
const firstOf = (found: Verification.Verification): string => {
  const first = found.faults.find(({ position }) => position > 0) ?? found.faults[0]
  return first === undefined || first.position === 0
    ? (first?.message ?? "")
    : `first bad position ${first.position}: ${first.message}`
}

/** @category commands */
export const runVerify = Effect.fnUntraced(function* (place: Place, options: VerifyOptions) {
  const verified = yield* place.verifiable
  const isExport = verified === "export"
  const trusted = yield* trustedOf(options)
  const bar = yield* makeProgressBar
  const verifying = isExport
    ? verifyFiles(place.folder, trusted, bar.show)
    : Effect.provide(verifyRegister(trusted, bar.show), place.audit)
  const found: Found = yield* Effect.ensuring(verifying, bar.clear)
  yield* Console.log(
    options.json
      ? JSON.stringify({ verified, ...place.json, ...found }, undefined, 2)
      : asText(isExport ? "Export" : "Log", found)
  )
  // What only a newer program can read is no damage, and this one has not judged it.
  if (found.faultCount > 0)
    return yield* failed(
      `${firstOf(found)}. See docs/operations/verify-fails.md`,
      found.faults.every(({ kind }) => kind === "newer") ? ExitCode.failed : ExitCode.violated
    )
})
