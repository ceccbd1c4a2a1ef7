/**
 * What the traced workload does, step by step, and so what may be in its log afterwards. For the workload and for the inspection of its
 * images.
 */
import type { NewEvent } from "@effekten/event-store"
import { type KitEvent, name, note, opened, subjectOf } from "@effekten/event-store/testing"

export type Step =
  | { readonly kind: "append"; readonly events: readonly [NewEvent<KitEvent>, ...ReadonlyArray<NewEvent<KitEvent>>] }
  /** An append the store must refuse, and when asked again refuse again. */
  | { readonly kind: "refused"; readonly events: readonly [NewEvent<KitEvent>, ...ReadonlyArray<NewEvent<KitEvent>>] }
  | { readonly kind: "forget"; readonly subject: string }
  /** Closes the files and opens them again. */
  | { readonly kind: "reopen" }

/** On every group's first event. */
export const GROUP = "group"

/** What every refused append conflicts with. */
export const TAKEN = "taken"

/** Frames of a write-ahead log after which SQLite folds it into the file: so few that a short run does it many times. */
export const CHECKPOINT_AFTER = 24

const account = (step: number) => `account-${step}`

/** Always the same for a number of steps. */
export const planOf = (steps: number): ReadonlyArray<Step> =>
  Array.from({ length: steps }, (_, index): Step => {
    const ids = (events: ReadonlyArray<NewEvent<KitEvent>>) =>
      events.map((event, place) => ({ ...event, id: `${index}-${place}` }))
    const first = { ...note([GROUP, TAKEN, `step:${index}`], "g".repeat((index * 397) % 2_500)), id: `${index}-first` }
    if (index % 11 === 7) return { kind: "refused", events: [first, ...ids([name(account(index), `Nobody ${index}`)])] }
    if (index % 11 === 9) return { kind: "forget", subject: subjectOf(account(index - (index % 11) + 3)) }
    if (index % 17 === 16) return { kind: "reopen" }
    if (index % 3 === 0)
      return {
        kind: "append",
        events: [first, ...ids([opened(account(index)), name(account(index), `Erika ${index}`)])]
      }
    if (index % 5 === 4)
      return {
        kind: "append",
        events: [first, ...ids([name(account(3), `Max ${index}`), name(account(index), `Moritz ${index}`)])]
      }
    return {
      kind: "append",
      events: [first, ...ids(Array.from({ length: index % 4 }, (_, place) => note([`m:${place}`], `member ${index}`)))]
    }
  })
