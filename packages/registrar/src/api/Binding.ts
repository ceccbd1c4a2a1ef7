/**
 * Implemented resources, bound to any of the parties that call them: a platform, or an issuer. For {@link Implement}.
 */
import type { CommandFailure, PartyId, Receipt, Repeated } from "@effekten/services"
import { Context, Effect } from "effect"
import type { Instructing } from "./Intake.ts"

/** What of an implementation is bound. */
interface Bindable {
  readonly key: string
  readonly bind: (instructing: Instructing) => unknown
  readonly repeat: (instructing: Instructing, repeated: Repeated) => Effect.Effect<Receipt | undefined, CommandFailure>
}

/** Parties whose services are kept; with one more, those of the party first kept are made again. */
const keptParties = 1_000

/** @category constructors */
export const binding = <Id extends PartyId, Service>(
  implementations: ReadonlyArray<Bindable>,
  instructing: (id: Id) => Instructing
) => {
  const byKey = new Map(implementations.map((implementation) => [implementation.key, implementation]))
  const kept = new Map<Id, Context.Context<Service>>()
  const make = (id: Id) => {
    const made = Context.makeUnsafe<Service>(
      new Map(implementations.map(({ bind, key }) => [key, bind(instructing(id))]))
    )
    if (kept.size === keptParties) kept.delete(kept.keys().next().value!)
    kept.set(id, made)
    return made
  }
  return {
    of: (id: Id): Context.Context<Service> => kept.get(id) ?? make(id),
    repeat: (id: Id, repeated: Repeated): Effect.Effect<Receipt | undefined, CommandFailure> =>
      byKey.get(repeated.service)?.repeat(instructing(id), repeated) ?? Effect.undefined
  }
}
