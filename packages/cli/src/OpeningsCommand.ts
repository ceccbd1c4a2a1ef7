/**
 * `effekten openings`: its arguments. For the command line.
 */
import { Id } from "@effekten/domain"
import { DateTime, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const instantOf = DateTime.make

/** @category commands */
export const openings = Command.make(
  "openings",
  {
    investor: Flag.String("investor").pipe(
      Flag.withMetavar("ID"),
      Flag.withDescription("Only openings of this investor's data"),
      Flag.filter(Schema.is(Id.InvestorId), (text) => `${JSON.stringify(text)} is no id of an investor`),
      Flag.optional
    ),
    document: Flag.String("document").pipe(
      Flag.withMetavar("ID"),
      Flag.withDescription("Only openings of this document's data"),
      Flag.filter(Schema.is(Id.DocumentId), (text) => `${JSON.stringify(text)} is no id of a document`),
      Flag.optional
    ),
    since: Flag.String("since").pipe(
      Flag.withMetavar("INSTANT"),
      Flag.withDescription("Only those recorded then or later: 2026-01-31, or 2026-01-31T12:00:00Z"),
      Flag.filter(
        (text) => Option.isSome(instantOf(text)),
        (text) => `Expected a date or an instant (ISO 8601), got: ${text}`
      ),
      Flag.optional
    ),
    ...placeFlags,
    json: Flag.Boolean("json").pipe(Flag.withDescription("Print a line of JSON for each"), Flag.withDefault(false))
  },
  at(
    () => import("./Openings.ts"),
    ({ runOpenings }, place, { document, investor, json, since }) =>
      runOpenings(place, {
        json,
        investor: Option.getOrUndefined(investor),
        document: Option.getOrUndefined(document),
        since: Option.getOrUndefined(Option.flatMap(since, instantOf))
      })
  )
).pipe(
  Command.withDescription(
    "Print which actor opened whose personal data, when and for what; beside a running server too"
  ),
  Command.withExamples([
    { command: "effekten openings --since 2026-01-01", description: "Everything recorded this year" },
    {
      command: "effekten openings --investor 0190c2a4-0000-7000-8000-000000000000 --json",
      description: "Of one investor, for a program"
    }
  ])
)
