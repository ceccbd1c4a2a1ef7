/**
 * `effekten clock`: its arguments. For the command line.
 */
import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { dataFolder } from "./PlaceFlags.ts"

const time = Effect.promise(() => import("./SandboxTime.ts"))

const advance = Command.make(
  "advance",
  { by: Argument.String("TIME").pipe(Argument.withDescription("14d, 36h, 90m or 30s")), folder: dataFolder },
  (options) => Effect.flatMap(time, ({ runClockAdvance }) => runClockAdvance(options))
).pipe(Command.withDescription("Let time pass in the running sandbox: what is due by then happens"))

const now = Command.make("now", { folder: dataFolder }, (options) =>
  Effect.flatMap(time, ({ runClock }) => runClock(options))
).pipe(Command.withDescription("Print what time it is in the running sandbox"))

/** @category commands */
export const clock = Command.make("clock").pipe(
  Command.withDescription("The clock of a running sandbox, which a developer sets forward"),
  Command.withSubcommands([now, advance]),
  Command.withExamples([
    { command: "effekten clock advance 14d", description: "A subscription that is not paid by then ends" }
  ])
)
