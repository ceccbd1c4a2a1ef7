/**
 * The writer lock of a database. For the stores over it. When its holder dies, the database releases it, as it does with a session's locks.
 */
import { Effect } from "effect"
import type { Kernel } from "../kernel/Kernel.ts"
import { Current, type Process } from "../kernel/Process.ts"

interface Waiting {
  readonly process: Process
  readonly granted: () => void
}

/** @category models */
export interface Lock {
  /** Holds the lock for the process of the fiber that asks. */
  readonly withPermit: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  readonly isHeld: () => boolean
}

/** @category constructors */
export const make = (kernel: Kernel): Lock => {
  const known = new WeakSet<Process>()
  let waiting: Array<Waiting> = []
  let holder: Waiting | undefined
  const next = (): void => {
    holder = waiting.shift()
    if (holder !== undefined) kernel.ready(holder.process, Number.MAX_SAFE_INTEGER, holder.granted)
  }
  const release = (held: Waiting): void => {
    if (holder === held) next()
    else waiting = waiting.filter((each) => each !== held)
  }
  const know = (process: Process): void => {
    if (known.has(process)) return
    known.add(process)
    process.onDeath(() => {
      waiting = waiting.filter((each) => each.process !== process)
      if (holder?.process === process) next()
    })
  }
  const take = Effect.flatMap(Current, (process) =>
    process === undefined
      ? Effect.die(new Error("the lock of a simulated database was asked from outside of the simulation"))
      : Effect.callback<Waiting>((resume) => {
          know(process)
          const own: Waiting = { process, granted: () => resume(Effect.succeed(own)) }
          waiting.push(own)
          if (holder === undefined) next()
          return Effect.sync(() => release(own))
        })
  )
  return {
    isHeld: () => holder !== undefined,
    withPermit: (work) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(restore(take), (held) =>
          Effect.ensuring(
            restore(work),
            Effect.sync(() => release(held))
          )
        )
      )
  }
}
