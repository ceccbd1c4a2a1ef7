/**
 * `effekten webhook`: its arguments. For the command line.
 */
import { Config, Effect, Option, Redacted } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const load = () => import("./WebhookEndpoints.ts")

const id = Argument.String("ENDPOINT_ID").pipe(Argument.withDescription("Id of the endpoint"))

/** Credentials must not stand in a list of processes. */
const secretOf = (name: string) =>
  Effect.map(Effect.orDie(Effect.option(Config.Redacted(name))), (found) =>
    Option.getOrUndefined(Option.map(found, Redacted.value))
  )

const add = Command.make(
  "add",
  {
    platform: Argument.String("PLATFORM_ID").pipe(Argument.withDescription("Id of the platform")),
    url: Argument.String("URL").pipe(Argument.withDescription("Where its events are delivered to")),
    tokenUrl: Flag.String("token-url").pipe(
      Flag.withDescription("Token endpoint of the receiver; EFFEKTEN_WEBHOOK_SECRET is the client's secret there"),
      Flag.optional
    ),
    clientId: Flag.String("client-id").pipe(Flag.withDescription("Our client id at the receiver"), Flag.optional),
    scope: Flag.String("scope").pipe(Flag.withDescription("Scope to ask the token endpoint for"), Flag.optional),
    fromStart: Flag.Boolean("from-start").pipe(
      Flag.withDescription("Deliver what has happened before, too"),
      Flag.withDefault(false)
    ),
    allowPrivate: Flag.Boolean("allow-private").pipe(
      Flag.withDescription("Allow addresses that are not public, and http"),
      Flag.withDefault(false)
    ),
    ...placeFlags
  },
  at(load, ({ runWebhookAdd }, place, { allowPrivate, clientId, fromStart, platform, scope, tokenUrl, url }) =>
    Effect.gen(function* () {
      const secret = yield* secretOf("EFFEKTEN_WEBHOOK_SECRET")
      const token = yield* secretOf("EFFEKTEN_WEBHOOK_TOKEN")
      yield* runWebhookAdd(place, {
        platform,
        url,
        allowPrivate,
        fromStart,
        authorization: Option.isSome(tokenUrl)
          ? {
              kind: "client_credentials",
              tokenUrl: tokenUrl.value,
              clientId: Option.getOrElse(clientId, () => ""),
              clientSecret: secret ?? "",
              ...(Option.isSome(scope) ? { scope: scope.value } : {})
            }
          : token === undefined
            ? { kind: "none" }
            : { kind: "bearer", token }
      })
    })
  )
).pipe(
  Command.withDescription(
    "Deliver a platform's events to a URL. With EFFEKTEN_WEBHOOK_TOKEN set, as a bearer token. A server that has the folder must be stopped"
  )
)

const list = Command.make(
  "list",
  placeFlags,
  at(load, ({ runWebhookList }, place) => runWebhookList(place))
).pipe(Command.withDescription("Print the endpoints, what waits for each, and what was given up"))

const rotate = Command.make(
  "rotate-secret",
  {
    id,
    finish: Flag.Boolean("finish").pipe(
      Flag.withDescription("Sign no more with the secret before"),
      Flag.withDefault(false)
    ),
    ...placeFlags
  },
  at(load, ({ runWebhookRotate }, place, flags) => runWebhookRotate(place, flags))
).pipe(Command.withDescription("Sign with a new secret, and with the one before until --finish"))

const pausing = (name: string, paused: boolean, description: string) =>
  Command.make(
    name,
    { id, ...placeFlags },
    at(load, ({ runWebhookPause }, place, flags) => runWebhookPause(place, { id: flags.id, paused }))
  ).pipe(Command.withDescription(description))

const pause = pausing(
  "pause",
  true,
  "Deliver nothing to an endpoint until it is resumed; what happens waits in the feed"
)
const resume = pausing("resume", false, "Go on with what happened while an endpoint was paused")

const remove = Command.make(
  "remove",
  { id, ...placeFlags },
  at(load, ({ runWebhookRemove }, place, flags) => runWebhookRemove(place, flags))
).pipe(Command.withDescription("Remove an endpoint, and what waits for it"))

const resend = Command.make(
  "resend",
  {
    id,
    event: Argument.String("EVENT_ID").pipe(
      Argument.withDescription("Id of the event; all that were given up by default"),
      Argument.optional
    ),
    ...placeFlags
  },
  at(load, ({ runWebhookResend }, place, { event, id }) =>
    runWebhookResend(place, { id, event: Option.getOrUndefined(event) })
  )
).pipe(Command.withDescription("Deliver again what was given up"))

/** @category commands */
export const webhook = Command.make("webhook").pipe(
  Command.withDescription("Where the events of platforms are delivered to"),
  Command.withSubcommands([add, list, pause, resume, rotate, remove, resend])
)
