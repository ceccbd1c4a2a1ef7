/**
 * `effekten decide investment`: its arguments. For the command line.
 */
import { Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const load = () => import("./DecideInvestment.ts")

const stopped = "A server in the folder must be stopped; nodes over PostgreSQL go on"

const named = {
  investment: Argument.String("investment").pipe(Argument.withDescription("Id of the investment")),
  ...placeFlags
}

const acceptReview = Command.make(
  "accept-review",
  named,
  at(load, ({ runDecideReview }, place, flags) => runDecideReview(place, flags, "passed"))
).pipe(Command.withDescription(`The outside review is passed: the subscription goes on. ${stopped}`))

const refuseReview = Command.make(
  "refuse-review",
  named,
  at(load, ({ runDecideReview }, place, flags) => runDecideReview(place, flags, "refused"))
).pipe(Command.withDescription(`The outside review is not passed: the subscription ends as REJECTION. ${stopped}`))

const reject = Command.make(
  "reject",
  named,
  at(load, ({ runReject }, place, flags) => runReject(place, flags))
).pipe(Command.withDescription(`The issuer refuses the order instead of accepting it. ${stopped}`))

const cancel = Command.make(
  "cancel",
  {
    ...named,
    late: Flag.Boolean("late").pipe(
      Flag.withDescription("Also when the cancellation period is over, or none is granted"),
      Flag.withDefault(false)
    ),
    cancelledAt: Flag.String("cancelled-at").pipe(
      Flag.withMetavar("INSTANT"),
      Flag.withDescription("When the investor declared it; now by default"),
      Flag.optional,
      Flag.map(Option.getOrUndefined)
    )
  },
  at(load, ({ runCancel }, place, flags) => runCancel(place, flags))
).pipe(
  Command.withDescription(
    `Cancel for the investor. Units that were delivered stay theirs, and can no longer be redeemed. ${stopped}`
  )
)

/** @category commands */
export const decideInvestment = Command.make("investment").pipe(
  Command.withDescription("Decide an outside review, reject an order, or cancel for the investor"),
  Command.withSubcommands([acceptReview, refuseReview, reject, cancel])
)
