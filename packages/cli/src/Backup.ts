/**
 * `effekten backup` and `effekten restore`: what they do and print. For operators.
 */
import { SignedNote } from "@effekten/event-store"
import { Backup, CheckpointKeys, Restore } from "@effekten/registrar"
import { Console, Effect } from "effect"
import { rmSync } from "node:fs"
import { resolve } from "node:path"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { refused } from "./Place.ts"

const exitCodes: { readonly [R in Backup.BackupFailed["reason"]]: number } = {
  folder: ExitCode.folder,
  exists: ExitCode.failed,
  damaged: ExitCode.violated,
  changed: ExitCode.failed,
  unavailable: ExitCode.failed
}

const explain = ({ message, reason }: Backup.BackupFailed) =>
  new CommandFailed({ exitCode: exitCodes[reason], message })

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`

const sizes = ({ files, position }: Backup.Manifest): string => {
  const contents = files.filter(({ path }) => path.startsWith("blobs/")).length
  const bytes = files.reduce((sum, { size }) => sum + size, 0)
  return `${count(position, "event")}, ${count(contents, "content")} of documents, ${(bytes / 1e6).toFixed(1)} MB`
}

const summary = (folder: string, manifest: Backup.Manifest) => {
  const { files, lacking, leftOut, logId, position, takenAt } = manifest
  return JSON.stringify({ folder, takenAt, logId, position, leftOut, lacking, files: files.length }, undefined, 2)
}

const secretsLeftOut = ({ leftOut }: Backup.Manifest): string =>
  leftOut.filter((name) => Backup.neededSecrets.includes(name)).join(", ")

/** @category commands */
export const runBackup = Effect.fnUntraced(function* (options: {
  readonly folder: string
  readonly anchor: string | undefined
  readonly target: string
  readonly withoutSecrets: boolean
  readonly json: boolean
}) {
  const target = resolve(options.target)
  const manifest = yield* Effect.mapError(
    Backup.take({ folder: options.folder, anchor: options.anchor, target, secrets: !options.withoutSecrets }),
    explain
  )
  if (options.withoutSecrets) {
    yield* Console.error(
      `effekten: this backup is worth nothing without ${secretsLeftOut(manifest)} of ${options.folder}: keep copies of them elsewhere, and new ones whenever they change`
    )
  }
  if (options.json) {
    yield* Console.log(summary(target, manifest))
    return yield* tellLacking(manifest)
  }
  yield* Console.log(`Backed up to ${target}: ${sizes(manifest)}`)
  if (!options.withoutSecrets) {
    yield* Console.log(
      "It holds the keys that open it: anyone with a copy can read everything and sign in the register's name."
    )
  }
  yield* tellLacking(manifest)
})

/** A backup of a register that is not whole is taken, and is not called a good one. */
const tellLacking = ({ lacking }: Backup.Manifest): Effect.Effect<void, CommandFailed> => {
  if (lacking === undefined) return Effect.void
  const [first] = lacking.first
  return Effect.fail(
    new CommandFailed({
      exitCode: ExitCode.violated,
      message: `the backup was taken, and the register lacks ${count(lacking.count, "thing")} that its log names, first at position ${first?.position}: ${first?.message}. Keep the older backups. See docs/operations/verify-fails.md`
    })
  )
}

/** The steps that are left to the operator, in order. */
const nextSteps = (folder: string, manifest: Backup.Manifest): ReadonlyArray<string> => [
  ...(manifest.leftOut.length === 0
    ? []
    : [`Put ${secretsLeftOut(manifest)} of this register into ${folder}: without them it does not start.`]),
  ...(manifest.lacking === undefined
    ? []
    : [
        `${count(manifest.lacking.count, "thing")} that the log names were missing already: \`effekten verify\` says which.`
      ]),
  `effekten verify --data ${folder}`,
  `If the register went on after ${manifest.takenAt}: what it recorded since is gone, together with its idempotency keys.`,
  "  Clients whose secret was replaced or withdrawn since then are back: effekten client",
  "  Legal holds since then are gone, so place them again before an investor is erased: effekten hold",
  "  Erasures since then have to be carried out again: effekten forget",
  `  Checkpoints since then exist with your auditors: effekten checkpoint-key renew --data ${folder}`,
  "  A log older than its own last checkpoint is refused; do not put files of different backups together.",
  `effekten serve --data ${folder}`
]

/** The new line of checkpoints that an older backup begins: what the anchor knows is gone, and the log will grow otherwise. */
const renewed = Effect.fnUntraced(function* (folder: string, manifest: Backup.Manifest, anchor: string) {
  const lost = yield* Effect.mapError(Restore.olderThan({ folder, manifest }, anchor), explain)
  if (lost === undefined) return undefined
  // It numbers openings that the backup does not have.
  rmSync(`${anchor}.openings`, { force: true })
  const key = yield* Effect.mapError(CheckpointKeys.changeInFolder({ folder, anchor, action: "renew" }), refused)
  return (
    `the backup is older than ${anchor}, which has a checkpoint at ${lost}: a new line of checkpoints begins. ` +
    `Give its key to your auditors: ${SignedNote.printKey(key)}`
  )
})

const numbered = (steps: ReadonlyArray<string>): string => {
  let number = 0
  return steps.map((step) => (step.startsWith(" ") ? `  ${step}` : `${++number}. ${step}`)).join("\n")
}

/** @category commands */
export const runRestore = Effect.fnUntraced(function* (options: {
  readonly source: string
  readonly folder: string
  readonly anchor: string | undefined
  readonly json: boolean
}) {
  const { anchor, folder } = options
  const manifest = yield* Effect.mapError(Restore.restore({ source: options.source, folder }), explain)
  const line = anchor === undefined ? undefined : yield* renewed(folder, manifest, anchor)
  if (line !== undefined) yield* Console.error(`effekten: ${line}`)
  if (options.json) return yield* Console.log(summary(folder, manifest))
  yield* Console.log(
    [
      `Restored to ${folder}, as it was at ${manifest.takenAt}: ${sizes(manifest)}`,
      "",
      "Next:",
      numbered(nextSteps(folder, manifest))
    ].join("\n")
  )
})
