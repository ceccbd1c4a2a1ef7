/**
 * Log, keys and progress in memory, which outlive the nodes. For the simulated database: the nodes share them as nodes share a PostgreSQL
 * server, each with notifications of its own.
 */
import { Events } from "@effekten/domain"
import { Codec, KeyStore, MemoryEventStore, Wake } from "@effekten/event-store"
import { OAuthStore } from "@effekten/http"
import { MemoryReadModels } from "@effekten/projections"
import { AccessRecord, Log, Progress, Snapshots } from "@effekten/registrar"
import { Context, Effect, Layer, type Scope } from "effect"
import type { SecureRandom } from "effect/crypto"
import type { Process } from "../kernel/Process.ts"
import * as FaultyParts from "./FaultyParts.ts"
import * as Lock from "./Lock.ts"
import type { Rows, Stores, StoresOptions } from "./Stores.ts"

/** A notification arrives within so long; a node that misses it asks by itself. Microseconds. */
const longestNotice = 50_000

/** Tells every node of the keys that another one destroyed. */
const watched = (keys: KeyStore.KeyStoreShape): KeyStore.KeyStoreShape => {
  const watchers = new Set<(subject: string | undefined) => void>()
  return {
    ...keys,
    forget: (subject) =>
      Effect.tap(keys.forget(subject), () =>
        Effect.sync(() => {
          for (const told of watchers) told(subject)
        })
      ),
    watch: (told) => Effect.sync(() => void watchers.add(told))
  }
}

/** Whatever is written is told at once, in one step with the commit. */
const tellingOf = (log: MemoryEventStore.Storage["log"], onEvent: StoresOptions["onEvent"], notify: () => void) => {
  const { decode } = Codec.make(Events.catalogue)
  const push = log.push.bind(log)
  Object.defineProperty(log, "push", {
    enumerable: false,
    value: (...written: typeof log): number => {
      const length = push(...written)
      for (const [index, { body }] of written.entries()) {
        const position = length - written.length + 1 + index
        onEvent(decode(position, Codec.parse(position, body)))
      }
      notify()
      return length
    }
  })
}

/** Changes rows past the stores, of which none is told. */
const rowsOf = (storage: MemoryEventStore.Storage): Rows => {
  const { byTag, log, macs } = storage
  return {
    body: (position) => log[position - 1]!.body,
    put: (position, row) => void (log[position - 1] = { ...log[position - 1]!, ...row }),
    plant: (body, leaf) => {
      const [event, { mac }] = [log.at(-1)!, macs.at(-1)!]
      byTag.add(Array.prototype.push.call(log, { ...event, body, leaf }), event.tags)
      macs.push({ first: log.length, last: log.length, mac })
    },
    cut: (position) => MemoryEventStore.rewind(storage, position)
  }
}

/** Under the lock of the writer: what is on its way has to wait. */
const intrudeOn =
  (storage: MemoryEventStore.Storage): Stores["intrude"] =>
  (change, meanwhile) => {
    const { byTag, kinds, log, macs } = storage
    const intruding = Effect.acquireUseRelease(
      Effect.sync(() => {
        const kept = { log: log.slice(), macs: macs.slice(), kinds: kinds.slice() }
        change(rowsOf(storage))
        return kept
      }),
      () => meanwhile,
      (kept) =>
        Effect.sync(() => {
          byTag.cut(0)
          macs.splice(0, macs.length, ...kept.macs)
          kinds.splice(0, kinds.length, ...kept.kinds)
          log.length = 0
          Array.prototype.push.apply(log, kept.log)
          for (const [index, { tags }] of kept.log.entries()) byTag.add(index + 1, tags)
        })
    )
    return storage.writerLock.withPermit(intruding)
  }

/** @category constructors */
export const make = ({
  authentication,
  delays,
  faults,
  kernel,
  onEvent
}: StoresOptions): Effect.Effect<Stores, never, Scope.Scope | SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    const storage = { ...(yield* MemoryEventStore.makeStorage), writerLock: Lock.make(kernel) }
    const keys = watched(yield* KeyStore.makeMemory)
    const progress = Context.get(yield* Layer.build(Progress.layerMemory), Progress)
    const snapshots = Snapshots.makeMemoryStorage()
    const records = Layer.succeedContext(
      yield* Layer.build(Layer.merge(AccessRecord.layerMemory(), OAuthStore.layerMemory))
    )
    const wakes = new Map<Process, Wake.Wake>()
    const notify = () => {
      for (const [node, wake] of wakes) {
        if (!node.alive) wakes.delete(node)
        else kernel.at(node, kernel.now() + delays.below(longestNotice), wake.notify)
      }
    }
    tellingOf(storage.log, onEvent, notify)
    return {
      isOneProcess: false,
      copy: () => {
        const position = storage.log.length
        return {
          position,
          putBack: () => {
            MemoryEventStore.rewind(storage, position)
            notify()
          }
        }
      },
      intrude: intrudeOn(storage),
      isEmpty: () => storage.log.length === 0,
      isWriting: () => storage.writerLock.isHeld(),
      of: (node, catalogue) => {
        const wake = Wake.makeWake()
        wakes.set(node, wake)
        return {
          log: MemoryEventStore.make<Events.RegisterEvent>({
            catalogue,
            authentication,
            storage: FaultyParts.lateToWait({ ...storage, wake }, faults)
          }),
          keys: Layer.succeed(KeyStore.KeyStore, keys),
          lists: MemoryReadModels.layer(Log),
          progress: Layer.succeed(Progress, progress),
          snapshots: Effect.succeed(snapshots),
          records
        }
      },
      close: () => undefined
    }
  })
