/**
 * Leases of work that one node at a time may do, as the database gives them. For the nodes. A death releases a lease; a fault takes it while
 * its holder works on, until that one notices.
 */
import type { LeaseShape } from "@effekten/registrar"
import { Effect } from "effect"
import type { Process } from "../kernel/Process.ts"
import type { Injector } from "../plan/Faults.ts"

/** @category models */
export interface Leases {
  /** As a node sees them. */
  readonly of: (node: Process) => LeaseShape
}

/** How often a node asks for a lease that another one holds, and the holder for its session. */
const heartbeat = "1 second"
/** How long a holder works on before it notices that its session has ended. Milliseconds. */
const longestUnnoticed = 4_000

/** @category constructors */
export const make = (faults: Injector, shared: boolean): Leases => {
  const holders = new Map<string, Process>()
  /** Ends when the lease is lost, and noticed. */
  const watch = Effect.gen(function* () {
    for (;;) {
      yield* Effect.sleep(heartbeat)
      if (faults.happens("leaseLost")) return
    }
  })
  return {
    of: (node) => {
      node.onDeath(() => {
        for (const [lease, holder] of holders) if (holder === node) holders.delete(lease)
      })
      const whileHeld: LeaseShape["whileHeld"] = (lease, work) => {
        const lost = Effect.flatMap(watch, () =>
          Effect.suspend(() => {
            // Another node may have it from now on; this one notices later.
            if (holders.get(lease) === node) holders.delete(lease)
            return Effect.sleep(faults.draws("leaseLost").below(longestUnnoticed))
          })
        )
        const take = Effect.gen(function* () {
          while (holders.has(lease)) yield* Effect.sleep(heartbeat)
          holders.set(lease, node)
        })
        const held = Effect.ensuring(
          Effect.raceFirst(
            Effect.map(work, (done) => ({ done })),
            Effect.as(lost, undefined)
          ),
          Effect.sync(() => {
            if (holders.get(lease) === node) holders.delete(lease)
          })
        )
        const turn: Effect.Effect<
          Effect.Success<typeof work>,
          Effect.Error<typeof work>,
          Effect.Services<typeof work>
        > = Effect.flatMap(Effect.andThen(take, held), (end) => (end === undefined ? turn : Effect.succeed(end.done)))
        return turn
      }
      return { whileHeld, shared }
    }
  }
}
