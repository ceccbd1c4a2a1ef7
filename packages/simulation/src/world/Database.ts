/**
 * What outlives the nodes: log, keys, contents, progress, snapshots and the lock of the writer. For the nodes of a simulation, which share
 * it as nodes share a PostgreSQL server.
 */
import { Events } from "@effekten/domain"
import { Codec, KeyStore, MemoryEventStore, Vault, Wake } from "@effekten/event-store"
import { OAuthStore } from "@effekten/http"
import type { Projection } from "@effekten/projections"
import { AccessRecord, Blobs, Progress, Secrets, Snapshots } from "@effekten/registrar"
import { Context, Effect, Layer, Redacted, type Scope } from "effect"
import type { SecureRandom } from "effect/crypto"
import type { Kernel } from "../kernel/Kernel.ts"
import type { Process } from "../kernel/Process.ts"
import type { Stream } from "../kernel/Randomness.ts"
import * as Lock from "./Lock.ts"

/** What every node gets from the database. */
type Kept = AccessRecord | OAuthStore.OAuthStore | Progress | Secrets

/** @category models */
export interface Database {
  /** The log as a node sees it: with notifications of its own. */
  readonly storageOf: (node: Process) => MemoryEventStore.Storage
  readonly isEmpty: () => boolean
  readonly keys: KeyStore.KeyStoreShape
  readonly masterKey: Redacted.Redacted<Uint8Array>
  readonly kept: Context.Context<Kept>
  /** Contents of documents. Each node has a vault of its own for them: a lock that a dead one holds holds up no other. */
  readonly contents: Effect.Success<typeof Blobs.memory>
  readonly snapshots: Snapshots.Storage
}

interface DatabaseOptions {
  readonly kernel: Kernel
  /** How long a notification takes. */
  readonly delays: Stream
  readonly onEvent: (event: Projection.LoggedEvent) => void
}

/** A notification arrives within so long; a node that misses it asks by itself. Microseconds. */
const longestNotice = 50_000

/** A vault over the shared keys. @category constructors */
export const vaultOver = (
  keys: KeyStore.KeyStoreShape,
  masterKey: Redacted.Redacted<Uint8Array>
): Layer.Layer<Vault.Vault, never, SecureRandom.SecureRandom> =>
  Layer.effect(Vault.Vault, Effect.orDie(Vault.make({ masterKey }))).pipe(
    Layer.provide(Layer.succeed(KeyStore.KeyStore, keys))
  )

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

const snapshotsInMemory = (): Snapshots.Storage => {
  const rows = new Map<string, Snapshots.Stored>()
  return {
    all: Effect.sync(() => [...rows.values()].sort((a, b) => a.position - b.position)),
    put: (made) => Effect.sync(() => made.forEach((row) => rows.set(row.model, row))),
    remove: (models) => Effect.sync(() => models.forEach((model) => rows.delete(model)))
  }
}

/** Whatever is written is told at once, in one step with the commit. */
const tellingOf = (log: MemoryEventStore.Storage["log"], onEvent: DatabaseOptions["onEvent"], notify: () => void) => {
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

/** An empty database, for as long as the scope is open. @category constructors */
export const make = (
  options: DatabaseOptions
): Effect.Effect<Database, never, Scope.Scope | SecureRandom.SecureRandom> =>
  Effect.gen(function* () {
    const { delays, kernel } = options
    const storage = { ...(yield* MemoryEventStore.makeStorage), writerLock: Lock.make(kernel) }
    const keys = watched(yield* KeyStore.makeMemory)
    const masterKey = Redacted.make(options.delays.bytes(32))
    const kept = yield* Layer.build(
      Layer.mergeAll(AccessRecord.layerMemory(), OAuthStore.layerMemory, Progress.layerMemory, Secrets.layerMemory)
    )
    const wakes = new Map<Process, Wake.Wake>()
    tellingOf(storage.log, options.onEvent, () => {
      for (const [node, wake] of wakes) {
        if (!node.alive) wakes.delete(node)
        else kernel.at(node, kernel.now() + delays.below(longestNotice), wake.notify)
      }
    })
    return {
      storageOf: (node: Process) => {
        const wake = Wake.makeWake()
        wakes.set(node, wake)
        return { ...storage, wake }
      },
      isEmpty: () => storage.log.length === 0,
      keys,
      masterKey,
      kept,
      contents: yield* Blobs.memory,
      snapshots: snapshotsInMemory()
    }
  })
