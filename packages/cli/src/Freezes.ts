/**
 * What `effekten freeze` and `effekten unfreeze` do. For the registrar's staff. No server may hold the folder meanwhile; in PostgreSQL the
 * nodes may run.
 */
import { type Basis, Id, Units } from "@effekten/domain"
import { Freezes } from "@effekten/services"
import { Console, Effect, Schema } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { explain, inRegister } from "./Forget.ts"
import { given } from "./Given.ts"
import type { Place } from "./Place.ts"

interface Decided {
  readonly wallet: string
  readonly basis: Basis.Basis
  readonly reference: string | undefined
  readonly note: string | undefined
  readonly key: string | undefined
}

const walletOf = given(Id.WalletId, "id of a wallet")
const productOf = given(Id.ProductId, "id of a product")
const isUnits = Schema.is(Units.Units)

const unitsOf = (units: number): Effect.Effect<Units.Units, CommandFailed> =>
  isUnits(units)
    ? Effect.succeed(units)
    : Effect.fail(new CommandFailed({ exitCode: ExitCode.usage, message: `${units} is no number of units: 1 or more` }))

const inputOf = ({ basis, note, reference }: Decided) => ({
  basis,
  ...(reference === undefined ? {} : { reference }),
  ...(note === undefined ? {} : { note })
})

const keyOf = ({ key }: Decided) => (key === undefined ? {} : { key })

/** @category commands */
export const runWallet = Effect.fnUntraced(function* (
  place: Place,
  does: "wallet" | "releaseWallet",
  decided: Decided
) {
  const wallet = yield* walletOf(decided.wallet)
  const work = Effect.flatMap(Freezes, (freezes) => freezes[does](wallet, inputOf(decided), keyOf(decided)))
  yield* inRegister(place, {}, Effect.mapError(work, explain))
  yield* Console.log(`${does === "wallet" ? "frozen" : "released"}: ${wallet}`)
})

/** @category commands */
export const runUnits = Effect.fnUntraced(function* (
  place: Place,
  does: "units" | "releaseUnits",
  decided: Decided & { readonly product: string; readonly units: number }
) {
  const wallet = yield* walletOf(decided.wallet)
  const productId = yield* productOf(decided.product)
  const input = { ...inputOf(decided), productId, units: yield* unitsOf(decided.units) }
  const work = Effect.flatMap(Freezes, (freezes) => freezes[does](wallet, input, keyOf(decided)))
  yield* inRegister(place, {}, Effect.mapError(work, explain))
  yield* Console.log(`${does === "units" ? "frozen" : "released"}: ${input.units} units in ${wallet}`)
})
