/**
 * A store whose faults a test switches on, and what a caller was told. For the tests of faults.
 */
import { type Commands, Id } from "@effekten/domain"
import { EventStoreError } from "@effekten/event-store"
import type { Answered } from "@effekten/registrar"
import type { CommandFailure } from "@effekten/services"
import { Effect, Result, Stream } from "effect"
import { type LogShape, type Wrap } from "./parts.ts"

export const uuid = (n: number) => `0198c0de-0000-7000-8000-${String(n).padStart(12, "0")}`

export const registering = (n: number, name = "Plattform"): Commands.Command =>
  ({ operation: "RegisterPlatform", input: { platformId: Id.PlatformId.make(uuid(n)), name } }) as Commands.Command

export const fault = (reason: EventStoreError["reason"]) =>
  new EventStoreError({ reason, message: `a fault: ${reason}` })

/** A store whose faults the test switches on. */
export const faulty = () => {
  const faults = {
    before: undefined as EventStoreError["reason"] | undefined,
    after: false,
    reads: false,
    exclusive: true
  }
  const append = <A, E>(real: Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | EventStoreError> => {
      if (faults.before !== undefined) return Effect.fail(fault(faults.before))
      return faults.after ? Effect.andThen(real, Effect.fail(fault("unknown"))) : real
    })
  const read = <A, E>(real: Effect.Effect<A, E>) =>
    Effect.suspend((): Effect.Effect<A, E | EventStoreError> =>
      faults.reads ? Effect.fail(fault("unavailable")) : real
    )
  const wrap: Wrap = (log): LogShape => ({
    ...log,
    append: (events, condition) => append(log.append(events, condition)),
    appendExclusive: (after, query, decide) => append(log.appendExclusive(after, query, decide)),
    head: read(log.head),
    readAll: (query, options) => read(log.readAll(query, options)),
    read: (query, options) => Stream.unwrap(read(Effect.sync(() => log.read(query, options)))),
    reveal: (positions) => read(log.reveal(positions)),
    sealed: (positions) => read(log.sealed(positions))
  })
  return { faults, wrap }
}

export const executedOf = (result: Result.Result<Answered, CommandFailure>) =>
  Result.isFailure(result) && result.failure._tag === "Unavailable" ? result.failure.executed : undefined
