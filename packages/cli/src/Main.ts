/**
 * The command `effekten`: its subcommands, their flags and how it ends. For people at a terminal, and for scripts.
 */
// Compiles schemas when they are first used: reading a log takes half the time. Before everything that makes one.
import "effect/schema/SchemaJITCompiler/enable"
// Not from the barrel: that would load every client it knows.
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, Config, Console, Effect, Exit, Layer, Logger, Option, type Redacted } from "effect"
import { Argument, CliConfig, CliOutput, Command, Flag, GlobalFlag } from "effect/cli"
import { readFileSync } from "node:fs"
import { backup, restore } from "./BackupCommands.ts"
import { dataFolder, store } from "./DataFolder.ts"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { disclose, forget, hold, release, retention, retentionYears } from "./InvestorCommands.ts"
import { openings } from "./OpeningsCommand.ts"
import { client, platform } from "./PlatformCommands.ts"

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  readonly version: string
}

const given = <A>(value: Option.Option<A>): A | undefined => Option.getOrUndefined(value)

/** Where the register lies, as the store is optional. */
const placed = <F extends { readonly store: Option.Option<Redacted.Redacted> }>(flags: F) => ({
  ...flags,
  store: given(flags.store)
})

// Each command's code is loaded when it is called: the others, and --help, need not wait for it.

const serve = Command.make(
  "serve",
  {
    sandbox: Flag.Boolean("sandbox").pipe(
      Flag.withDescription("Set up an issuer, a product, a campaign, a platform and a client of it"),
      Flag.withDefault(false)
    ),
    folder: dataFolder,
    store,
    host: Flag.String("host").pipe(
      Flag.withDescription("Address to listen at; 127.0.0.1 if not said (environment: HOST)"),
      Flag.withFallbackConfig(Config.NonEmptyString("HOST")),
      Flag.withDefault("127.0.0.1")
    ),
    port: Flag.Int("port").pipe(
      Flag.withDescription("Port to listen at; 0 takes a free one, 8080 if not said (environment: PORT)"),
      Flag.withFallbackConfig(Config.Int("PORT")),
      Flag.withDefault(8080),
      Flag.filter(
        (port) => port >= 0 && port <= 65_535,
        (port) => `Expected a port from 0 to 65535, got: ${port}`
      )
    ),
    settleAfter: Flag.Int("settle-after").pipe(
      Flag.withMetavar("MS"),
      Flag.withDescription(
        "Milliseconds the ledger takes to settle a credit or a redemption; without it, it settles at once"
      ),
      Flag.filter(
        (milliseconds) => milliseconds >= 0,
        (milliseconds) => `Expected 0 or more milliseconds, got: ${milliseconds}`
      ),
      Flag.optional
    ),
    retention: retentionYears,
    eraseWhenDue: Flag.Boolean("erase-when-due").pipe(
      Flag.withDescription(
        "Erase investors for good as soon as nothing stands against it any more (environment: EFFEKTEN_ERASE_WHEN_DUE)"
      ),
      Flag.withFallbackConfig(Config.Boolean("EFFEKTEN_ERASE_WHEN_DUE")),
      Flag.withDefault(false)
    )
  },
  (flags) =>
    Effect.flatMap(
      Effect.promise(() => import("./Serve.ts")),
      ({ runServe }) => runServe({ ...placed(flags), settleAfter: given(flags.settleAfter) })
    )
).pipe(
  Command.withDescription("Serve a register over the Distribution API"),
  Command.withExamples([
    { command: "effekten serve --sandbox", description: "Try it: a register in .effekten, ready to use, offline" },
    { command: "effekten serve --sandbox --settle-after 3000", description: "Let the ledger take three seconds" },
    { command: "effekten serve --data /srv/register --host 0.0.0.0 --port 80", description: "Serve a register" },
    { command: "EFFEKTEN_STORE=postgres://… effekten serve", description: "Serve it as one node of several" },
    {
      command: "effekten serve --data /srv/register --erase-when-due --retention 8",
      description: "Forget each investor eight calendar years after the last thing that happened"
    }
  ])
)

const setting = (name: string, variable: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withDescription(`${description} (environment: ${variable})`),
    Flag.withFallbackConfig(Config.NonEmptyString(variable)),
    Flag.optional
  )

const guide = Command.make(
  "guide",
  {
    url: setting("url", "URL", "Base URL, as `serve` prints it"),
    clientId: setting("client-id", "CLIENT_ID", "Client of the platform"),
    clientSecret: Flag.Redacted("client-secret").pipe(
      Flag.withDescription("Its secret (environment: CLIENT_SECRET)"),
      Flag.withFallbackConfig(Config.Redacted("CLIENT_SECRET")),
      Flag.optional
    ),
    campaignId: setting("campaign-id", "CAMPAIGN_ID", "Campaign to subscribe to"),
    productId: setting("product-id", "PRODUCT_ID", "Its product"),
    folder: dataFolder
  },
  (flags) =>
    Effect.flatMap(
      Effect.promise(() => import("./Guide.ts")),
      ({ runGuideCommand }) =>
        runGuideCommand({
          folder: flags.folder,
          url: given(flags.url),
          clientId: given(flags.clientId),
          clientSecret: given(flags.clientSecret),
          campaignId: given(flags.campaignId),
          productId: given(flags.productId)
        })
    )
).pipe(
  Command.withDescription("Walk one investment from an investor to a redemption, with the typed client"),
  Command.withExamples([
    { command: "effekten guide", description: "Against the sandbox served from .effekten" },
    { command: "effekten guide --url http://127.0.0.1:9000/api/external --data /tmp/other", description: "Another one" }
  ])
)

