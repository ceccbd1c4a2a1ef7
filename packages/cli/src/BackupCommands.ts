/**
 * `effekten backup` and `effekten restore`: their arguments. For the command line.
 */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { anchor, dataFolder } from "./PlaceFlags.ts"

const json = Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))

/** @category commands */
export const backup = Command.make(
  "backup",
  {
    target: Argument.String("DIR").pipe(Argument.withDescription("Folder of the backup; made by the command")),
    folder: dataFolder,
    anchor,
    withoutSecrets: Flag.Boolean("without-secrets").pipe(
      Flag.withDescription("Leave out the keys that open what is in it: you keep copies of them elsewhere"),
      Flag.withDefault(false)
    ),
    json
  },
  (flags) =>
    Effect.flatMap(
      Effect.promise(() => import("./Backup.ts")),
      ({ runBackup }) => runBackup({ ...flags, anchor: Option.getOrUndefined(flags.anchor) })
    )
).pipe(
  Command.withDescription("Copy a register, served or not, into a folder it can be restored from"),
  Command.withExamples([
    { command: "effekten backup /mnt/backup/2026-11-22", description: "The register in .effekten" },
    {
      command: "effekten backup /mnt/backup/2026-11-22 --without-secrets",
      description: "Cannot be read without the keys"
    }
  ])
)

/** @category commands */
export const restore = Command.make(
  "restore",
  {
    source: Argument.String("DIR").pipe(Argument.withDescription("Folder of the backup")),
    folder: dataFolder,
    anchor,
    json
  },
  (flags) =>
    Effect.flatMap(
      Effect.promise(() => import("./Backup.ts")),
      ({ runRestore }) => runRestore({ ...flags, anchor: Option.getOrUndefined(flags.anchor) })
    )
).pipe(
  Command.withDescription("Put a backup into an empty folder, and say what to do next"),
  Command.withExamples([
    { command: "effekten restore /mnt/backup/2026-11-22 --data /srv/register", description: "After a disk was lost" }
  ])
)
