/**
 * What a developer may bring about in a sandbox: the routes below `/sandbox/`. For `serve --sandbox`, which alone may hand them to a server.
 */
import type { DistributionServer } from "@effekten/http"
import { Rejection, Unavailable } from "@effekten/services"
import { Duration, Effect, Option, Schema, Semaphore } from "effect"
import { furthestAhead, type SandboxClock } from "./SandboxClock.ts"
import { readSandboxFile, type SandboxFile, type SandboxFileError, writeSandboxFile } from "./SandboxFile.ts"

const unitsOfTime = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 } as const

/** `14d`, `36h`, `90m` or `30s`. @category schemas */
export const Advance = Schema.String.check(
  Schema.isPattern(/^[1-9][0-9]{0,8}[dhms]$/, { expected: "a number with d, h, m or s behind it: 14d" })
)

const millisOf = (advance: string): number =>
  Number(advance.slice(0, -1)) * unitsOfTime[advance.slice(-1) as keyof typeof unitsOfTime]

const AdvanceClock = Schema.Struct({ advance: Advance })

const unwritten = ({ message }: SandboxFileError) => Effect.fail(new Unavailable({ executed: "no", message }))

const tooFar = new Rejection({
  code: "invalid_request",
  status: 400,
  message: `The clock of a sandbox goes at most ${Duration.toDays(furthestAhead)} days ahead of the real time.`
})

/** Sets the clock further ahead, once that is written down: one advance after the other. */
const advancing = (folder: string, clock: SandboxClock, sandbox: SandboxFile) => {
  const alone = Semaphore.makeUnsafe(1).withPermits(1)
  const further = Effect.fnUntraced(
    function* (by: number) {
      const ahead = Duration.sum(clock.ahead(), Duration.millis(by))
      if (Duration.isGreaterThan(ahead, furthestAhead)) return yield* tooFar
      const known = Option.getOrElse(yield* readSandboxFile(folder), () => sandbox)
      yield* writeSandboxFile(folder, { ...known, clockAhead: Duration.toMillis(ahead) })
      yield* clock.setAhead(ahead)
    },
    Effect.catchTag("SandboxFileError", unwritten)
  )
  return Effect.fnUntraced(function* (body: unknown) {
    const { advance } = yield* Schema.decodeUnknownEffect(AdvanceClock)(body)
    yield* Effect.uninterruptible(alone(further(millisOf(advance))))
    return timeOf(clock)
  })
}

const timeOf = (clock: SandboxClock) => ({
  now: new Date(clock.clock.currentTimeMillisUnsafe()).toISOString(),
  ahead_seconds: Math.round(Duration.toSeconds(clock.ahead()))
})

interface Parts {
  readonly folder: string
  readonly clock: SandboxClock
  readonly sandbox: SandboxFile
}

type Call = DistributionServer.SandboxCall

interface SandboxRoute extends Pick<Call, "method" | "path"> {
  readonly answerIn: (parts: Parts) => Call["answer"]
}

/** All there is below `/sandbox/`. @category values */
export const sandboxRoutes: ReadonlyArray<SandboxRoute> = [
  {
    method: "GET",
    path: "/sandbox/clock/",
    answerIn:
      ({ clock }) =>
      () =>
        Effect.sync(() => timeOf(clock))
  },
  {
    method: "POST",
    path: "/sandbox/clock/",
    answerIn: ({ clock, folder, sandbox }) => {
      const advance = advancing(folder, clock, sandbox)
      return (_, body) => advance(body)
    }
  }
]

/** @category constructors */
export const make = (parts: Parts): DistributionServer.SandboxControl => ({
  clock: parts.clock.clock,
  calls: sandboxRoutes.map(({ answerIn, method, path }) => ({ method, path, answer: answerIn(parts) }))
})
