/**
 * `effekten rebuild-index`: the index by which events are found, made again from their bodies. For operators, when `verify` finds it lacking.
 */
import { Console, Effect } from "effect"
import type { Place } from "./Place.ts"

/** @category commands */
export const runRebuildIndex = (place: Place) =>
  Effect.andThen(place.rebuildIndex, Console.log("the index is new: run `effekten verify`"))
