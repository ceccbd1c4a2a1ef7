/**
 * The arguments of `effekten forget`, `disclose`, `hold`, `release` and `retention`, for the data of investors. For the command line.
 */
import { Events } from "@effekten/domain"
import { Config, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const grounds = [
  "request",
  "retention_over",
  "unlawful",
  "legal_duty"
] as const satisfies ReadonlyArray<Events.ErasureGround>
const bases = [
  "legal_claims",
  "authority_order",
  "tax_assessment",
  "subject_request"
] as const satisfies ReadonlyArray<Events.HoldBasis>

const investor = Argument.String("investor").pipe(Argument.withDescription("Id of the investor"))

/** `--retention YEARS`: so many whole calendar years. @category values */
export const retentionFlag = (description: string) =>
  Flag.Int("retention").pipe(
    Flag.withMetavar("YEARS"),
    Flag.withDescription(description),
    Flag.filter(
      (years) => years >= Events.leastRetention && years <= Events.longestRetention,
      (years) => `Expected ${Events.leastRetention} to ${Events.longestRetention} years, got: ${years}`
    )
  )

/** `--retention YEARS`, else `EFFEKTEN_RETENTION`; without either, what the register's policy says. @category values */
export const retentionYears = retentionFlag(
  "Calendar years the data are kept, 5 to 10 (GwG § 8(4)): the register's first policy, later only a repetition of it; by default what the policy says (environment: EFFEKTEN_RETENTION)"
).pipe(Flag.withFallbackConfig(Config.Int("EFFEKTEN_RETENTION")), Flag.optional, Flag.map(Option.getOrUndefined))

/** `--believe-clock INSTANT`. Not from the environment: a word that was given once must not be given again by itself. @category values */
export const believeClock = Flag.String("believe-clock").pipe(
  Flag.withMetavar("INSTANT"),
  Flag.withDescription(
    "Your word that it is about this instant, to within a day: for a clock that is right and seems to be far ahead"
  ),
  Flag.optional
)

/** @category commands */
export const forget = Command.make(
  "forget",
  {
    investor,
    ground: Flag.Literals("ground", grounds).pipe(
      Flag.withDescription("Why; request by default"),
      Flag.withDefault("request" as const)
    ),
    retention: retentionYears,
    believeClock,
    ...placeFlags
  },
  at(
    () => import("./Forget.ts"),
    ({ runForget }, place, flags) =>
      runForget(place, { ...flags, believeClock: Option.getOrUndefined(flags.believeClock) })
  )
).pipe(
  Command.withDescription(
    "Forget an investor for good: their data, and the documents that no other investor has. A server in the folder must be stopped. Refused while they hold units or have open subscriptions, a legal hold stands, or the data must be kept"
  ),
  Command.withExamples([
    { command: "effekten forget 0190c2a4-0000-7000-8000-000000000000", description: "They asked for it" },
    {
      command: "effekten forget 0190c2a4-0000-7000-8000-000000000000 --ground retention_over",
      description: "The data may not be kept any longer"
    }
  ])
)

/** @category commands */
export const disclose = Command.make(
  "disclose",
  { investor, ...placeFlags },
  at(
    () => import("./Forget.ts"),
    ({ runDisclose }, place, flags) => runDisclose(place, flags)
  )
).pipe(
  Command.withDescription(
    "Print everything personal the register holds of an investor, as JSON. A server in the folder must be stopped"
  )
)

/** @category commands */
export const hold = Command.make(
  "hold",
  {
    investor,
    basis: Flag.Literals("basis", bases).pipe(Flag.withDescription("Why the data must be kept")),
    until: Flag.String("until").pipe(
      Flag.withMetavar("INSTANT"),
      Flag.withDescription(
        "When it ends by itself, for example 2030-01-01T00:00:00+01:00; by default it ends when it is released"
      ),
      Flag.optional
    ),
    ...placeFlags
  },
  at(
    () => import("./Holds.ts"),
    ({ runHold }, place, flags) => runHold(place, { ...flags, until: Option.getOrUndefined(flags.until) })
  )
).pipe(
  Command.withDescription(
    "Place a legal hold: while it stands the investor cannot be erased. Prints its id. A server in the folder must be stopped"
  ),
  Command.withExamples([
    {
      command: "effekten hold 0190c2a4-0000-7000-8000-000000000000 --basis authority_order",
      description: "A court wants the data kept"
    },
    {
      command:
        "effekten hold 0190c2a4-0000-7000-8000-000000000000 --basis tax_assessment --until 2034-01-01T00:00:00+01:00",
      description: "It ends at a known instant"
    }
  ])
)

/** @category commands */
export const release = Command.make(
  "release",
  {
    investor,
    hold: Argument.String("hold").pipe(Argument.withDescription("Id of the hold, as `hold` and `retention` print it")),
    ...placeFlags
  },
  at(
    () => import("./Holds.ts"),
    ({ runRelease }, place, flags) => runRelease(place, flags)
  )
).pipe(Command.withDescription("Release a legal hold. A server in the folder must be stopped"))

/** @category commands */
export const retention = Command.make(
  "retention",
  {
    retention: retentionFlag(
      "As if data were kept for so many calendar years, 5 to 10; by default what the policy says (environment: EFFEKTEN_RETENTION)"
    ).pipe(Flag.withFallbackConfig(Config.Int("EFFEKTEN_RETENTION")), Flag.optional, Flag.map(Option.getOrUndefined)),
    limit: Flag.Int("limit").pipe(
      Flag.withDescription("Investors to print, 1 to 500; 50 by default"),
      Flag.withDefault(50),
      Flag.filter(
        (limit) => limit >= 1 && limit <= 500,
        (limit) => `Expected 1 to 500, got: ${limit}`
      )
    ),
    after: Flag.String("after").pipe(
      Flag.withMetavar("INVESTOR"),
      Flag.withDescription("Go on after this investor, the last of the page before"),
      Flag.optional
    ),
    ...placeFlags,
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))
  },
  at(
    () => import("./RetentionList.ts"),
    ({ runRetention }, place, flags) => runRetention(place, { ...flags, after: Option.getOrUndefined(flags.after) })
  )
).pipe(
  Command.withDescription(
    "Print when each investor is to be erased, the soonest first, and every legal hold, of a register served or not. Changes nothing"
  ),
  Command.withExamples([
    { command: "effekten retention", description: "The register in .effekten" },
    {
      command: "effekten retention --retention 8 --limit 500 --json",
      description: "What it would be if data were kept for eight years"
    }
  ])
)
