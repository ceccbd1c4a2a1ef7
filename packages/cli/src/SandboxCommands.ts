/**
 * `effekten clock`, `trigger`, `listen` and `logs`: their arguments. For the command line.
 */
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
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

const maybe = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

/** @category commands */
export const trigger = Command.make(
  "trigger",
  {
    event: Argument.Literals("EVENT", [
      "identification",
      "acceptance",
      "review",
      "payment",
      "ledger",
      "deadline",
      "reversal",
      "resolution",
      "redemption",
      "transfer"
    ]).pipe(Argument.withDescription("What happens outside of the register")),
    investor: maybe("investor", "Id of the investor: identification"),
    investment: maybe(
      "investment",
      "Id of the investment: acceptance, review, payment, deadline, resolution of a credit, redemption, transfer"
    ),
    task: maybe("task", "Id of a task of the ledger: resolution; ledger, where else the next one is meant"),
    kind: maybe("kind", "credit, redemption, transfer: reversal, resolution; reversal: resolution"),
    change: maybe("change", "Id of what is undone: reversal, resolution of one"),
    reverses: maybe("reverses", "Kind of what is undone: resolution of a reversal"),
    units: Flag.Int("units").pipe(
      Flag.withDescription("How many units: redemption, transfer; of a transfer that is undone: reversal"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    target_address: maybe("target-address", "Where the units go: transfer"),
    outcome: maybe(
      "outcome",
      "verified, approved, refused; accepted, rejected; passed, refused; succeeded, failed, unknown, delayed"
    ),
    folder: dataFolder
  },
  ({ event, folder, ...given }) =>
    Effect.flatMap(
      Effect.promise(() => import("./SandboxTrigger.ts")),
      ({ runTrigger }) => runTrigger({ folder, event, given })
    )
).pipe(
  Command.withDescription("Let something happen outside of the running sandbox, and print what came of it"),
  Command.withExamples([
    {
      command: "effekten trigger payment --investment 0190c2a4-0000-7000-8000-000000000000",
      description: "The money arrives"
    },
    { command: "effekten trigger ledger --outcome unknown", description: "Nobody knows what becomes of the next task" }
  ])
)

/** @category commands */
export const sandbox = Command.make("sandbox").pipe(
  Command.withDescription("The sandbox in a folder"),
  Command.withSubcommands([
    Command.make("reset", { folder: dataFolder }, ({ folder }) =>
      Effect.flatMap(
        Effect.promise(() => import("./SandboxReset.ts")),
        ({ runReset }) => runReset(folder)
      )
    ).pipe(
      Command.withDescription(
        "Begin it anew: another register, with new ids, the same client and the real time. A server that has the folder must be stopped"
      )
    )
  ]),
  Command.withExamples([
    { command: "effekten sandbox reset", description: "Throw away what was tried, and print what there is instead" }
  ])
)

/** @category commands */
export const listen = Command.make(
  "listen",
  {
    answer: Flag.Int("answer").pipe(
      Flag.withMetavar("STATUS"),
      Flag.withDescription("What each delivery is answered; 204 by default"),
      Flag.withDefault(204),
      Flag.filter(
        (status) => status >= 200 && status <= 599,
        (status) => `Expected a status from 200 to 599, got: ${status}`
      )
    ),
    folder: dataFolder
  },
  (options) =>
    Effect.flatMap(
      Effect.promise(() => import("./SandboxListen.ts")),
      ({ runListen }) => runListen(options)
    )
).pipe(
  Command.withDescription("Print the webhooks of the running sandbox until Ctrl-C"),
  Command.withExamples([
    { command: "effekten listen", description: "Each delivery as a line, with whether it is signed" },
    { command: "effekten listen --answer 503", description: "Be a receiver that is down, and see it come again" }
  ])
)

/** @category commands */
export const logs = Command.make(
  "logs",
  {
    follow: Flag.Boolean("follow").pipe(
      Flag.withDescription("Go on with what is answered from now on, until Ctrl-C"),
      Flag.withDefault(false)
    ),
    folder: dataFolder
  },
  (options) =>
    Effect.flatMap(
      Effect.promise(() => import("./SandboxLogs.ts")),
      ({ runLogs }) => runLogs(options)
    )
).pipe(Command.withDescription("Print the last requests that the running sandbox has answered"))
