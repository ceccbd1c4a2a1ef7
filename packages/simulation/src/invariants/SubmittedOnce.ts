/**
 * A ledger task is submitted once, and the ledger agrees with the register in the end (promise 11, and (5) of conservation).
 */
import type { Invariant } from "./Invariant.ts"

/** @category values */
export const submittedOnce: Invariant = {
  name: "11: submitted once, and the ledger agrees",
  watch: ({ ledger, world }, broken) => ({
    healed: () => {
      for (const [id, { isOvertaken, state, submissions, task }] of ledger) {
        if (submissions > 1 && !isOvertaken) broken(`${task.kind} ${id} was submitted ${submissions} times`)
        const { status } = world.tasks.get(`${task.kind} ${id}`) ?? {}
        if (status === "succeeded" && state !== "done")
          broken(`${task.kind} ${id} succeeded, and the ledger says ${state}`)
        if (status === "failed" && state !== "refused")
          broken(`${task.kind} ${id} failed, and the ledger says ${state}`)
      }
    }
  })
}
