/**
 * `effekten projections`: its arguments. For the command line.
 */
import { Command, Flag } from "effect/cli"
import { at, placeArgument, placeFlags, placeNamed } from "./PlaceFlags.ts"

/** @category commands */
export const projections = Command.make(
  "projections",
  {
    target: placeArgument,
    ...placeFlags,
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
  },
  (flags) =>
    at(
      () => import("./Projections.ts"),
      ({ runProjections }, place, { json }: typeof flags) => runProjections(place, { json })
    )(placeNamed(flags))
).pipe(
  Command.withDescription(
    "Print the lists beside the log: how far each has come, which one stopped and where; beside a running server too"
  ),
  Command.withExamples([
    { command: "effekten projections", description: "Of the register in .effekten" },
    { command: "effekten projections postgres://… --json", description: "Of a register in PostgreSQL, for a program" }
  ])
)
