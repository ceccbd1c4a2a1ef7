/**
 * Logs for tests: one over a list of events whose head the test moves, and the real stores.
 */
import { Events } from "@effekten/domain"
import {
  EventStoreError,
  type EventStoreShape,
  Matching,
  MemoryEventStore,
  SqliteEventStore,
  Vault
} from "@effekten/event-store"
import { Effect, Layer, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Projection } from "@effekten/projections"
import { createHash } from "node:crypto"
import type { StoredEvent, World } from "./World.ts"

export interface TestLog extends Projection.Log {
  visible: number
  /** How many events were handed out in all. */
  handedOut: number
}

/** A log of which the first `visible` events are there. */
export const logOf = (events: ReadonlyArray<StoredEvent>, head = events.length, logId = "log"): TestLog => {
  const leafAt = (position: number) =>
    position === 0
      ? logId
      : createHash("sha256")
          .update(events[position - 1]!.id)
          .digest("hex")
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
        log.handedOut += found.length
        return found
      }),
    bookmark: (known) =>
      Effect.gen(function* () {
        if (known !== undefined && (known.position > log.visible || leafAt(known.position) !== known.leaf))
          return yield* new EventStoreError({ reason: "other_history", message: "another leaf" })
        return { position: log.visible, leaf: leafAt(log.visible) }
      }),
    readLeaves: ({ from = 1, to = log.visible } = {}) =>
      from > Math.min(to, log.visible)
        ? Stream.empty
        : Stream.make({ first: from, hashes: Buffer.from(leafAt(from), "hex") }),
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
