/**
 * `effekten statement`: its arguments. For the command line.
 */
import { Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const load = () => import("./Statements.ts")

const common = {
  investment: Argument.String("INVESTMENT_ID").pipe(Argument.withDescription("Id of the investment")),
  json: Flag.Boolean("json").pipe(Flag.withDescription("Print JSON, as the API answers"), Flag.withDefault(false)),
  ...placeFlags
}

const stopped = "A server that has the folder must be stopped; nodes over PostgreSQL go on"

const list = Command.make(
  "list",
  common,
  at(load, ({ runStatementList }, place, flags) => runStatementList(place, flags))
).pipe(Command.withDescription(`Print which statements were issued about an investment, oldest first. ${stopped}`))

const show = Command.make(
  "show",
  {
    ...common,
    statement: Argument.String("STATEMENT_ID").pipe(Argument.withDescription("Id of the statement")),
    proof: Flag.String("proof").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Also write the proof that it stands in the log to a new file, as JSON"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    )
  },
  at(load, ({ runStatementShow }, place, flags) => runStatementShow(place, flags))
).pipe(
  Command.withDescription(`Print what a statement says, in the bytes that it always had. ${stopped}`),
  Command.withExamples([
    {
      command:
        "effekten statement show 0190c2a4-0000-7000-8000-000000000000 0190c2a4-0000-7000-8000-000000000001 --proof proof.json",
      description: "The text, and its proof for the investor"
    }
  ])
)

const make = Command.make(
  "make",
  {
    ...common,
    key: Flag.String("key").pipe(
      Flag.withDescription("Idempotency key: the same key again issues nothing more"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    )
  },
  at(load, ({ runStatementMake }, place, flags) => runStatementMake(place, flags))
).pipe(Command.withDescription(`Issue one more statement, that tells the register as it is now. ${stopped}`))

/** @category commands */
export const statement = Command.make("statement").pipe(
  Command.withDescription("Statements of the register about an investment in a crypto security (eWpG § 19)"),
  Command.withSubcommands([list, show, make])
)
