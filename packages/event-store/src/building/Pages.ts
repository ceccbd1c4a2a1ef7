/**
 * Pages of rows as both durable stores read them: checks that no row is missing, and says where reading goes on. For these stores.
 */
import type { Position } from "../port/Event.ts"
import { damaged } from "./Codec.ts"
import type { Range } from "./Reading.ts"

type Rows = ReadonlyArray<readonly [Position, ...Array<unknown>]>

export const refuseHole = (found: Position | undefined, expected: Position): void => {
  if (found !== expected) throw damaged(expected, "there is no event, and positions have no gaps")
}

/** Refuses rows of adjacent positions unless they are all there: a reader that sees a hole has found damage. */
export const refuseHoles = (found: Rows, { from, to, limit, backwards }: Range): void => {
  const at = (index: number): Position => (backwards ? to - index : from + index)
  for (let index = 0; index < found.length; index++) refuseHole(found[index]![0], at(index))
  if (found.length < Math.min(limit, to - from + 1)) refuseHole(undefined, at(found.length))
}

/** Undefined where the range is read to its end. */
export const nextOf = (rows: Rows, { limit, backwards, from, to }: Range): Position | undefined => {
  const last = rows.at(-1)?.[0]
  if (last === undefined || rows.length < limit) return undefined
  const next = backwards ? last - 1 : last + 1
  return next < from || next > to ? undefined : next
}
