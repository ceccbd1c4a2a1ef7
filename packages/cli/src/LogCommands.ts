/**
 * The arguments of `effekten replay`, `verify`, `audit`, `export` and `rebuild-index`, for auditors and operators of the log. For the command line.
 */
import { Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { resolve } from "node:path"
import { at, placeArgument, type PlaceFlags, placeFlags, placeNamed } from "./PlaceFlags.ts"
import type { VerifyOptions } from "./Verify.ts"

/** @category commands */
export const replay = Command.make(
  "replay",
  {
    ...placeFlags,
    to: Flag.Int("to").pipe(
      Flag.withMetavar("POSITION"),
      Flag.withDescription("Last event to fold; without it, all"),
      Flag.filter(
        (position) => position >= 0,
        (position) => `Expected a position, 0 or more, got: ${position}`
      ),
      Flag.optional
    ),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
  },
  at(
    () => import("./Replay.ts"),
    ({ runReplay }, place, { json, to }) => runReplay(place, { json, to: Option.getOrUndefined(to) })
  )
).pipe(
  Command.withDescription("Fold the log from nothing: holdings per product, and whether no unit came from nowhere"),
  Command.withExamples([
    { command: "effekten replay", description: "The register in .effekten, served or not" },
    { command: "effekten replay --to 1000 --json", description: "As it was at position 1000, for a program" }
  ])
)

const verifyAt = at(
  () => import("./Verify.ts"),
  (
    { runVerify },
    place,
    flags: PlaceFlags & Pick<VerifyOptions, "checkpoints" | "json"> & { readonly keys: Option.Option<string> }
  ) => runVerify(place, { ...flags, keys: Option.getOrUndefined(flags.keys) })
)

/** @category commands */
export const verify = Command.make(
  "verify",
  {
    target: Argument.String("DIR").pipe(
      Argument.withDescription("A register's folder or an export; by default the register's folder (--data)"),
      Argument.optional
    ),
    ...placeFlags,
    keys: Flag.String("keys").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Public keys you trust, one on each line: each checkpoint has to be signed by one of them"),
      Flag.optional
    ),
    checkpoints: Flag.String("checkpoint").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("A checkpoint you kept, or several: the log has to continue it"),
      Flag.atLeast(0)
    ),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
  },
  (flags) =>
    verifyAt(
      Option.match(flags.target, {
        onNone: () => flags,
        onSome: (folder) => ({ ...flags, folder: resolve(folder), store: Option.none() })
      })
    )
).pipe(
  Command.withDescription("Check every event, all that is kept beside it, and every checkpoint"),
  Command.withExamples([
    { command: "effekten verify", description: "The register in .effekten, served or not" },
    {
      command: "effekten verify audit-2026 --keys keys --checkpoint kept",
      description: "An export, against what you kept"
    }
  ])
)

/** @category commands */
export const audit = Command.make(
  "audit",
  {
    target: placeArgument,
    ...placeFlags,
    keys: Flag.String("keys").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Public keys you trust, one on each line: each checkpoint has to be signed by one of them"),
      Flag.optional
    ),
    checkpoints: Flag.String("checkpoint").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("A checkpoint you kept, or several: the log has to continue it"),
      Flag.atLeast(0)
    ),
    assumedPolicy: Flag.String("assumed-policy").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("The policy that was in force before the log had one, as JSON; the defaults without it"),
      Flag.optional
    ),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the report as JSON"), Flag.withDefault(false))
  },
  (flags) =>
    at(
      () => import("./Audit.ts"),
      ({ runAudit }, place, { assumedPolicy, checkpoints, json, keys }: typeof flags) =>
        runAudit(place, {
          checkpoints,
          json,
          keys: Option.getOrUndefined(keys),
          assumedPolicy: Option.getOrUndefined(assumedPolicy)
        })
    )(placeNamed(flags))
).pipe(
  Command.withDescription("Judge every promise that the log can show: each instruction is decided again"),
  Command.withExamples([
    { command: "effekten audit", description: "The register in .effekten, served or not" },
    { command: "effekten audit audit-2026 --json", description: "An export, for a program" }
  ])
)

/** @category commands */
export const export_ = Command.make(
  "export",
  {
    target: Argument.String("DIR").pipe(Argument.withDescription("Folder to write; made by the command")),
    ...placeFlags,
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
  },
  at(
    () => import("./Export.ts"),
    ({ runExport }, place, flags) => runExport(place, flags)
  )
).pipe(
  Command.withDescription("Write the log as plain files that anyone can verify"),
  Command.withExamples([
    { command: "effekten export audit-2026", description: "The register in .effekten, served or not" }
  ])
)

/** @category commands */
export const rebuildIndex = Command.make(
  "rebuild-index",
  placeFlags,
  at(
    () => import("./RebuildIndex.ts"),
    ({ runRebuildIndex }, place) => runRebuildIndex(place)
  )
).pipe(
  Command.withDescription(
    "Make the index of the log again from its events, when `verify` finds it lacking. A server in the folder must be stopped"
  )
)
