/**
 * What is measured: a store under the register, and the bare driver that writes the same rows. For an author of a measurement or of a
 * store.
 *
 * A new store is one more file that makes a `Subject`, and one line in `main.ts`.
 */
import type { Events } from "@effekten/domain"
import type { EventStoreShape, Position, Vault } from "@effekten/event-store"
import type { Log, AccessRecord } from "@effekten/registrar"
import type { Effect, Layer, Scope } from "effect"
import type { SecureRandom } from "effect/crypto"
import type { Took } from "./Measure.ts"

/** The bare driver beside the store, on a log that is the same, byte for byte, whenever both have written. */
export interface Bare {
  /** Writes all the store has written since the last call, again, statement by statement: computed beforehand. */
  readonly again: () => Effect.Effect<Took>
  /** The same groups again, nothing but the bodies, in a table of their own. */
  readonly bodies: () => Effect.Effect<Took>
  /** What the store has written since the last call. */
  readonly shape: () => Shape
}

/** Rows of some commands. */
export interface Shape {
  readonly events: number
  readonly words: number
  readonly personal: number
  readonly commits: number
  readonly bodyBytes: number
}

export interface Subject {
  readonly name: string
  /** How it is made durable. */
  readonly durability: string
  readonly layer: (folder: string) => Layer.Layer<Log | AccessRecord, Error, SecureRandom.SecureRandom | Vault.Vault>
  readonly readOnly: (
    folder: string
  ) => Effect.Effect<
    EventStoreShape<Events.RegisterEvent>,
    Error,
    SecureRandom.SecureRandom | Vault.Vault | Scope.Scope
  >
  /** The bare driver reading and parsing the bodies at these positions. Gives how many members they have. */
  readonly parse: (
    folder: string
  ) => Effect.Effect<(positions: ReadonlyArray<Position>) => Effect.Effect<number>, never, Scope.Scope>
  /** From here on what the store writes is recorded. */
  readonly bare: (folder: string) => Effect.Effect<Bare, never, Scope.Scope>
}
