/**
 * `effekten freeze` and `effekten unfreeze`: their arguments. For the command line.
 */
import { Basis } from "@effekten/domain"
import { Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const load = () => import("./Freezes.ts")

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

const decision = {
  wallet: Argument.String("wallet").pipe(Argument.withDescription("Id of the wallet")),
  basis: Flag.Literals("basis", Basis.Basis.literals).pipe(Flag.withDescription("By whose right (eWpG § 18(1))")),
  reference: text("reference", "Where the decision is filed; forgotten with the investor"),
  note: text("note", "What the person that decides notes; forgotten with the investor"),
  key: text("key", "Idempotency key: the same key again changes nothing more"),
  ...placeFlags
}

const ofUnits = {
  ...decision,
  product: Flag.String("product-id").pipe(Flag.withDescription("Id of the product")),
  units: Flag.Int("units").pipe(Flag.withDescription("How many units"))
}

const stopped = "A server that has the folder must be stopped; nodes over PostgreSQL go on"

/** @category commands */
export const freeze = Command.make("freeze").pipe(
  Command.withDescription("Freeze a wallet, or units in it: they do not leave it until they are released"),
  Command.withSubcommands([
    Command.make(
      "wallet",
      decision,
      at(load, ({ runWallet }, place, flags) => runWallet(place, "wallet", flags))
    ).pipe(
      Command.withDescription(`Freeze a wallet: nothing new leaves it. ${stopped}`),
      Command.withExamples([
        {
          command: 'effekten freeze wallet 0190c2a4-0000-7000-8000-000000000000 --basis court --reference "00 AB 1/26"',
          description: "A court ordered it"
        }
      ])
    ),
    Command.make(
      "units",
      ofUnits,
      at(load, ({ runUnits }, place, flags) => runUnits(place, "units", flags))
    ).pipe(Command.withDescription(`Freeze free units of a product in a wallet. ${stopped}`))
  ])
)

/** @category commands */
export const unfreeze = Command.make("unfreeze").pipe(
  Command.withDescription("Release a frozen wallet, or frozen units in one"),
  Command.withSubcommands([
    Command.make(
      "wallet",
      decision,
      at(load, ({ runWallet }, place, flags) => runWallet(place, "releaseWallet", flags))
    ).pipe(Command.withDescription(`Release a frozen wallet; frozen units in it stay so. ${stopped}`)),
    Command.make(
      "units",
      ofUnits,
      at(load, ({ runUnits }, place, flags) => runUnits(place, "releaseUnits", flags))
    ).pipe(Command.withDescription(`Release some or all of the frozen units of a product in a wallet. ${stopped}`))
  ])
)
