/**
 * Which instructions a log has had already, in a few bytes each. For {@link DecisionReplay}, which must not keep them all.
 *
 * An identity is remembered by 64 bits of a hash. Among ten million, two that differ are taken for the same with a chance of one in three
 * hundred thousand. Never decide on it; it is for an audit, which names the position so that a person can look.
 */

/** @category models */
export interface SeenInstructions {
  /** Remembers an identity, and says whether it was there. */
  readonly add: (identity: string) => boolean
}

/** Slots at the beginning; a power of two. */
const firstSlots = 1 << 12

/** @category constructors */
export const make = (): SeenInstructions => {
  let slots = firstSlots
  let table = new Uint32Array(2 * slots)
  let count = 0

  /** Puts a pair where it belongs, or finds it there. A pair of zeroes marks an empty slot. */
  const put = (first: number, second: number): boolean => {
    let slot = first & (slots - 1)
    for (;;) {
      const [a, b] = [table[2 * slot], table[2 * slot + 1]]
      if (a === 0 && b === 0) break
      if (a === first && b === second) return true
      slot = (slot + 1) & (slots - 1)
    }
    table[2 * slot] = first
    table[2 * slot + 1] = second
    return false
  }
  const grow = (): void => {
    const before = table
    slots *= 2
    table = new Uint32Array(2 * slots)
    for (let at = 0; at < before.length; at += 2) {
      const [first, second] = [before[at]!, before[at + 1]!]
      if (first !== 0 || second !== 0) put(first, second)
    }
  }

  return {
    add: (identity) => {
      if (2 * count >= slots) grow()
      const isSeen = put(hashOf(identity, 0x811c_9dc5), hashOf(identity, 0x9e37_79b9) || 1)
      if (!isSeen) count += 1
      return isSeen
    }
  }
}

/** A hash of 32 bits (FNV-1a with a final mix), from a start. */
const hashOf = (text: string, start: number): number => {
  let hash = start
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x0100_0193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d)
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a_2d39)
  return (hash ^ (hash >>> 15)) >>> 0
}
