/**
 * `effekten rotate-master-key`: a new key around the keys of personal data. For operators, when a stranger may know the old one.
 */
import { Console, Effect } from "effect"
import type { Place } from "./Place.ts"

/** @category commands */
export const runRotateMasterKey = (place: Place) => Effect.flatMap(place.rotateMasterKey, (next) => Console.log(next))
