/**
 * A store as a node sees it over a bad connection: appends that fail, may have happened or happen later, and reads that break. Forgetting
 * takes its time. For the nodes.
 *
 * A decision under the writer lock is never late: it is asked by the node itself, which is told its end.
 */
import type { Events } from "@effekten/domain"
import { EventStoreError, type EventStoreShape } from "@effekten/event-store"
import { Effect, Stream } from "effect"
import type { Process } from "../kernel/Process.ts"
import type { FaultName, Injector } from "../plan/Faults.ts"

/** The store of a node. @category models */
export type Store = EventStoreShape<Events.RegisterEvent>

const broken = (reason: "unavailable" | "unknown", message: string) => new EventStoreError({ reason, message })

/** Longest delays of what is slow or late, mostly by little: what meets others has to overlap them. Milliseconds. */
const slowest = [20, 200, 200, 3_000] as const
/** Longest delay of a read. Milliseconds. */
const slowestRead = 400

/** Longest wait for a key to be destroyed. Milliseconds. */
const slowestForgetting = 5_000
/** From a decision under the lock to its append a node takes about so many operations. */
const operationsUnderLock = 8
/** Longest pause under the lock. Milliseconds. */
const longestHold = 2_000

/** Keys are made before a statement is sent: one that waits for a key of its node is not on its way. */
const isPersonal = (event: object): boolean => "personal" in event && event.personal !== undefined

interface Processes {
  readonly node: Process
  /** In which a statement goes on whatever becomes of the node. */
  readonly database: Process
}

/** @category constructors */
export const make = (store: Store, faults: Injector, { database, node }: Processes): Store => {
  const pause = (name: FaultName) => Effect.sleep(faults.draws(name).below(faults.draws(name).pick(slowest)))
  const slowed = Effect.suspend(() => (faults.happens("appendSlow") ? pause("appendSlow") : Effect.void))

  /** What was read before may be old once the lock is there. */
  const locking = Effect.suspend(() => (faults.happens("lockBusy") ? pause("lockBusy") : Effect.void))

  /** What has been decided is not appended yet: if others can append meanwhile, it is wrong. */
  const holding =
    <A extends ReadonlyArray<unknown>, B>(decide: (...on: A) => B) =>
    (...on: A): B => {
      const stream = faults.draws("lockHeld")
      if (faults.happens("lockHeld"))
        node.pauseAfter(stream.below(operationsUnderLock), 1_000 * stream.below(longestHold))
      return decide(...on)
    }

  /** The append itself, or what the connection makes of it. */
  const appending = <A, X>(append: Effect.Effect<A, X>, late: boolean): Effect.Effect<A, X | EventStoreError> =>
    Effect.gen(function* () {
      if (faults.happens("appendRefused")) return yield* broken("unavailable", "the database refuses the connection")
      yield* slowed
      if (faults.happens("appendLost")) return yield* broken("unknown", "the connection broke before the statement")
      if (late && faults.happens("appendLate")) {
        database.fork(Effect.ignore(Effect.andThen(pause("appendLate"), append)))
        return yield* broken("unknown", "the connection broke: the statement is still on its way")
      }
      const done = yield* append
      if (faults.happens("appendUnheard")) return yield* broken("unknown", "the connection broke after the commit")
      return done
    })
  const reading = <A, X>(read: Effect.Effect<A, X>): Effect.Effect<A, X | EventStoreError> =>
    Effect.suspend((): Effect.Effect<A, X | EventStoreError> => {
      if (faults.happens("readFails")) return Effect.fail(broken("unavailable", "the connection of the read broke"))
      return faults.happens("readSlow")
        ? Effect.andThen(Effect.sleep(faults.draws("readSlow").below(slowestRead)), read)
        : read
    })
  return {
    ...store,
    append: (events, condition) => appending(store.append(events, condition), !events.some(isPersonal)),
    appendExclusive: (after, query, decide) =>
      appending(Effect.andThen(locking, store.appendExclusive(after, query, holding(decide))), false),
    // From the erasing event until then the register has to know by itself what it may not show.
    forget: (subject) =>
      Effect.suspend(() =>
        faults.happens("forgetSlow")
          ? Effect.andThen(Effect.sleep(faults.draws("forgetSlow").below(slowestForgetting)), store.forget(subject))
          : store.forget(subject)
      ),
    head: reading(store.head),
    bookmark: (known) => reading(store.bookmark(known)),
    readAll: (query, options) => reading(store.readAll(query, options)),
    read: (query, options) => Stream.unwrap(reading(Effect.sync(() => store.read(query, options)))),
    reveal: (positions) => reading(store.reveal(positions))
  }
}
