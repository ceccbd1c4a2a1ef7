/**
 * Streams of random numbers, one for each purpose, all from one seed. For everything in a simulation that draws. No stream may serve two
 * purposes: a draw more in one of them would shift the other, and a plan could not be made smaller.
 */

/** @category models */
export interface Stream {
  /** From 0, below 1. */
  readonly next: () => number
  /** A whole number from 0, below a limit. */
  readonly below: (limit: number) => number
  /** True so often. */
  readonly chance: (probability: number) => boolean
  readonly pick: <A>(list: readonly [A, ...ReadonlyArray<A>]) => A
  readonly bytes: (size: number) => Uint8Array
}

const mixed = (text: string, salt: number): number => {
  let hash = 0x811c9dc5 ^ salt
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

/** Words drawn before the first that counts, so that near seeds part. */
const warmUp = 12

/** The stream of a purpose: sfc32 (PractRand), whose state is 128 bits. @category constructors */
export const stream = (seed: number, purpose: string): Stream => {
  const text = `${seed} ${purpose}`
  let [a, b, c, counter] = [mixed(text, 1), mixed(text, 2), mixed(text, 3), 1]
  const word = (): number => {
    const drawn = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + drawn) | 0
    return drawn >>> 0
  }
  for (let drawn = 0; drawn < warmUp; drawn++) word()
  const next = (): number => word() / 0x1_0000_0000
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    next,
    below,
    chance: (probability) => probability > 0 && next() < probability,
    pick: (list) => list[below(list.length)]!,
    bytes: (size) => {
      const bytes = new Uint8Array(size)
      for (let index = 0; index < size; index++) bytes[index] = word() & 0xff
      return bytes
    }
  }
}
