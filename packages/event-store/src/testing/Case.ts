/**
 * One promise of the contract, as a test any runner can run. For the kit's own rooms.
 */
import { Effect, Schema, type Scope } from "effect"
import type * as FastCheck from "fast-check"
import type { ChildProcess } from "node:child_process"
import type { Catalogue } from "../Catalogue.ts"
import type { Position } from "../Event.ts"
import type { EventStoreShape } from "../EventStore.ts"
import type { KitEvent } from "./KitEvent.ts"

/** @category models */
export type KitStore = EventStoreShape<KitEvent>

/** What the kit needs of whoever runs it. @category models */
export interface World {
  /** Makes an empty store; another one at every run. Its scope closes with the test. */
  readonly make: (catalogue: Catalogue<KitEvent>) => Effect.Effect<KitStore, unknown, Scope.Scope>
  /** Opens the log of a store once more, with another catalogue. Without it, upcasting is not tested. */
  readonly reopen?: (store: KitStore, catalogue: Catalogue<KitEvent>) => Effect.Effect<KitStore, unknown, Scope.Scope>
  /** Changes the body at a position as only the database's owner can, past the store. Without it, damage is not tested. */
  readonly edit?: (
    store: KitStore,
    position: Position,
    change: (body: string) => string
  ) => Effect.Effect<void, unknown, Scope.Scope>
  /**
   * Starts a process that opens the log of a store, runs `appendUntilKilled` on it, and whose standard output is piped. Without it, kills
   * are not tested.
   */
  readonly start?: (store: KitStore, life: string) => ChildProcess
  /** The module `fast-check`, for the properties. */
  readonly fastCheck: Omit<typeof FastCheck, "default">
  /** How many examples a property is tried with. Default: 100. */
  readonly runs?: number
}

/** @category models */
export interface Case {
  readonly name: string
  /** Whether it opens a log twice: left out where {@link World.reopen} is missing. */
  readonly reopens?: boolean
  /** Whether it starts processes: left out where {@link World.start} is missing. */
  readonly starts?: boolean
  readonly run: (world: World) => Effect.Effect<void, unknown, Scope.Scope>
}

/** A property did not hold; the cause says for what, and with which seed. @category errors */
export class PropertyFailed extends Schema.TaggedError<PropertyFailed>()("PropertyFailed", {
  cause: Schema.Defect()
}) {}

/** Runs a property whose body is an effect; fast-check prints the seed where it fails. @category constructors */
export const property = <A>(
  world: World,
  arbitrary: FastCheck.Arbitrary<A>,
  body: (value: A) => Effect.Effect<void, unknown, Scope.Scope>
): Effect.Effect<void, PropertyFailed> =>
  Effect.tryPromise({
    try: () =>
      world.fastCheck.assert(
        world.fastCheck.asyncProperty(arbitrary, (value) => Effect.runPromise(Effect.scoped(body(value)))),
        { numRuns: world.runs ?? 100 }
      ),
    catch: (error) => new PropertyFailed({ cause: error })
  })
