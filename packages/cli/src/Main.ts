/**
 * The command `effekten`: its subcommands, their flags and how it ends. For people at a terminal, and for scripts.
 */
// Compiles schemas when they are first used: reading a log takes half the time. Before everything that makes one.
import "effect/schema/SchemaJITCompiler/enable"
// Not from the barrel: that would load every client it knows.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Console, Effect, Exit, Layer, Logger } from "effect"
import { CliConfig, CliOutput, Command, GlobalFlag } from "effect/cli"
import { readFileSync } from "node:fs"
import { backup, restore } from "./BackupCommands.ts"
import { decide } from "./DecideCommands.ts"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { freeze, unfreeze } from "./FreezeCommands.ts"
import { redeem, transfer } from "./RegistrarTaskCommands.ts"
import { reverse } from "./ReverseCommands.ts"
import { disclose, forget, hold, release, retention } from "./InvestorCommands.ts"
import { checkpointKey, rotateMasterKey, takeOutSecrets } from "./KeyCommands.ts"
import { audit, export_, rebuildIndex, replay, verify } from "./LogCommands.ts"
import { openings } from "./OpeningsCommand.ts"
import { campaign, issuer, product } from "./OfferingCommands.ts"
import { client, platform } from "./PlatformCommands.ts"
import { webhook } from "./WebhookCommands.ts"
import { policy } from "./PolicyCommands.ts"
import { projections } from "./ProjectionsCommand.ts"
import { statement } from "./StatementCommands.ts"
import { clock, listen, logs, sandbox, trigger } from "./SandboxCommands.ts"
import { guide, serve } from "./ServeCommands.ts"
import { simulate } from "./SimulateCommand.ts"

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string
}

/** The command with all its subcommands. @category commands */
export const effekten = Command.make("effekten").pipe(
  Command.withDescription(
    [
      "A register of digital securities.",
      "",
      "EXIT CODES",
      "  0  done; also a server that was told to stop",
      "  1  could not do it; standard error says why",
      "  2  wrong arguments",
      "  3  replay, retention, verify, audit, export, restore: damaged, or a promise is broken",
      "  4  the data folder or the database cannot be used",
      "  5  the server cannot listen at the address",
      "  6  the register refuses: standard error names the rule",
      "  130  interrupted"
    ].join("\n")
  ),
  Command.withSubcommands([
    serve,
    guide,
    clock,
    trigger,
    listen,
    logs,
    sandbox,
    replay,
    verify,
    audit,
    export_,
    checkpointKey,
    forget,
    disclose,
    decide,
    openings,
    hold,
    release,
    retention,
    freeze,
    unfreeze,
    reverse,
    redeem,
    transfer,
    statement,
    projections,
    rotateMasterKey,
    takeOutSecrets,
    rebuildIndex,
    backup,
    restore,
    policy,
    platform,
    client,
    webhook,
    simulate,
    issuer,
    product,
    campaign
  ])
)

/** The message about a wrong setting of the environment has several lines. */
const inOneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, " ")

/** Help goes to standard output when the caller asked for it. A mistake goes to standard error, without a page of help around it. */
const presenter = CliOutput.Presenter.of({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.andThen(
          Effect.forEach(event.errors, ({ message }) => Console.error(`effekten: ${inOneLine(message)}`)),
          Console.error(`Run \`${event.commandPath.join(" ")} --help\` for help.`)
        )
      : CliOutput.defaultPresenter.present(event)
})

const environment = Layer.mergeAll(
  NodeServices.layer,
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] }),
  // Standard output belongs to what a command prints.
  Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])
)

/** Prints what went wrong on standard error, a foreseen failure in one line, and returns the exit code. */
const report = (cause: Cause.Cause<unknown>): Effect.Effect<number> => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(ExitCode.interrupted)
  const error = Cause.squash(cause)
  if (error instanceof CommandFailed) return Effect.as(Console.error(`effekten: ${error.message}`), error.exitCode)
  if (isShowHelp(error)) return Effect.succeed(error.errors.length === 0 ? ExitCode.done : ExitCode.usage)
  return Effect.as(Console.error(`effekten: ${Cause.pretty(cause)}`), ExitCode.failed)
}

const isShowHelp = (error: unknown): error is { readonly errors: ReadonlyArray<unknown> } =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "ShowHelp"

/** Runs the command line of this process to its end. @category running */
export const main = (): void =>
  NodeRuntime.runMain(
    Effect.flatMap(
      Effect.exit(Effect.provide(Command.run(effekten, { version }), environment)),
      Exit.match({ onSuccess: () => Effect.succeed<number>(ExitCode.done), onFailure: report })
    ),
    {
      disableErrorReporting: true,
      // `serve` ends well when it is told to stop, and sets `process.exitCode` then.
      teardown: (exit, onExit) =>
        onExit(Exit.isSuccess(exit) ? Number(exit.value) : Number(process.exitCode ?? ExitCode.interrupted))
    }
  )
