/**
 * No subscription is left accepted and unpaid once its payment deadline has passed (the clock ends it). Whether one is ended too early,
 * `Decisions.ts` sees. It asks only what days have passed for: a reactor may sleep an hour, and clocks differ by minutes.
 */
import type { Projection } from "@effekten/projections"
import { dayLong } from "../model/Asked.ts"
import type { Invariant } from "./Invariant.ts"

/** Milliseconds. */
const hourLong = 3_600_000

/** When anything was received last. Milliseconds. */
const lastIn = (log: ReadonlyArray<Projection.LoggedEvent>): number =>
  log.reduce((last, { meta }) => Math.max(last, Date.parse(meta.receivedAt)), 0)

/** @category values */
export const deadlines: Invariant = {
  name: "after healing no payment is overdue",
  watch: ({ log, world }, broken) => ({
    healed: () => {
      const last = lastIn(log)
      for (const [id, investment] of world.investments) {
        const { accepted, becameAccepted, paymentDays } = investment
        if (paymentDays === undefined || world.status(investment) !== "ACCEPTED") continue
        const due = Math.max(accepted ?? 0, becameAccepted ?? 0) + paymentDays * dayLong
        if (due + hourLong < last) broken(`${id} was to be paid by ${new Date(due).toISOString()}, and still waits`)
      }
    }
  })
}
