/**
 * `effekten decide`: what only a person at the registrar decides. Its arguments, for the command line.
 */
import { Events, TaskStatus } from "@effekten/domain"
import { Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { decideInvestment } from "./DecideInvestmentCommands.ts"
import { at, placeFlags } from "./PlaceFlags.ts"

const id = (name: string, what: string) => Argument.String(name).pipe(Argument.withDescription(`Id of the ${what}`))

const stopped = "A server in the folder must be stopped; nodes over PostgreSQL go on"

const note = Flag.FileText("note").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("A text file for the file of the person. It is disclosed to them, and forgotten with them"),
  Flag.optional,
  Flag.map(Option.getOrUndefined)
)

const ofInvestor = { investor: id("investor", "investor"), note, ...placeFlags }

const approve = Command.make(
  "approve",
  {
    ...ofInvestor,
    reason: Flag.Literals("reason", Events.KycApproval.literals).pipe(
      Flag.withDescription("Why; nothing_found by default"),
      Flag.withDefault("nothing_found" as const)
    )
  },
  at(
    () => import("./DecideInvestor.ts"),
    ({ runDecideInvestor }, place, flags) => runDecideInvestor(place, flags)
  )
).pipe(
  Command.withDescription(`Approve an investor under review: what waits for the identification goes on. ${stopped}`)
)

const refuse = Command.make(
  "refuse",
  {
    ...ofInvestor,
    reason: Flag.Literals("reason", Events.KycRefusal.literals).pipe(Flag.withDescription("Why"))
  },
  at(
    () => import("./DecideInvestor.ts"),
    ({ runDecideInvestor }, place, flags) => runDecideInvestor(place, flags)
  )
).pipe(
  Command.withDescription(`Refuse an investor: what waits for the identification ends as KYC_INSUFFICIENT. ${stopped}`)
)

const list = Command.make(
  "list",
  {
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print the result as JSON"), Flag.withDefault(false)),
    ...placeFlags
  },
  at(
    () => import("./DecideInvestor.ts"),
    ({ runReviews }, place, flags) => runReviews(place, flags)
  )
).pipe(Command.withDescription(`Print the investors that wait for a decision, the longest waiting first. ${stopped}`))

const investor = Command.make("investor").pipe(
  Command.withDescription("Approve or refuse an investor, and list those that wait for it"),
  Command.withSubcommands([approve, refuse, list])
)

const task = Command.make(
  "task",
  {
    kind: Argument.String("kind").pipe(Argument.withDescription("The kind of task: credit, for example")),
    ids: Argument.String("ID").pipe(
      Argument.withDescription("The ids in its path: of a credit the investment's, and then its own"),
      Argument.atLeast(1)
    ),
    outcome: Flag.Literals("outcome", TaskStatus.FinalOutcome.literals).pipe(
      Flag.withDescription("What became of it at the ledger")
    ),
    ...placeFlags
  },
  at(
    () => import("./DecideTask.ts"),
    ({ runDecideTask }, place, flags) => runDecideTask(place, flags)
  )
).pipe(Command.withDescription(`Say what became of a task of the ledger whose outcome is unknown. ${stopped}`))

/** @category commands */
export const decide = Command.make("decide").pipe(
  Command.withDescription(
    "Take a decision that is a person's: about an investor, an investment, or a task whose outcome is unknown"
  ),
  Command.withSubcommands([investor, decideInvestment, task]),
  Command.withExamples([
    {
      command: "effekten decide investor approve 0190c2a4-0000-7000-8000-000000000000 --reason management_agreed",
      description: "A politically exposed person may invest"
    },
    {
      command:
        "effekten decide task credit 0190c2a4-0000-7000-8000-000000000000 0190c2a4-0000-7000-8000-000000000001 --outcome failed",
      description: "The ledger has not added the units: a new credit may be asked for"
    },
    {
      command: "effekten decide investment cancel 0190c2a4-0000-7000-8000-000000000000 --late",
      description: "The investor cancelled after the period, and the registrar enters it all the same"
    }
  ])
)
