/**
 * Which lists a register keeps. For the layers that open one.
 */
import { type Projection, Projections } from "@effekten/projections"

/** @category models */
export interface ListOptions {
  /** The projections that lists are read from: more, or later versions, for resources of your own. Default: the Distribution API's. */
  readonly projections?: ReadonlyArray<Projection.Any> | undefined
}

/** What a read model takes of the options. */
export const listed = ({ projections = Projections.all }: ListOptions) => ({ projections })
