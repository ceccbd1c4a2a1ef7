/**
 * `effekten platform` and `effekten client`: their arguments. For the command line.
 */
import { Effect, Option, type Redacted } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { dataFolder, store } from "./DataFolder.ts"

const load = Effect.promise(() => import("./Platforms.ts"))

const scopes = Flag.String("scopes").pipe(
  Flag.withDescription("What the client may do, separated by spaces or commas; everything if not said"),
  Flag.optional
)

const optionsOf = <
  Flags extends { readonly scopes: Option.Option<string>; readonly store: Option.Option<Redacted.Redacted> }
>(
  flags: Flags
) => ({ ...flags, scopes: Option.getOrUndefined(flags.scopes), store: Option.getOrUndefined(flags.store) })

const add = Command.make(
  "add",
  { name: Argument.String("NAME").pipe(Argument.withDescription("Its name")), scopes, folder: dataFolder, store },
  (flags) => Effect.flatMap(load, ({ runPlatformAdd }) => runPlatformAdd(optionsOf(flags)))
).pipe(
  Command.withDescription("Register a platform, and a client for it. A server that has the folder must be stopped"),
  Command.withExamples([
    { command: 'effekten platform add "Example platform" --data /srv/register', description: "May do everything" },
    {
      command: 'effekten platform add "Example reader" --scopes "investors:read investments:read"',
      description: "May only read"
    }
  ])
)

const list = Command.make(
  "list",
  {
    folder: dataFolder,
    store,
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
  },
  (flags) =>
    Effect.flatMap(load, ({ runPlatformList }) =>
      runPlatformList({ ...flags, store: Option.getOrUndefined(flags.store) })
    )
).pipe(Command.withDescription("Print the platforms of a register, served or not, and the clients of each"))

/** @category commands */
export const platform = Command.make("platform").pipe(
  Command.withDescription("The platforms that may use a register"),
  Command.withSubcommands([add, list])
)

const clientId = Argument.String("CLIENT_ID").pipe(Argument.withDescription("Id of the client"))

const addClient = Command.make(
  "add",
  {
    platform: Argument.String("PLATFORM_ID").pipe(Argument.withDescription("Id of the platform")),
    scopes,
    folder: dataFolder,
    store
  },
  (flags) => Effect.flatMap(load, ({ runClientAdd }) => runClientAdd(optionsOf(flags)))
).pipe(Command.withDescription("Give a platform one more client, for another program or to replace one without a gap"))

const rotate = Command.make("rotate-secret", { clientId, folder: dataFolder, store }, (flags) =>
  Effect.flatMap(load, ({ runClientRotate }) =>
    runClientRotate({ ...flags, store: Option.getOrUndefined(flags.store) })
  )
).pipe(Command.withDescription("Give a client a new secret; the old one and the tokens it got end at once"))

const remove = Command.make("remove", { clientId, folder: dataFolder, store }, (flags) =>
  Effect.flatMap(load, ({ runClientRemove }) =>
    runClientRemove({ ...flags, store: Option.getOrUndefined(flags.store) })
  )
).pipe(Command.withDescription("Take away a client, and its tokens; nothing in the register changes"))

/** @category commands */
export const client = Command.make("client").pipe(
  Command.withDescription("The OAuth clients of platforms. A server that has the folder must be stopped"),
  Command.withSubcommands([addClient, rotate, remove])
)
