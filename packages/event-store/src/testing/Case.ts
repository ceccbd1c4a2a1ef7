/**
 * One promise of the contract, as a test for any runner. For the modules of the kit.
 */
import { Effect, Schema, type Scope } from "effect"
import type * as FastCheck from "fast-check"
import type { ChildProcess } from "node:child_process"
import type { Authentication } from "../building/Macs.ts"
import type { Catalogue } from "../port/Catalogue.ts"
import type { NewEvent, Position } from "../port/Event.ts"
import type { EventStoreShape } from "../port/EventStore.ts"
import type { KitEvent, Noted } from "./KitEvent.ts"

/** @category models */
export type KitStore = EventStoreShape<KitEvent>

/** What the kit needs of its runner. @category models */
export interface World {
  /** Makes an empty store; another one at every run. Its scope closes with the test. */
  readonly make: (catalogue: Catalogue<KitEvent>) => Effect.Effect<KitStore, unknown, Scope.Scope>
  /** Opens the log of a store again, with another catalogue: for upcasting, for what outlives a store, for several stores on one log. */
  readonly reopen?: (store: KitStore, catalogue: Catalogue<KitEvent>) => Effect.Effect<KitStore, unknown, Scope.Scope>
  /** Opens the log of a store again, with a key for MACs or without: for these. */
  readonly withKey?: (
    store: KitStore,
    authentication: Authentication | undefined
  ) => Effect.Effect<KitStore, unknown, Scope.Scope>
  /** Changes the body at a position past the store, as only the database's owner can: for damage. */
  readonly edit?: (
    store: KitStore,
    position: Position,
    change: (body: string) => string
  ) => Effect.Effect<void, unknown, Scope.Scope>
  /** Starts a process that opens the log of a store and runs `appendUntilKilled` on it, with a piped standard output: for kills. */
  readonly start?: (store: KitStore, life: string) => ChildProcess
  /**
   * Appends an event as another process would, in a transaction that is not committed yet, and returns what commits it: for late commits.
   * For stores on a server, where one writer's transaction can be open while others go on.
   */
  readonly appendLate?: (
    store: KitStore,
    event: NewEvent<Noted>
  ) => Effect.Effect<Effect.Effect<void, unknown>, unknown, Scope.Scope>
  /** Leaves a transaction that has written open, in another database of the store's server, until the scope closes. */
  readonly writeElsewhere?: (store: KitStore) => Effect.Effect<void, unknown, Scope.Scope>
  /**
   * Takes a copy of a log, and returns what puts the log back to it while stores on it are open. A restored backup does so, and a standby
   * that is promoted while it is behind. For bookmarks.
   */
  readonly rewind?: (store: KitStore) => Effect.Effect<Effect.Effect<void, unknown, Scope.Scope>, unknown, Scope.Scope>
  /** Tells a store that another process may have appended, though none has: for stores whose subscriptions are told. */
  readonly notify?: (store: KitStore) => Effect.Effect<void, unknown, Scope.Scope>
  /** The module `fast-check`, for the properties. */
  readonly fastCheck: Omit<typeof FastCheck, "default">
  /** How many examples a property is tried with. Default: 100. */
  readonly runs?: number
}

/** What a world may be able to do or not. @category models */
export type Ability = "reopen" | "withKey" | "edit" | "start" | "appendLate" | "writeElsewhere" | "rewind" | "notify"

/** @category models */
export interface Case {
  readonly name: string
  /** What it takes beyond a store: the case is left out of a world that lacks one of them. */
  readonly needs?: ReadonlyArray<Ability>
  readonly run: (world: World) => Effect.Effect<void, unknown, Scope.Scope>
}

/** A case for worlds that can do more than make a store. @category constructors */
export const caseNeeding = <A extends Ability>(
  needs: ReadonlyArray<A>,
  name: string,
  run: (world: World & Required<Pick<World, A>>) => ReturnType<Case["run"]>
): Case => ({ name, needs, run: (world) => run(world as World & Required<Pick<World, A>>) })

/** Whether a world can do what a case needs. @category constructors */
export const canRun = (world: World, { needs = [] }: Case): boolean =>
  needs.every((ability) => world[ability] !== undefined)

/** A property did not hold; the cause says for what, and with which seed. @category errors */
class PropertyFailed extends Schema.TaggedError<PropertyFailed>()("PropertyFailed", {
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
