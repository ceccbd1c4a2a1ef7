/**
 * What a developer may bring about in a sandbox: the routes below `/sandbox/`. For `serve --sandbox`, which alone may hand them to a server.
 */
import { Id } from "@effekten/domain"
import type { DistributionServer, WebhookStore } from "@effekten/http"
import { Projections, ReadModels } from "@effekten/projections"
import type { Registrar, RegisterState, StateSeal } from "@effekten/registrar"
import {
  type CommandFailure,
  Investments,
  type PlatformService,
  PlatformServices,
  Rejection,
  Unavailable
} from "@effekten/services"
import { Clock, Context, Duration, Effect, Layer, Option, Schema, Semaphore } from "effect"
import { SecureRandom } from "effect/crypto"
import { furthestAhead, type SandboxClock } from "./SandboxClock.ts"
import { readSandboxFile, type SandboxFile, writeSandboxFile } from "./SandboxFile.ts"
import { type SandboxLedger, ToldOutcome } from "./SandboxLedger.ts"
import * as SandboxListening from "./SandboxListening.ts"
import * as SandboxLog from "./SandboxLog.ts"
import { reverse } from "./SandboxReversal.ts"
import { force, redeem } from "./SandboxTaking.ts"
import { triggers } from "./SandboxTriggers.ts"
import { layer as endpoints } from "./WebhookEndpoints.ts"

const unitsOfTime = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const

/** `14d`, `36h`, `90m` or `30s`. @category schemas */
export const Advance = Schema.String.check(
  Schema.isPattern(/^[1-9][0-9]{0,8}[dhms]$/, { expected: "a number with d, h, m or s behind it: 14d" })
)

const millisOf = (advance: string): number =>
  Number(advance.slice(0, -1)) * unitsOfTime[advance.slice(-1) as keyof typeof unitsOfTime]

const AdvanceClock = Schema.Struct({ advance: Advance })

const unwritten = ({ message }: { readonly message: string }) =>
  Effect.fail(new Unavailable({ executed: "no", message }))

const tooFar = new Rejection({
  code: "invalid_request",
  status: 400,
  message: `The clock of a sandbox goes at most ${Duration.toDays(furthestAhead)} days ahead of the real time.`
})

/** Sets the clock further ahead, once that is written down: one advance after the other. */
const advancing = ({ clock, folder, sandbox }: Parts) => {
  const alone = Semaphore.makeUnsafe(1).withPermits(1)
  const further = Effect.fnUntraced(
    function* (by: () => Duration.Duration) {
      const ahead = Duration.sum(clock.ahead(), by())
      if (Duration.isGreaterThan(ahead, furthestAhead)) return yield* tooFar
      const known = Option.getOrElse(yield* readSandboxFile(folder), () => sandbox)
      yield* writeSandboxFile(folder, { ...known, clockAhead: Duration.toMillis(ahead) })
      yield* clock.setAhead(ahead)
    },
    Effect.catchTag("SandboxFileError", unwritten)
  )
  return (by: () => Duration.Duration) => Effect.uninterruptible(alone(further(by)))
}

type Advancing = ReturnType<typeof advancing>

const timeOf = (clock: SandboxClock) => ({
  now: new Date(clock.clock.currentTimeMillisUnsafe()).toISOString(),
  ahead_seconds: Math.round(Duration.toSeconds(clock.ahead()))
})

interface Parts {
  readonly folder: string
  readonly clock: SandboxClock
  readonly ledger: SandboxLedger
  readonly sandbox: SandboxFile
  readonly log: SandboxLog.SandboxLog
  readonly register: Context.Context<Registrar.Register | ReadModels.ReadModels | RegisterState | StateSeal>
}

const notDue = new Rejection({
  code: "invalid_request",
  status: 400,
  message: "No payment of this investment is due: it is not accepted, or it is paid or over."
})

/** The register looks for what is due at least so often. */
const looksEvery = Duration.hours(1)

const Deadline = Schema.Struct({ investment: Id.InvestmentId })

/** Sets the clock to when the payment of an investment is missed. */
const missing = ({ clock, register }: Parts, advance: Advancing) =>
  Effect.fnUntraced(function* (platform: Id.PlatformId, body: unknown) {
    const { investment } = yield* Schema.decodeUnknownEffect(Deadline)(body)
    const platformServices = Context.get(register, PlatformServices).forPlatform(platform)
    yield* Context.get(platformServices, Investments).get(investment)
    const models = Context.get(register, ReadModels.ReadModels)
    const state = yield* Effect.mapError(
      models.get(Projections.investments, investment),
      ({ message }) => new Unavailable({ executed: "no", message })
    )
    const due = state?.paymentDue ?? undefined
    if (due === undefined) return yield* notDue
    yield* advance(() => {
      const left = due / 1000 - clock.clock.currentTimeMillisUnsafe()
      return Duration.sum(Duration.millis(Math.max(0, Math.ceil(left))), looksEvery)
    })
    return timeOf(clock)
  })

const ToldLedger = Schema.Struct({ outcome: ToldOutcome, task: Schema.optionalKey(Schema.String) })

