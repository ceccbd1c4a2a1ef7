/**
 * `effekten serve` and `effekten guide`: their arguments. For the command line.
 */
import { reactorNames } from "@effekten/registrar"
import { Config, Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { believeClock, retentionYears } from "./InvestorCommands.ts"
import { at, dataFolder, placeFlags } from "./PlaceFlags.ts"

/** @category commands */
export const serve = Command.make(
  "serve",
  {
    sandbox: Flag.Boolean("sandbox").pipe(
      Flag.withDescription("Set up an issuer, a product, a campaign, a platform and a client of it"),
      Flag.withDefault(false)
    ),
    ...placeFlags,
    host: Flag.String("host").pipe(
      Flag.withDescription("Address to listen at; 127.0.0.1 by default (environment: HOST)"),
      Flag.withFallbackConfig(Config.NonEmptyString("HOST")),
      Flag.withDefault("127.0.0.1")
    ),
    port: Flag.Int("port").pipe(
      Flag.withDescription("Port to listen at; 0 takes a free one, 8080 by default (environment: PORT)"),
      Flag.withFallbackConfig(Config.Int("PORT")),
      Flag.withDefault(8080),
      Flag.filter(
        (port) => port >= 0 && port <= 65_535,
        (port) => `Expected a port from 0 to 65535, got: ${port}`
      )
    ),
    publicOrigin: Flag.String("public-origin").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription(
        "What links in answers begin with, behind a proxy: https://example.org (environment: EFFEKTEN_PUBLIC_ORIGIN)"
      ),
      Flag.withFallbackConfig(Config.NonEmptyString("EFFEKTEN_PUBLIC_ORIGIN")),
      Flag.optional
    ),
    drain: Flag.Int("drain").pipe(
      Flag.withMetavar("SECONDS"),
      Flag.withDescription(
        "Seconds that /readyz says no before the server takes no more, when it is told to stop; 0 by default (environment: EFFEKTEN_DRAIN)"
      ),
      Flag.withFallbackConfig(Config.Int("EFFEKTEN_DRAIN")),
      Flag.withDefault(0),
      Flag.filter(
        (seconds) => seconds >= 0 && seconds <= 3_600,
        (seconds) => `Expected 0 to 3600 seconds, got: ${seconds}`
      )
    ),
    docs: Flag.Boolean("docs").pipe(
      Flag.withDescription("Serve /docs, /openapi.json and /problems; --no-docs does not (environment: EFFEKTEN_DOCS)"),
      Flag.withFallbackConfig(Config.Boolean("EFFEKTEN_DOCS")),
      Flag.withDefault(true)
    ),
    settleAfter: Flag.Int("settle-after").pipe(
      Flag.withMetavar("MS"),
      Flag.withDescription(
        "Milliseconds the ledger takes to settle a credit or a redemption; by default it settles at once"
      ),
      Flag.filter(
        (milliseconds) => milliseconds >= 0,
        (milliseconds) => `Expected 0 or more milliseconds, got: ${milliseconds}`
      ),
      Flag.optional
    ),
    rateLimit: Flag.Int("rate-limit").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription(
        "Requests a second that each client may send, refusals counted fivefold; 100 by default, 0 for no limit (environment: EFFEKTEN_RATE_LIMIT)"
      ),
      Flag.withFallbackConfig(Config.Int("EFFEKTEN_RATE_LIMIT")),
      Flag.filter(
        (perSecond) => perSecond >= 0,
        (perSecond) => `Expected 0 or more requests a second, got: ${perSecond}`
      ),
      Flag.optional
    ),
    rateLimitAtOnce: Flag.Int("rate-limit-at-once").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription(
        "Requests that a client may send at once after a pause; 1000 by default (environment: EFFEKTEN_RATE_LIMIT_AT_ONCE)"
      ),
      Flag.withFallbackConfig(Config.Int("EFFEKTEN_RATE_LIMIT_AT_ONCE")),
      Flag.filter(
        (atOnce) => atOnce >= 1,
        (atOnce) => `Expected 1 or more requests at once, got: ${atOnce}`
      ),
      Flag.optional
    ),
    retention: retentionYears,
    eraseWhenDue: Flag.Boolean("erase-when-due").pipe(
      Flag.withDescription(
        "Erase investors for good as soon as nothing stands against it (environment: EFFEKTEN_ERASE_WHEN_DUE)"
      ),
      Flag.withFallbackConfig(Config.Boolean("EFFEKTEN_ERASE_WHEN_DUE")),
      Flag.withDefault(false)
    ),
    // No environment: it says what a person has compared, for this start alone.
    resumeReactors: Flag.Literals("resume-reactor", reactorNames).pipe(
      Flag.withMetavar("NAME"),
      Flag.withDescription(
        "Let a reactor that stopped, because the log was put back behind it, go on from the first event: settlement"
      ),
      Flag.atLeast(0)
    ),
    believeClock
  },
  at(
    () => import("./Serve.ts"),
    ({ runServe }, place, flags) =>
      runServe(place, {
        ...flags,
        publicOrigin: Option.getOrUndefined(flags.publicOrigin),
        rateLimit: Option.getOrUndefined(flags.rateLimit),
        rateLimitAtOnce: Option.getOrUndefined(flags.rateLimitAtOnce),
        settleAfter: Option.getOrUndefined(flags.settleAfter),
        believeClock: Option.getOrUndefined(flags.believeClock)
      })
  )
).pipe(
  Command.withDescription("Serve a register over the Distribution API"),
  Command.withExamples([
    { command: "effekten serve --sandbox", description: "Try it: a register in .effekten, ready to use, offline" },
    { command: "effekten serve --sandbox --settle-after 3000", description: "Let the ledger take three seconds" },
    { command: "effekten serve --data /srv/register --host 0.0.0.0 --port 80", description: "Serve a register" },
    {
      command: "effekten serve --data /srv/register --public-origin https://example.org --drain 10",
      description: "Behind a proxy that needs ten seconds to notice"
    },
    { command: "EFFEKTEN_STORE=postgres://… effekten serve", description: "Serve it as one node of several" },
    {
      command: "effekten serve --data /srv/register --erase-when-due --retention 8",
      description: "Forget each investor eight calendar years after their last event"
    },
    {
      command: "effekten serve --data /srv/register --resume-reactor settlement",
      description: "Settle again after an older log was restored, once the ledger was compared with it"
    }
  ])
)

const setting = (name: string, variable: string, description: string) =>
  Flag.String(name).pipe(
    Flag.withDescription(`${description} (environment: ${variable})`),
    Flag.withFallbackConfig(Config.NonEmptyString(variable)),
    Flag.optional
  )

/** @category commands */
export const guide = Command.make(
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
          url: Option.getOrUndefined(flags.url),
          clientId: Option.getOrUndefined(flags.clientId),
          clientSecret: Option.getOrUndefined(flags.clientSecret),
          campaignId: Option.getOrUndefined(flags.campaignId),
          productId: Option.getOrUndefined(flags.productId)
        })
    )
).pipe(
  Command.withDescription("Walk one investment from an investor to a redemption, with the typed client"),
  Command.withExamples([
    { command: "effekten guide", description: "Against the sandbox served from .effekten" },
    { command: "effekten guide --url http://127.0.0.1:9000/api/external --data /tmp/other", description: "Another one" }
  ])
)
