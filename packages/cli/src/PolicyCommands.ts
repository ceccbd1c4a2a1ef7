/**
 * `effekten policy`: its arguments. For the command line.
 */
import { Events } from "@effekten/domain"
import { Option } from "effect"
import { Command, Flag } from "effect/cli"
import { retentionFlag } from "./InvestorCommands.ts"
import { at, placeFlags } from "./PlaceFlags.ts"

const load = () => import("./PolicyInForce.ts")

const json = Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false))

const show = Command.make(
  "show",
  { ...placeFlags, json },
  at(load, ({ runPolicyShow }, place, flags) => runPolicyShow(place, flags))
).pipe(Command.withDescription("Print the policy that is in force, of a register served or not. Changes nothing"))

const yesOrNo = (name: string, description: string) =>
  Flag.Literals(name, ["yes", "no"] as const).pipe(
    Flag.withDescription(description),
    Flag.map((answer) => answer === "yes"),
    Flag.optional
  )

const set = Command.make(
  "set",
  {
    retention: retentionFlag("Calendar years the data of investors are kept, 5 to 10 (GwG § 8(4))").pipe(Flag.optional),
    walletNeedsKyc: yesOrNo("wallet-needs-kyc", "Whether a wallet needs an investor that is identified successfully"),
    walletNeedsTaxInformation: yesOrNo(
      "wallet-needs-tax-information",
      "Whether a wallet needs complete tax information, but for custodian banks"
    ),
    clockTolerance: Flag.Int("clock-tolerance").pipe(
      Flag.withMetavar("SECONDS"),
      Flag.withDescription("How far a timestamp may lie ahead of the moment of receipt"),
      Flag.filter(
        (seconds) => seconds >= 0 && seconds * 1_000_000 <= Events.longestClockTolerance,
        (seconds) => `Expected 0 to ${Events.longestClockTolerance / 1_000_000} seconds, got: ${seconds}`
      ),
      Flag.map((seconds) => seconds * 1_000_000),
      Flag.optional
    ),
    ...placeFlags
  },
  at(load, ({ runPolicySet }, place, flags) =>
    runPolicySet(place, {
      ...Option.match(flags.retention, { onNone: () => ({}), onSome: (years) => ({ retention: { years } }) }),
      ...Option.match(flags.walletNeedsKyc, { onNone: () => ({}), onSome: (walletNeedsKyc) => ({ walletNeedsKyc }) }),
      ...Option.match(flags.walletNeedsTaxInformation, {
        onNone: () => ({}),
        onSome: (walletNeedsTaxInformation) => ({ walletNeedsTaxInformation })
      }),
      ...Option.match(flags.clockTolerance, { onNone: () => ({}), onSome: (clockTolerance) => ({ clockTolerance }) })
    })
  )
).pipe(
  Command.withDescription(
    "Change the policy from now on; what is not named stays as it is. A server in the folder must be stopped"
  ),
  Command.withExamples([
    { command: "effekten policy set --retention 8", description: "The data are books or vouchers, too" },
    { command: "effekten policy set --wallet-needs-tax-information yes", description: "Demand it from now on" }
  ])
)

/** @category commands */
export const policy = Command.make("policy").pipe(
  Command.withDescription("What the law leaves to the register. The log has it, and every decision goes by it"),
  Command.withSubcommands([show, set])
)
