/**
 * Two sums for every event, in which what its body says is added and what the index says is taken away. For the inspections of the stores.
 *
 * An index knows its words word by word, and the bodies give them event by event. Sorting one to match the other would cost more than
 * all the rest; and where both say the same, nothing is left.
 */
import type { Position } from "../Event.ts"

/** What a word adds to the two sums of an event. */
export type Weight = readonly [number, number]

export interface IndexSums {
  /** The weight of what these whole numbers of 32 bits say. Different in every inspection, so that nothing can be made to fit. */
  readonly weigh: (first: number, second: number, third?: number) => Weight
  /** The body says so. */
  readonly put: (position: Position, weight: Weight) => void
  /** The index says so. */
  readonly take: (position: Position, weight: Weight) => void
  readonly agree: (position: Position) => boolean
}

/** Sums of the events from 1 to a position; `seed` has 16 bytes. */
export const makeIndexSums = (to: Position, seed: Uint8Array): IndexSums => {
  const [one = 0, two = 0, three = 0, four = 0] = new Int32Array(Uint8Array.from(seed).buffer, 0, 4)
  const sums = new Int32Array(2 * (to + 1))
  return {
    weigh: (first, second, third = 0) => [
      mix(
        Math.imul(first ^ one, 0x9e3779b1) ^ Math.imul(second ^ two, 0x85ebca6b) ^ Math.imul(third ^ three, 0x27d4eb2f)
      ),
      mix(
        Math.imul(first ^ three, 0xc2b2ae35) ^ Math.imul(second ^ four, 0x27d4eb2f) ^ Math.imul(third ^ one, 0x165667b1)
      )
    ],
    put: (position, [first, second]) => {
      sums[2 * position]! += first
      sums[2 * position + 1]! += second
    },
    take: (position, [first, second]) => {
      sums[2 * position]! -= first
      sums[2 * position + 1]! -= second
    },
    agree: (position) => sums[2 * position] === 0 && sums[2 * position + 1] === 0
  }
}

const mix = (value: number): number => {
  const mixed = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d)
  return mixed ^ (mixed >>> 13)
}
