/**
 * `effekten platform` and `effekten client`: their arguments. For the command line.
 */
import { Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const load = () => import("./Platforms.ts")

const scopes = Flag.String("scopes").pipe(
  Flag.withDescription("What the client may do, separated by spaces or commas; everything by default"),
  Flag.optional
)

const add = Command.make(
  "add",
  { name: Argument.String("NAME").pipe(Argument.withDescription("Its name")), scopes, ...placeFlags },
  at(load, ({ runPlatformAdd }, place, { name, scopes }) =>
    runPlatformAdd(place, { name, scopes: Option.getOrUndefined(scopes) })
  )
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
    ...placeFlags,
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
  },
  at(load, ({ runPlatformList }, place, flags) => runPlatformList(place, flags))
).pipe(Command.withDescription("Print the platforms of a register, served or not, and the clients of each"))

const show = Command.make(
  "show",
  {
    id: Argument.String("ID").pipe(Argument.withDescription("Id of the platform")),
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false)),
    ...placeFlags
  },
  at(
    () => import("./Offerings.ts"),
    ({ runPlatformShow }, place, flags) => runPlatformShow(place, flags)
  )
).pipe(Command.withDescription("Print a platform"))

/** @category commands */
export const platform = Command.make("platform").pipe(
  Command.withDescription("The platforms that may use a register"),
  Command.withSubcommands([add, list, show])
)

const clientId = Argument.String("CLIENT_ID").pipe(Argument.withDescription("Id of the client"))

const addClient = Command.make(
  "add",
  {
    platform: Argument.String("PLATFORM_ID").pipe(Argument.withDescription("Id of the platform"), Argument.optional),
    issuer: Flag.String("issuer").pipe(
      Flag.withMetavar("ISSUER_ID"),
      Flag.withDescription("Id of an issuer, instead of a platform"),
      Flag.optional
    ),
    scopes,
    ...placeFlags
  },
  at(load, ({ runClientAdd }, place, { issuer, platform, scopes }) =>
    runClientAdd(place, {
      ...Option.match(platform, { onNone: () => ({}), onSome: (platform) => ({ platform }) }),
      ...Option.match(issuer, { onNone: () => ({}), onSome: (issuer) => ({ issuer }) }),
      scopes: Option.getOrUndefined(scopes)
    })
  )
).pipe(
  Command.withDescription(
    "Give a platform or an issuer one more client, for another program or to replace one without a gap"
  )
)

const listClients = Command.make(
  "list",
  {
    ...placeFlags,
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
  },
  at(load, ({ runClientList }, place, flags) => runClientList(place, flags))
).pipe(Command.withDescription("Print every client of a register, served or not, and whose it is"))

const rotate = Command.make(
  "rotate-secret",
  { clientId, ...placeFlags },
  at(load, ({ runClientRotate }, place, flags) => runClientRotate(place, flags))
).pipe(Command.withDescription("Give a client a new secret; the old one and the tokens it got end at once"))

const remove = Command.make(
  "remove",
  { clientId, ...placeFlags },
  at(load, ({ runClientRemove }, place, flags) => runClientRemove(place, flags))
).pipe(Command.withDescription("Take away a client, and its tokens; nothing in the register changes"))

/** @category commands */
export const client = Command.make("client").pipe(
  Command.withDescription("The OAuth clients of platforms and issuers, of a register that is served or not"),
  Command.withSubcommands([addClient, listClients, rotate, remove])
)
