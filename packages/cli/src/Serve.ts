/**
 * `effekten serve`: a register, served over the Distribution API until the server is told to stop. For operators, and with `--sandbox` for
 * developers that try the API.
 */
import { DistributionServer } from "@effekten/http"
import type { Policy } from "@effekten/domain"
import { Log } from "@effekten/registrar"
import { Policies } from "@effekten/services"
import { Clock, Console, Context, Duration, Effect, Layer, Schema } from "effect"
import { HttpServer, type HttpServerError } from "effect/http"
import { flushCompileCache } from "node:module"
import * as Clients from "./Clients.ts"
import * as WebhookEndpoints from "./WebhookEndpoints.ts"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { given, wordOf } from "./Given.ts"
import { keepingFor, keptFor, type Place, refused, type RegisterOptions } from "./Place.ts"
import { readinessOf, standingStill } from "./Readiness.ts"
import { sandboxIn, serveSandboxAt } from "./Sandbox.ts"
import * as SandboxClock from "./SandboxClock.ts"
import * as SandboxControl from "./SandboxControl.ts"
import * as SandboxLedger from "./SandboxLedger.ts"
import { printedOf, type SandboxFile } from "./SandboxFile.ts"
import { signals } from "./Signals.ts"

interface ServeOptions extends Omit<RegisterOptions, "policy" | "sandbox" | "believeClock"> {
  /** Whole calendar years the data of investors are kept, 5 to 10: what the register's policy is, or becomes if it has none. */
  readonly retention: number | undefined
  /** That it is about this instant, where the clock is not believed by itself. */
  readonly believeClock: string | undefined
  readonly sandbox: boolean
  /** Requests a second of each client; 0 for no limit. */
  readonly rateLimit: number | undefined
  readonly rateLimitAtOnce: number | undefined
  readonly host: string
  readonly port: number
  readonly publicOrigin: string | undefined
  /** Seconds. */
  readonly drain: number
  readonly docs: boolean
}

const addressRefused = (host: string, port: number) => (error: HttpServerError.ServeError) => {
  const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException
  const reason =
    code === "EADDRINUSE"
      ? `port ${port} at ${host} is taken by another process: stop it, or choose another port with --port (0 takes a free one)`
      : code === "EACCES"
        ? `port ${port} at ${host} needs rights this process does not have: choose one above 1023 with --port`
        : `${host}:${port} cannot be listened at (${message}): choose another address with --host and --port`
  return new CommandFailed({ exitCode: ExitCode.address, message: reason })
}

const givenOrigin = given(
  Schema.String.check(Schema.makeFilter(DistributionServer.isOrigin)),
  "origin: https://example.org is one"
)

/** Where a client on this machine reaches the server. */
const originOf = (host: string, address: HttpServer.HttpServer["Service"]["address"]): string => {
  const port = address._tag === "UnixPathAddress" ? 0 : address.port
  const name = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host
  return `http://${name.includes(":") ? `[${name}]` : name}:${port}`
}

/** Whether only this machine reaches an address. */
const isLocal = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)

const forPeople = (
  place: Place,
  options: ServeOptions,
  origin: string,
  sandbox: SandboxFile | undefined,
  policy: Policy.Policy
): string =>
  [
    "",
    sandbox === undefined
      ? "Effekten serves a register of digital securities over the Distribution API."
      : "Effekten serves a sandbox of the Distribution API: a register of digital securities with an invented product.",
    `Data     ${place.printed.data}`,
    ...(options.docs ? [`Docs     ${origin}/docs`] : []),
    ...(sandbox === undefined ? [] : [`Guide    npx effekten guide${place.printed.folder}`]),
    `Check    npx effekten replay${place.printed.place}`,
    ...(options.eraseWhenDue === true
      ? [`Erases   investors, ${keptFor(policy)} after their last event, if nothing else stands against it`]
      : []),
    "Stop     Ctrl-C"
  ].join("\n")

/** The lines for programs: nothing may be printed on standard output before them. */
const forPrograms = (url: string, sandbox: SandboxFile | undefined): string =>
  [`URL=${url}`, ...(sandbox === undefined ? [] : printedOf(sandbox))].join("\n")

