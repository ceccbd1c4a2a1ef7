/**
 * What else of a database fails a node: keys destroyed late, waits begun late, and snapshots that a stranger wrote. For the nodes; what
 * becomes of reads and appends stands in {@link FaultyStore}.
 */
import type { KeyStore, MemoryEventStore } from "@effekten/event-store"
import type { Snapshots } from "@effekten/registrar"
import { Effect } from "effect"
import type { FaultName, Injector } from "../plan/Faults.ts"

/** Longest wait for a key to be destroyed, and longest pause of a process. Milliseconds. */
const longest = { forgetSlow: 5_000, waitLate: 2_000 } satisfies { readonly [Name in FaultName]?: number }

/** Happens a while later, now and then. */
const late = <A, E, R>(
  faults: Injector,
  name: keyof typeof longest,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.suspend(() =>
    faults.happens(name) ? Effect.andThen(Effect.sleep(faults.draws(name).below(longest[name])), effect) : effect
  )

/** From the erasing event until then the register has to know by itself what it may not show. @category constructors */
export const slowToForget = (keys: KeyStore.KeyStoreShape, faults: Injector): KeyStore.KeyStoreShape => ({
  ...keys,
  forget: (subject) => late(faults, "forgetSlow", keys.forget(subject))
})

/** What is told between a look at the log and the wait after it has to end the wait. @category constructors */
export const lateToWait = (storage: MemoryEventStore.Storage, faults: Injector): MemoryEventStore.Storage => ({
  ...storage,
  wake: {
    ...storage.wake,
    wait: (query, after, told) => late(faults, "waitLate", storage.wake.wait(query, after, told))
  }
})

/** Each state bears the position and the leaf of another: some of its events would be folded twice, or never. @category constructors */
export const forged = (all: Snapshots.Storage["all"], faults: Injector): Snapshots.Storage["all"] =>
  Effect.map(all, (rows) =>
    rows.length > 1 && faults.happens("snapshotForged")
      ? rows.map((row, index) => {
          const { leaf, position } = rows[(index + 1) % rows.length]!
          return { ...row, position, leaf }
        })
      : rows
  )
