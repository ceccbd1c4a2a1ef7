/**
 * `effekten simulate`: its arguments. For the command line.
 */
import { Command, Flag } from "effect/cli"
import { Effect } from "effect"

/** @category commands */
export const simulate = Command.make(
  "simulate",
  {
    seed: Flag.Int("seed").pipe(
      Flag.withDescription("The first seed; one drawn by the clock otherwise"),
      Flag.optional
    ),
    minutes: Flag.Int("minutes").pipe(
      Flag.withDescription("For how long one seed follows another; one seed alone otherwise"),
      Flag.optional
    ),
    plan: Flag.String("plan").pipe(
      Flag.withDescription("A file with the plan of a run, instead of seeds"),
      Flag.optional
    ),
    http: Flag.Boolean("http").pipe(
      Flag.withDescription("Platforms call over HTTP, by the real client and the real server"),
      Flag.withDefault(false)
    ),
    domain: Flag.Boolean("domain").pipe(
      Flag.withDescription("Decisions alone, without faults, beside the second model: some twenty times as many"),
      Flag.withDefault(false)
    ),
    sqlite: Flag.Boolean("sqlite").pipe(
      Flag.withDescription("One process over the real stores on SQLite, in files that go with the run"),
      Flag.withDefault(false)
    ),
    checkDeterminism: Flag.Boolean("check-determinism").pipe(
      Flag.withDescription("Run each plan twice, and name the first difference"),
      Flag.withDefault(false)
    )
  },
  (flags) =>
    Effect.flatMap(
      Effect.promise(() => import("./Simulate.ts")),
      ({ runSimulate }) => runSimulate(flags)
    )
).pipe(
  Command.withDescription(
    "Run a whole register under faults, on virtual time, and hold it to its promises; no register is opened"
  ),
  Command.withExamples([
    { command: "effekten simulate --seed 18", description: "One run" },
    { command: "effekten simulate --minutes 60", description: "As many as an hour takes" },
    { command: "effekten simulate --domain --minutes 5", description: "Decisions alone, millions of them" },
    { command: "effekten simulate --plan .effekten/sim/18.json", description: "A plan that was kept" }
  ])
)
