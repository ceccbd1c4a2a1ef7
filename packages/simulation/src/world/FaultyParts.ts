/**
 * What else of a database fails a node: waits begun late, and snapshots that a stranger wrote. For the nodes; what becomes of reads and
 * appends stands in {@link FaultyStore}.
 */
import type { MemoryEventStore } from "@effekten/event-store"
import type { Snapshots } from "@effekten/registrar"
import { Effect } from "effect"
import type { Injector } from "../plan/Faults.ts"

/** Longest pause of a process. Milliseconds. */
const longestPause = 2_000

/** What is told between a look at the log and the wait after it has to end the wait. @category constructors */
export const lateToWait = (storage: MemoryEventStore.Storage, faults: Injector): MemoryEventStore.Storage => ({
  ...storage,
  wake: {
    ...storage.wake,
    wait: (query, after, told) =>
      Effect.suspend(() => {
        const waiting = storage.wake.wait(query, after, told)
        if (!faults.happens("waitLate")) return waiting
        return Effect.andThen(Effect.sleep(faults.draws("waitLate").below(longestPause)), waiting)
      })
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
