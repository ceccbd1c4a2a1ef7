/**
 * What `effekten redeem` and `effekten transfer` do. For the registrar's staff. No server may hold the folder meanwhile; in PostgreSQL the
 * nodes may run.
 */
import { type Basis, EthereumAddress, Id, Units } from "@effekten/domain"
import { type Api, RegistrarTasks, type RegistrarTaskKind } from "@effekten/services"
import { Console, Effect, Schema } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { explain, inRegister } from "./Forget.ts"
import { given } from "./Given.ts"
import type { Place } from "./Place.ts"

interface Instructed {
  readonly wallet: string
  readonly product: string
  readonly units: number
  readonly basis: Basis.Basis
  readonly reference: string | undefined
  readonly note: string | undefined
  readonly key: string | undefined
}

const walletOf = given(Id.WalletId, "id of a wallet")
const productOf = given(Id.ProductId, "id of a product")
const addressOf = given(EthereumAddress.Written, "address of a wallet")
const isUnits = Schema.is(Units.Units)

const inputOf = Effect.fnUntraced(function* ({ basis, note, product, reference, units }: Instructed) {
  const productId = yield* productOf(product)
  if (!isUnits(units))
    return yield* new CommandFailed({ exitCode: ExitCode.usage, message: `${units} is no number of units: 1 or more` })
  const filed = { ...(reference === undefined ? {} : { reference }), ...(note === undefined ? {} : { note }) }
  return { productId, units, basis, ...filed }
})

const keyOf = ({ key }: Instructed) => (key === undefined ? {} : { key })

/** The answer to the request tells of no outcome, and waits for it. */
const told = Effect.fnUntraced(function* (kind: RegistrarTaskKind, { id }: Api.RegistrarTask) {
  const { status, units, walletId } = yield* (yield* RegistrarTasks).get(kind, id)
  yield* Console.log(`${status}: ${kind} ${id} of ${units} units in ${walletId}`)
})

/** @category commands */
export const runRedeem = Effect.fnUntraced(function* (place: Place, instructed: Instructed) {
  const wallet = yield* walletOf(instructed.wallet)
  const input = yield* inputOf(instructed)
  const work = Effect.gen(function* () {
    const made = yield* (yield* RegistrarTasks).redeem(wallet, input, keyOf(instructed))
    yield* told("redemption", made)
  })
  yield* inRegister(place, {}, Effect.mapError(work, explain))
})

/** @category commands */
export const runTransfer = Effect.fnUntraced(function* (
  place: Place,
  instructed: Instructed & { readonly to: string }
) {
  const wallet = yield* walletOf(instructed.wallet)
  const input = { ...(yield* inputOf(instructed)), targetAddress: yield* addressOf(instructed.to) }
  const work = Effect.gen(function* () {
    const made = yield* (yield* RegistrarTasks).transfer(wallet, input, keyOf(instructed))
    yield* told("transfer", made)
  })
  yield* inRegister(place, {}, Effect.mapError(work, explain))
})
