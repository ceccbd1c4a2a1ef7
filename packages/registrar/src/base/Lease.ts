/**
 * The lease of work that one process at a time may do. For reactors, where several processes serve one register.
 */
import { Context, type Effect } from "effect"

/** @category models */
export interface LeaseShape {
  /** Runs the work while this process holds the lease, as often as it gets it; interrupts it when the lease is lost. */
  readonly whileHeld: <A, X, R>(lease: string, work: Effect.Effect<A, X, R>) => Effect.Effect<A, X, R>
  /** Whether other processes may hold it. Then this one learns from the log what they have done. */
  readonly shared: boolean
}

/** A process that has the register to itself always holds it. That is the default. @category services */
export const Lease = Context.Reference<LeaseShape>("effekten/registrar/Lease", {
  defaultValue: () => ({ whileHeld: (_, work) => work, shared: false })
})