const rateLimitOf = ({ rateLimit, rateLimitAtOnce }: ServeOptions): DistributionServer.ServerOptions["rateLimit"] =>
  rateLimit === 0 ? "none" : { perSecond: rateLimit, atOnce: rateLimitAtOnce }

/** Opens the register, serves it, and stays. Being interrupted is its good end. @category commands */
export const runServe = (place: Place, options: ServeOptions): Effect.Effect<never, CommandFailed> =>
  Effect.gen(function* () {
    yield* signals
    const { docs, drain, host, port } = options
    const publicOrigin =
      options.publicOrigin === undefined ? undefined : yield* givenOrigin(options.publicOrigin.replace(/\/$/, ""))
    // Databases, keys and contents are readable for the owner only, also in a folder that other users may read.
    process.umask(0o077)
    const believeClock = yield* wordOf(options.believeClock)
    const clock = options.sandbox ? SandboxClock.make(yield* Clock.Clock) : undefined
    const ledger = clock && SandboxLedger.make(clock, options.settleAfter)
    const policy = keepingFor(options.retention)
    const building = Layer.build(
      place.register({ ...options, policy, believeClock, clockAhead: clock?.ahead, ledger: ledger?.layer })
    )
    const register = yield* clock === undefined ? building : Effect.provideService(building, Clock.Clock, clock.clock)
    const clients = yield* Layer.build(Layer.provide(Clients.layer, Layer.succeedContext(register))).pipe(
      // Two nodes may make the tables at the same moment; PostgreSQL lets one of them fail.
      Effect.retry({ times: 3 }),
      Effect.mapError(() => refused({ message: `the clients in ${place.clientsName} cannot be read` }))
    )
    const context = Context.merge(register, clients)
    yield* Effect.forkScoped(Effect.provideContext(WebhookEndpoints.delivering, register))
    const sandbox = options.sandbox ? yield* sandboxIn(context, place.folder) : undefined
    // Not before it is known to be a sandbox: in any other register the clock may end what is not due.
    if (sandbox?.clockAhead !== undefined) yield* clock!.setAhead(Duration.millis(sandbox.clockAhead))
    const readiness = readinessOf(Context.get(register, Log), yield* place.disk)
    // The server is built last, so it is closed first: what is in flight ends while the register is still open.
    const server = yield* Layer.build(
      DistributionServer.layerNode({
        host,
        port,
        docs,
        sandbox,
        control:
          clock && ledger && sandbox && SandboxControl.make({ folder: place.folder, clock, ledger, sandbox, register }),
        publicOrigin,
        rateLimit: rateLimitOf(options),
        drainDelay: `${drain} seconds`
      }).pipe(
        Layer.provide(Layer.succeedContext(context)),
        Layer.provide(Layer.succeed(DistributionServer.Readiness, readiness)),
        Layer.provide(Layer.succeed(DistributionServer.ReadinessDetail, Effect.provideContext(standingStill, register)))
      )
    ).pipe(Effect.mapError(addressRefused(host, port)))
    const origin = originOf(host, Context.get(server, HttpServer.HttpServer).address)
    const url = `${origin}/api/external`
    if (sandbox !== undefined) yield* Effect.mapError(serveSandboxAt(place.folder, sandbox, url), refused)

    const inForce = yield* Effect.mapError(Context.get(register, Policies).inForce, refused)
    if (publicOrigin === undefined && !isLocal(host))
      yield* Effect.logWarning(
        "links in answers begin with the host that each request names: give the server its own name with --public-origin"
      )
    yield* Console.log(forPrograms(url, sandbox))
    yield* Console.log(forPeople(place, options, origin, sandbox, inForce.policy))
    // A process that is killed would not leave the compiled code behind for the next one.
    flushCompileCache?.()
    return yield* Effect.never
  }).pipe(
    Effect.scoped,
    Effect.onInterrupt(() => Effect.sync(() => void (process.exitCode = ExitCode.done)))
  )
