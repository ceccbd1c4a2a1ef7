/**
 * What `effekten reverse` does. For the registrar's staff. No server may hold the folder meanwhile; in PostgreSQL the nodes may run.
 */
import { type Basis, Units } from "@effekten/domain"
import { Reversals, ReversibleId, type ReversibleKind } from "@effekten/services"
import { Console, Effect, Schema } from "effect"
import { CommandFailed, ExitCode } from "./ExitCode.ts"
import { explain, inRegister } from "./Forget.ts"
import { given } from "./Given.ts"
import type { Place } from "./Place.ts"

const idOf = given(ReversibleId, "id of a change")
const isUnits = Schema.is(Units.Units)

/** @category commands */
export const runReverse = Effect.fnUntraced(function* (
  place: Place,
  options: {
    readonly kind: ReversibleKind
    readonly change: string
    /** Of a transfer: how many of its units. */
    readonly units: number | undefined
    readonly basis: Basis.Basis
    readonly reference: string | undefined
    readonly note: string | undefined
    readonly key: string | undefined
  }
) {
  const { basis, key, kind, note, reference, units } = options
  const change = yield* idOf(options.change)
  if (units !== undefined && !isUnits(units))
    return yield* new CommandFailed({ exitCode: ExitCode.usage, message: `${units} is no number of units: 1 or more` })
  const input = {
    basis,
    ...(units === undefined ? {} : { units }),
    ...(reference === undefined ? {} : { reference }),
    ...(note === undefined ? {} : { note })
  }
  const work = Effect.gen(function* () {
    const reversals = yield* Reversals
    const { id } = yield* reversals.request(kind, change, input, key === undefined ? {} : { key })
    // The answer to the request tells of no outcome, and waits for it.
    const { status } = yield* reversals.get(kind, change, id)
    yield* Console.log(`${status}: reversal ${id} of ${kind} ${change}`)
  })
  yield* inRegister(place, {}, Effect.mapError(work, explain))
})
