/**
 * Lists and look-ups over the whole register; each read brings them to the head of the log first. For the registrar's reads.
 */
import type { EventStoreError, Position } from "@effekten/event-store"
import type { Page, PageOptions } from "@effekten/services"
import { Context, Effect, Schema, type Semaphore } from "effect"
import type { InvalidPage } from "./Cursor.ts"
import type { Log, Projection } from "./Projection.ts"

export { InvalidPage } from "./Cursor.ts"

/** The read models could not be read or brought up to date. They are derived: nothing is lost. @category errors */
export class Unavailable extends Schema.TaggedError<Unavailable>()("ReadModelsUnavailable", {
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

/** @category models */
export interface Shape {
  /**
   * Takes in what the log holds now, and returns the position reached. Every later read sees what was appended before this call. Requests
   * that arrive together share the work.
   */
  readonly catchUp: Effect.Effect<Position, EventStoreError | Unavailable>
  /** One page of a list as of the head, oldest first. */
  readonly page: <S>(
    projection: Projection<S>,
    scope: string,
    options?: PageOptions
  ) => Effect.Effect<Page<S>, InvalidPage | EventStoreError | Unavailable>
  /** Objects of a projection that ranks them as of the head, lowest rank first. */
  readonly ranked: <S>(
    projection: Projection<S>,
    options: RankedOptions
  ) => Effect.Effect<ReadonlyArray<Ranked<S>>, EventStoreError | Unavailable>
  /** One object as of the head. */
  readonly get: <S>(
    projection: Projection<S>,
    key: string
  ) => Effect.Effect<S | undefined, EventStoreError | Unavailable>
}

/** The read models of the register. @category services */
export class ReadModels extends Context.Service<ReadModels, Shape>()("effekten/projections/ReadModels") {}

/** Events taken in at a time: what a transaction holds, and what is repeated at most after a crash. @category values */
export const batchSize = 1_000

/**
 * Takes batches in until the head that was seen at the start is reached. One request at a time does the work; a request that waited finds
 * it done, unless the log has grown since. `take` takes in the events from a position on and returns how many there were.
 */
export const catchingUp = <E>(
  log: Log,
  one: Semaphore.Semaphore,
  position: () => Position,
  take: (from: Position) => Effect.Effect<number, E>
): Effect.Effect<Position, E | EventStoreError | Unavailable> =>
  Effect.flatMap(log.head, (head) =>
    position() >= head
      ? Effect.succeed(position())
      : one.withPermits(1)(
          Effect.gen(function* () {
            while (position() < head) {
              const from = position() + 1
              if ((yield* take(from)) === 0)
                return yield* new Unavailable({
                  message: `the log ends before position ${from}, but said its head is ${head}`
                })
            }
            return position()
          })
        )
  )
