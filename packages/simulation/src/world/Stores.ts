/**
 * Where a node finds its log, the keys, and what else outlives it. For the nodes. A world has one of them: parts in memory,
 * which all nodes share, or SQLite files, which one process at a time has open.
 */
import type { Events } from "@effekten/domain"
import type {
  Catalogue,
  DatabaseRefused,
  EventStoreError,
  EventStoreShape,
  KeyStore,
  Macs,
  Position,
  Vault
} from "@effekten/event-store"
import type { OAuthStore } from "@effekten/http"
import type { Projection, ReadModels } from "@effekten/projections"
import type { AccessRecord, AccessRecordUnavailable, Log, Progress, Snapshots } from "@effekten/registrar"
import type { Effect, Layer, Scope } from "effect"
import type { SecureRandom } from "effect/crypto"
import type { SqlError } from "effect/sql/SqlError"
import type { Kernel } from "../kernel/Kernel.ts"
import type { Process } from "../kernel/Process.ts"
import type { Stream } from "../kernel/Randomness.ts"
import type { Injector } from "../plan/Faults.ts"

/** As a node opens them. */
interface NodeStores {
  readonly log: Effect.Effect<
    EventStoreShape<Events.RegisterEvent>,
    DatabaseRefused,
    Vault.Vault | SecureRandom.SecureRandom | Scope.Scope
  >
  readonly keys: Layer.Layer<KeyStore.KeyStore, DatabaseRefused>
  readonly lists: Layer.Layer<ReadModels.ReadModels, EventStoreError | ReadModels.ReadModelsUnavailable | SqlError, Log>
  readonly progress: Layer.Layer<Progress, SqlError>
  /** States of the decisions, of which a start goes on. */
  readonly snapshots: Effect.Effect<Snapshots.Storage, SqlError, Log | Scope.Scope>
  /** The record of openings, and the clients of the server with their tokens. */
  readonly records: Layer.Layer<
    AccessRecord | OAuthStore.OAuthStore,
    AccessRecordUnavailable | OAuthStore.OAuthStoreError | SqlError
  >
}

/** A log as it was once. @category models */
export interface Copy {
  readonly position: Position
  /** The log is as it was then. The rest of the database is not. */
  readonly putBack: () => void
}

/** Rows of the log, as somebody with the files changes them. @category models */
export interface Rows {
  readonly body: (position: Position) => string
  /** Changes what lies at a position. */
  readonly put: (position: Position, row: { readonly body: string; readonly leaf?: Uint8Array }) => void
  /** Adds an event at the end, under a MAC that is none. */
  readonly plant: (body: string, leaf: Uint8Array) => void
  /** Takes away what lies after a position, and its MACs. */
  readonly cut: (position: Position) => void
}

/** @category models */
export interface Stores {
  /** Whether the log can be put back only while no process has it open. */
  readonly isOneProcess: boolean
  readonly isEmpty: () => boolean
  /** Whether a transaction holds the writer's lock. None outlives the database it was begun in, so no log is put back under it. */
  readonly isWriting: () => boolean
  readonly copy: () => Copy
  /** Changes rows while no node is up. Nothing is appended meanwhile, and then all is as it was. */
  readonly intrude: <A, E, R>(change: (rows: Rows) => void, meanwhile: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** For a node, by the events that its program knows. */
  readonly of: (node: Process, catalogue: Catalogue<Events.RegisterEvent>) => NodeStores
  /** The run is over, and nothing of it stays. */
  readonly close: () => void
}

/** @category models */
export interface StoresOptions {
  /** With it, each append bears a MAC. */
  readonly authentication: Macs.Authentication | undefined
  readonly kernel: Kernel
  readonly faults: Injector
  /** How long a notification takes. */
  readonly delays: Stream
  /** Is told each event in one step with its commit. */
  readonly onEvent: (event: Projection.LoggedEvent) => void
}
