/**
 * `effekten redeem` and `effekten transfer`: their arguments. For the command line.
 */
import { Basis } from "@effekten/domain"
import { Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { at, placeFlags } from "./PlaceFlags.ts"

const load = () => import("./RegistrarTasks.ts")

const text = (name: string, description: string) =>
  Flag.String(name).pipe(Flag.withDescription(description), Flag.optional, Flag.map(Option.getOrUndefined))

const instructed = {
  wallet: Argument.String("wallet").pipe(Argument.withDescription("Id of the wallet that the units are in")),
  product: Flag.String("product-id").pipe(Flag.withDescription("Id of the product")),
  units: Flag.Int("units").pipe(Flag.withDescription("How many units, the oldest free ones")),
  basis: Flag.Literals("basis", Basis.Basis.literals).pipe(Flag.withDescription("By whose right (eWpG § 18(1))")),
  reference: text("reference", "Where the decision is filed; forgotten with the investor"),
  note: text("note", "What the person that decides notes; forgotten with the investor"),
  key: text("key", "Idempotency key: the same key again changes nothing more"),
  ...placeFlags
}

const stopped = "A server that has the folder must be stopped; nodes over PostgreSQL go on"
const example = "0190c2a4-0000-7000-8000-000000000000"

/** @category commands */
export const redeem = Command.make(
  "redeem",
  instructed,
  at(load, ({ runRedeem }, place, flags) => runRedeem(place, flags))
).pipe(
  Command.withDescription(`Redeem crypto securities, which no platform can (eWpG § 29). ${stopped}`),
  Command.withExamples([
    {
      command: `effekten redeem ${example} --product-id ${example} --units 300 --basis statute`,
      description: "The bond is due, and the issuer has paid"
    }
  ])
)

/** @category commands */
export const transfer = Command.make(
  "transfer",
  {
    ...instructed,
    to: Flag.String("to").pipe(Flag.withDescription("Address of the wallet that gets them, on any platform"))
  },
  at(load, ({ runTransfer }, place, flags) => runTransfer(place, flags))
).pipe(
  Command.withDescription(`Move units without their holder, also out of a frozen wallet; no frozen units. ${stopped}`),
  Command.withExamples([
    {
      command: `effekten transfer ${example} --product-id ${example} --to 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed --units 3 --basis court`,
      description: "A court ordered it"
    }
  ])
)
