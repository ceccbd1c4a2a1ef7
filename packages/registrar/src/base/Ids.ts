/**
 * New ids without an effect: UUIDs of version 7 (RFC 9562). For decisions, which are synchronous, and for what is made ahead of them.
 *
 * Randomness is that of the service, and time that of a clock, so that a simulation can seed both. An id is no secret: never make a key or
 * a nonce here. An id takes 0.2 µs; as an effect it takes 0.6.
 */
import { type Clock, Effect } from "effect"
import { SecureRandom } from "effect/crypto"

/** Random bytes drawn at a time. An id takes four, and the first one in a millisecond eight more. */
const portion = 4_096
const word = 4

/** @category models */
export interface Ids {
  /** Sorts behind all that it returned before, even if the clock goes back. */
  readonly next: (clock: Clock.Clock) => string
}

/** @category constructors */
export const make: Effect.Effect<Ids, never, SecureRandom.SecureRandom> = Effect.gen(function* () {
  const { randomBytes } = yield* SecureRandom.SecureRandom
  const runSync = Effect.runSyncWith(yield* Effect.context<never>())
  let bytes = new DataView(new ArrayBuffer(0))
  let drawn = 0
  const random = (): number => {
    if (drawn === bytes.byteLength) {
      bytes = new DataView(runSync(randomBytes(portion)).slice().buffer)
      drawn = 0
    }
    drawn += word
    return bytes.getUint32(drawn - word)
  }

  const text = Buffer.from("00000000-0000-7000-8000-000000000000", "latin1")
  let millis = -1
  /** The count within a millisecond (RFC 9562, section 6.2, method 1). It begins at random, and has room for 500 million. */
  let count = 0
  const begin = (at: number): void => {
    millis = at
    count = random() >>> 3
    write(text, Math.floor(millis / 0x1_0000), 0, 8)
    write(text, millis % 0x1_0000, 9, 4)
    write(text, random() & 0xfff, 15, 3)
  }
  return {
    next: (clock) => {
      const now = Math.max(0, clock.currentTimeMillisUnsafe())
      if (now > millis) begin(now)
      else count += 1
      const low = (0x8000_0000 | count) >>> 0
      write(text, low >>> 16, 19, 4)
      write(text, low & 0xffff, 24, 4)
      write(text, random(), 28, 8)
      return text.toString("latin1")
    }
  }
})

const digits = Buffer.from("0123456789abcdef", "latin1")

/** Writes a number in hexadecimal digits. */
const write = (text: Buffer, value: number, at: number, length: number): void => {
  for (let place = at + length - 1; place >= at; place--) {
    text[place] = digits[value & 0xf]!
    value = Math.floor(value / 16)
  }
}
