/**
 * Lists and look-ups over the whole register; each read brings them to the head of the log first. For the registrar's reads.
 */
import type { EventStoreError, Position } from "@effekten/event-store"
import type { PageOptions } from "@effekten/services"
import { Context, type Effect, Schema } from "effect"
import type { InvalidPage, ListPage } from "./Cursor.ts"
import type { Chosen, Projection } from "./Projection.ts"

export { InvalidPage, type ListPage } from "./Cursor.ts"

/** The read models could not be read or brought up to date. They are derived: nothing is lost. @category errors */
export class ReadModelsUnavailable extends Schema.TaggedError<ReadModelsUnavailable>()("ReadModelsUnavailable", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** An object in the order of its projection. Objects of one rank are in the order of their keys. @category models */
export interface Ranked<out S> {
  readonly rank: number
  readonly key: string
  readonly state: S
}

/** How many at most (no more than a page may have), and behind which place. @category models */
export interface RankedOptions {
  readonly limit: number
  readonly after?: Pick<Ranked<unknown>, "rank" | "key"> | undefined
}

/** Which page of a list, and which of its objects: all, or those that have some values. @category models */
export interface Listed extends PageOptions {
  readonly chosen?: Chosen | undefined
}

/** Why a projection does not go on, and the position of the event that it does not get over. @category models */
export interface Failure {
  readonly position: Position
  readonly message: string
}

/** How far a projection has come, as this process knows it. @category models */
export interface Progress {
  readonly name: string
  readonly version: number
  /** The last event taken in; `undefined` while that is not known. */
  readonly position: Position | undefined
  readonly failure: Failure | undefined
}

/** @category models */
export interface Shape {
  /**
   * Takes in what the log holds now, into every projection, and returns the position that all of them have reached. Fails, after all were
   * tried, if one of them could not.
   */
  readonly catchUp: Effect.Effect<Position, EventStoreError | ReadModelsUnavailable>
  /** How far each projection has come. Looks at nothing. */
  readonly progress: Effect.Effect<ReadonlyArray<Progress>>
  /** One page of a list as of the head, oldest first. Waits for no other list. To count what is chosen takes as long as there are such. */
  readonly page: <S>(
    projection: Projection<S>,
    scope: string,
    options?: Listed
  ) => Effect.Effect<ListPage<S>, InvalidPage | EventStoreError | ReadModelsUnavailable>
  /** Objects of a projection that ranks them as of the head, lowest rank first. */
  readonly ranked: <S>(
    projection: Projection<S>,
    options: RankedOptions
  ) => Effect.Effect<ReadonlyArray<Ranked<S>>, EventStoreError | ReadModelsUnavailable>
  /** One object as of the head. */
  readonly get: <S>(
    projection: Projection<S>,
    key: string
  ) => Effect.Effect<S | undefined, EventStoreError | ReadModelsUnavailable>
}

/** The read models of the register. @category services */
export class ReadModels extends Context.Service<ReadModels, Shape>()("effekten/projections/ReadModels") {}

/** Positions that a projection goes over at a time: what a transaction holds, and what is repeated at most after a crash. @category values */
export const stepSize = 1_000