const inWebhooks = <A, E>(
  register: Parts["register"],
  work: Effect.Effect<A, E, WebhookStore.WebhookStore | SecureRandom.SecureRandom>
): Effect.Effect<A, E | Unavailable> =>
  Effect.provide(
    work,
    Layer.merge(
      Layer.catchTag(endpoints, "WebhookStoreError", (error) => Layer.effectContext(unwritten(error))),
      SecureRandom.layerWebCrypto
    )
  ).pipe(Effect.provideContext(register))

type Call = DistributionServer.SandboxCall

/** What is brought about by the services of the client's platform, and by those of the register. */
const inPlatform =
  (
    register: Parts["register"],
    bringAbout: (
      body: unknown
    ) => Effect.Effect<object, CommandFailure | Schema.SchemaError, Registrar.Register | PlatformService>
  ): Call["answer"] =>
  (platform, body) => {
    const services = Context.get(register, PlatformServices).forPlatform(platform)
    return Effect.provideContext(bringAbout(body), Context.merge(register, services))
  }

interface SandboxRoute extends Pick<Call, "method" | "path"> {
  /** What happens, for the guide. */
  readonly happens: string
  readonly answerIn: (parts: Parts, advance: Advancing) => Call["answer"]
}

/** All there is below `/sandbox/`. @category values */
export const sandboxRoutes: ReadonlyArray<SandboxRoute> = [
  {
    method: "GET",
    path: "/sandbox/clock/",
    happens: "Nothing: it says what time it is.",
    answerIn:
      ({ clock }) =>
      () =>
        Effect.sync(() => timeOf(clock))
  },
  {
    method: "POST",
    path: "/sandbox/clock/",
    happens: "The time `advance` passes: `14d`, `36h`, `90m`, `30s`.",
    answerIn:
      ({ clock }, advance) =>
      (_, body) =>
        Schema.decodeUnknownEffect(AdvanceClock)(body).pipe(
          Effect.flatMap((asked) => advance(() => Duration.millis(millisOf(asked.advance)))),
          Effect.map(() => timeOf(clock))
        )
  },
  ...triggers.map(({ bringAbout, happens, name }): SandboxRoute => ({
    method: "POST",
    path: `/sandbox/triggers/${name}/`,
    happens,
    answerIn: ({ register }) => inPlatform(register, bringAbout)
  })),
  {
    method: "POST",
    path: "/sandbox/triggers/ledger/",
    happens:
      "The ledger says `outcome` of the task `task` that is under way, or else of the next one: `succeeded`, `failed`, `unknown` or `delayed`.",
    answerIn:
      ({ ledger }) =>
      (_, body) =>
        Schema.decodeUnknownEffect(ToldLedger)(body).pipe(
          Effect.flatMap(({ outcome, task }) => Effect.as(ledger.tell(outcome, task), { outcome }))
        )
  },
  {
    method: "POST",
    path: "/sandbox/triggers/reversal/",
    happens:
      "The registrar undoes `change`, whose `kind` is `redemption`, `transfer`, or `credit` of that investment. Of a transfer it may be `units` alone. The ledger says `outcome` of it, if it is given.",
    answerIn: ({ ledger, register }) => inPlatform(register, reverse(ledger))
  },
  {
    method: "POST",
    path: "/sandbox/triggers/redemption/",
    happens:
      "The registrar redeems `units` in the wallet of `investment`, which is one in a crypto security: no platform can. The ledger says `outcome` of it, if it is given.",
    answerIn: ({ ledger, register }) => inPlatform(register, redeem(ledger))
  },
  {
    method: "POST",
    path: "/sandbox/triggers/transfer/",
    happens:
      "By order of a court `units` leave the wallet of `investment`, also a frozen one, for `target_address`. The ledger says `outcome` of it, if it is given.",
    answerIn: ({ ledger, register }) => inPlatform(register, force(ledger))
  },
  {
    method: "POST",
    path: "/sandbox/triggers/deadline/",
    happens: "The clock is set to an hour after the day on which `investment` had to be paid.",
    answerIn: missing
  },
  {
    method: "POST",
    path: "/sandbox/logs/",
    happens: "Nothing: it lists the last requests that were answered, those behind number `after` if it is given.",
    answerIn:
      ({ log }) =>
      (_, body) =>
        log.read(body)
  },
  {
    method: "POST",
    path: "/sandbox/webhooks/",
    happens: "What happens from now on is delivered to `port` of the sandbox's machine.",
    answerIn:
      ({ register }) =>
      (platform, body) =>
        inWebhooks(register, SandboxListening.begin(platform, body))
  },
  {
    method: "POST",
    path: "/sandbox/webhooks/removals/",
    happens: "Nothing more is delivered to the endpoint `id`.",
    answerIn:
      ({ register }) =>
      (platform, body) =>
        inWebhooks(register, SandboxListening.end(platform, body))
  }
]

/** @category constructors */
export const make = (given: Omit<Parts, "log">): DistributionServer.SandboxControl => {
  const parts = { ...given, log: SandboxLog.make() }
  const advance = advancing(parts)
  const { clock } = parts.clock
  return {
    clock,
    answered: parts.log.answered,
    calls: sandboxRoutes.map(({ answerIn, method, path }) => {
      const answer = answerIn(parts, advance)
      return {
        method,
        path,
        answer: (platform, body) => Effect.provideService(answer(platform, body), Clock.Clock, clock)
      }
    })
  }
}
