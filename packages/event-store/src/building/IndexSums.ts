/**
 * Two sums for every event: what its body says is added, and what the index says is subtracted. For the inspections of the stores.
 *
 * An index lists its words word by word, and the bodies list them event by event. Sorting one to match the other would cost more than all
 * the rest. Where both say the same, the sums are zero.
 */
import type { Position } from "../port/Event.ts"

export interface IndexSums {
  /** The body says so: a word, as whole numbers of 32 bits. */
  readonly put: (position: Position, first: number, second: number, third?: number) => void
  /** The index says so. */
  readonly take: (position: Position, first: number, second: number, third?: number) => void
  readonly agree: (position: Position) => boolean
}

/**
 * Sums of the events from 1 to a position. `seed` has 16 bytes, different in every inspection, so that no attacker can make an index fit.
 */
export const makeIndexSums = (to: Position, seed: Uint8Array): IndexSums => {
  const [one = 0, two = 0, three = 0, four = 0] = new Int32Array(Uint8Array.from(seed).buffer, 0, 4)
  const sums = new Int32Array(2 * (to + 1))
  const add = (position: Position, first: number, second: number, third: number, sign: 1 | -1): void => {
    sums[2 * position]! +=
      sign *
      mix(
        Math.imul(first ^ one, 0x9e3779b1) ^ Math.imul(second ^ two, 0x85ebca6b) ^ Math.imul(third ^ three, 0x27d4eb2f)
      )
    sums[2 * position + 1]! +=
      sign *
      mix(
        Math.imul(first ^ three, 0xc2b2ae35) ^ Math.imul(second ^ four, 0x27d4eb2f) ^ Math.imul(third ^ one, 0x165667b1)
      )
  }
  return {
    put: (position, first, second, third = 0) => add(position, first, second, third, 1),
    take: (position, first, second, third = 0) => add(position, first, second, third, -1),
    agree: (position) => sums[2 * position] === 0 && sums[2 * position + 1] === 0
  }
}

const mix = (value: number): number => {
  const mixed = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d)
  return mixed ^ (mixed >>> 13)
}