const replay = Command.make(
  "replay",
  {
    folder: dataFolder,
    store,
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
  (flags) =>
    Effect.flatMap(
      Effect.promise(() => import("./Replay.ts")),
      ({ runReplay }) => runReplay({ ...placed(flags), to: given(flags.to) })
    )
).pipe(
  Command.withDescription("Fold the log from nothing: holdings per product, and whether no unit came from nowhere"),
  Command.withExamples([
    { command: "effekten replay", description: "The register in .effekten, served or not" },
    { command: "effekten replay --to 1000 --json", description: "As it was at position 1000, for a program" }
  ])
)

const verify = Command.make(
  "verify",
  {
    target: Argument.String("DIR").pipe(
      Argument.withDescription("A register's folder or an export; the register's folder (--data) if not said"),
      Argument.optional
    ),
    folder: dataFolder,
    store,
    keys: Flag.String("keys").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Public keys you trust, one in a line: each checkpoint has to be signed by one of them"),
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
    Effect.flatMap(
      Effect.promise(() => import("./Verify.ts")),
      ({ runVerify }) => runVerify({ ...placed(flags), target: given(flags.target), keys: given(flags.keys) })
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

const export_ = Command.make(
  "export",
  {
    target: Argument.String("DIR").pipe(Argument.withDescription("Folder to write; made by the command")),
    folder: dataFolder,
    store,
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
  },
  (flags) =>
    Effect.flatMap(
      Effect.promise(() => import("./Export.ts")),
      ({ runExport }) => runExport(placed(flags))
    )
).pipe(
  Command.withDescription("Write the log as plain files that anyone can verify"),
  Command.withExamples([
    { command: "effekten export audit-2026", description: "The register in .effekten, served or not" }
  ])
)

const checkpointKey = (["rotate", "retire", "renew"] as const).map((action) =>
  Command.make(action, { folder: dataFolder, store }, (flags) =>
    Effect.flatMap(
      Effect.promise(() => import("./CheckpointKey.ts")),
      ({ runCheckpointKey }) => runCheckpointKey({ ...placed(flags), action })
    )
  ).pipe(
    Command.withDescription(
      {
        rotate: "Add a key: checkpoints are signed with it and with the ones before",
        retire: "Sign with the newest key alone, once a checkpoint bears its signature",
        renew: "Begin a new line of checkpoints: the key is lost, or the loss of events is accepted"
      }[action]
    )
  )
)

const checkpointKeys = Command.make("checkpoint-key").pipe(
  Command.withDescription("Replace the key that signs checkpoints"),
  Command.withSubcommands(checkpointKey)
)

const rotateMasterKey = Command.make("rotate-master-key", { folder: dataFolder, store }, (flags) =>
  Effect.flatMap(
    Effect.promise(() => import("./RotateMasterKey.ts")),
    ({ runRotateMasterKey }) => runRotateMasterKey(placed(flags))
  )
).pipe(
  Command.withDescription(
    "Put a new master key around the keys of personal data: in PostgreSQL the one in EFFEKTEN_NEXT_MASTER_KEY. Every server must be stopped"
  )
)

const rebuildIndex = Command.make("rebuild-index", { folder: dataFolder, store }, (flags) =>
  Effect.flatMap(
    Effect.promise(() => import("./RebuildIndex.ts")),
    ({ runRebuildIndex }) => runRebuildIndex(placed(flags))
  )
).pipe(
  Command.withDescription(
    "Make the index of the log again from its events, when `verify` finds it lacking. A server in the folder must be stopped"
  )
)

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
      "  3  replay, retention, verify, export, restore: damaged, or a promise is broken",
      "  4  the data folder or the database cannot be used",
      "  5  the address cannot be served at",
      "  6  the register refuses: standard error names the rule",
      "  130  interrupted"
    ].join("\n")
  ),
  Command.withSubcommands([
    serve,
    guide,
    replay,
    verify,
    export_,
    checkpointKeys,
    forget,
    disclose,
    openings,
    hold,
    release,
    retention,
    rotateMasterKey,
    rebuildIndex,
    backup,
    restore,
    platform,
    client
  ])
)

/** What a setting of the environment should have been is told in several. */
const inOneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, " ")

/** Help goes to standard output when it was asked for. What is wrong goes to standard error, and does not drown in a page of help. */
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

/** Says what went wrong on standard error, in one line where it is something foreseen, and returns the exit code. */
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
      // Being told to stop is how `serve` ends well; it says so in `process.exitCode`.
      teardown: (exit, onExit) =>
        onExit(Exit.isSuccess(exit) ? Number(exit.value) : Number(process.exitCode ?? ExitCode.interrupted))
    }
  )
