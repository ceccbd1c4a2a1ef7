/**
 * Logs for tests: one over a list of events whose head the test moves, and the real stores.
 */
import { Events } from "@effekten/domain"
import { type EventStoreShape, Matching, MemoryEventStore, SqliteEventStore, Vault } from "@effekten/event-store"
import { Effect, Layer, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Projection } from "@effekten/projections"
import type { StoredEvent, World } from "./World.ts"

export interface TestLog extends Projection.Log {
  visible: number
  /** How many events were handed out to folds in all: what is looked for by type. */
  handedOut: number
}

/** A log of which the first `visible` events are there. */
export const logOf = (events: ReadonlyArray<StoredEvent>, head = events.length, logId = "log"): TestLog => {
  const log: TestLog = {
    visible: head,
    handedOut: 0,
    logId,
    head: Effect.sync(() => log.visible),
    readAll: (query, options = {}) =>
      Effect.sync(() => {
        const from = Math.max(options.from ?? 1, 1)
        const to = Math.min(options.to ?? log.visible, log.visible)
        // Without the filter over the rest of the log, which would make a catch-up quadratic.
        const found =
          query === "all"
            ? events.slice(from - 1, Math.min(to, from - 1 + (options.limit ?? to)))
            : events
                .slice(from - 1, to)
                .filter((event) => Matching.matches(query, event))
                .slice(0, options.limit)
        if (query !== "all") log.handedOut += found.length
        return found
      }),
    read: (query, options) => Stream.unwrap(Effect.map(log.readAll(query, options), Stream.fromArray))
  }
  return log
}

export const vault = Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))

export const memoryStore = MemoryEventStore.make<Events.RegisterEvent>({ catalogue: Events.catalogue })

export const sqliteStore = (filename: string) =>
  SqliteEventStore.make<Events.RegisterEvent>({ filename, catalogue: Events.catalogue })

/** Appends a world to a store, instruction by instruction. */
export const appendTo = Effect.fnUntraced(function* (store: EventStoreShape<Events.RegisterEvent>, world: World) {
  for (const [first, ...rest] of world.groups) if (first !== undefined) yield* store.append([first, ...rest])
})
