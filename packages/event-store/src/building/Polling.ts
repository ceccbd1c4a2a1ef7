/**
 * Looks now and then whether another process has appended, once for all subscriptions that wait. For the stores. A thousand subscriptions
 * that each looked by themselves would ask a thousand times.
 */
import { type Context, type Duration, Effect, type Fiber } from "effect"
import type { Bookmark } from "../port/Bookmark.ts"
import type { EventStoreError } from "../port/EventStore.ts"
import type { Wake } from "./Wake.ts"

/**
 * Lets a subscription wait, and looks at the head meanwhile. Where the head is another one than at the last look, all that wait are woken,
 * and look for themselves. So are they where it cannot be read: each decides what that means to it.
 *
 * @param interval between two looks; `undefined` where no other process can append
 */
export const makePolling = (
  head: Effect.Effect<Bookmark, EventStoreError>,
  interval: Duration.Input | undefined,
  wake: Wake
): (<A>(waiting: Effect.Effect<A>) => Effect.Effect<A>) => {
  if (interval === undefined) return (waiting) => waiting
  let waiters = 0
  let looking: Fiber.Fiber<void> | undefined
  const look = Effect.gen(function* () {
    // The first look wakes all: a subscription may have come to wait with an older head than this one.
    let seen: Bookmark | undefined
    while (true) {
      yield* Effect.sleep(interval)
      const found = yield* Effect.orElseSucceed(head, () => undefined)
      if (found === undefined || found.position !== seen?.position || found.leaf !== seen.leaf) wake.notify()
      seen = found
    }
  })
  return (waiting) =>
    Effect.contextWith((context: Context.Context<never>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          waiters += 1
          looking ??= Effect.runForkWith(context)(look)
        }),
        () => waiting,
        () =>
          Effect.sync(() => {
            waiters -= 1
            if (waiters > 0) return
            looking?.interruptUnsafe()
            looking = undefined
          })
      )
    )
}
