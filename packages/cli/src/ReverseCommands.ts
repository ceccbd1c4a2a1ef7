/**
 * `effekten reverse`: its arguments. For the command line.
 */
import { Basis } from "@effekten/domain"
import { ReversibleKind } from "@effekten/services"
import { Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

/** @category commands */
export const reverse = Command.make(
  "reverse",
  {
    kind: Argument.Literals("kind", ReversibleKind.literals).pipe(Argument.withDescription("What was entered")),
    change: Argument.String("ID").pipe(
      Argument.withDescription("Id of the redemption or the transfer; of a credit the investment's")
    ),
    units: Flag.Int("units").pipe(
      Flag.withDescription("Of a transfer: how many of its units; all that are left by default"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    ),
    basis: Flag.Literals("basis", Basis.Basis.literals).pipe(Flag.withDescription("By whose right (eWpG § 18(1))")),
    reference: text("reference", "Where the decision is filed; forgotten with the investor"),
    note: text("note", "What the person that decides notes; forgotten with the investor"),
    key: text("key", "Idempotency key: the same key again changes nothing more"),
    ...placeFlags
  },
  at(
    () => import("./Reverse.ts"),
    ({ runReverse }, place, flags) => runReverse(place, flags)
  )
).pipe(
  Command.withDescription(
    "Undo a wrong entry; it stays visible. A server that has the folder must be stopped; nodes over PostgreSQL go on"
  ),
  Command.withExamples([
    {
      command: "effekten reverse transfer 0190c2a4-0000-7000-8000-000000000000 --units 3 --basis court",
      description: "A court ordered that part of a transfer is undone"
    }
  ])
)
