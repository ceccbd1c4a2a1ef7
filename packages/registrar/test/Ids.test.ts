/**
 * Ids are UUIDs of version 7, seeded by the services of the context. For a developer that changes how they are made.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { SecureRandom } from "effect/crypto"
import { createHash } from "node:crypto"
import * as Ids from "../src/base/Ids.ts"

const form = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Bytes that depend on a seed, and on how many were drawn before. */
const seeded = (seed: string) => {
  let drawn = 0
  return SecureRandom.make((size) => {
    const bytes = Buffer.alloc(size)
    for (let at = 0; at < size; at += 32) createHash("sha256").update(`${seed} ${drawn++}`).digest().copy(bytes, at)
    return bytes
  })
}

const idsOf = (seed: string) => Effect.runSync(Effect.provideService(Ids.make, SecureRandom.SecureRandom, seeded(seed)))

const clock = Effect.runSync(Clock.Clock)
const clockAt = (millis: () => number): Clock.Clock =>
  Object.setPrototypeOf({ currentTimeMillisUnsafe: millis }, clock) as Clock.Clock

const millisOf = (id: string): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)

describe("ids", () => {
  it("bear the millisecond of the clock, and ascend within it and while the clock is behind", () => {
    const times = [1_700_000_000_000, 1_700_000_000_001, 1_699_999_999_999, 1_700_000_000_002, 0]
    const ids = idsOf("any")
    let latest = 0
    let before = ""
    for (const time of times)
      for (let turn = 0; turn < 3_000; turn++) {
        const id = ids.next(clockAt(() => time))
        latest = Math.max(latest, time)
        assert.match(id, form)
        assert.isTrue(id > before, `${id} after ${before}`)
        assert.strictEqual(millisOf(id), latest)
        before = id
      }
  })

  it("are the same for the same seed and clock, and others for another seed", () => {
    const drawn = (seed: string) => {
      const ids = idsOf(seed)
      return Array.from({ length: 5_000 }, (_, turn) => ids.next(clockAt(() => 1_700_000_000_000 + turn)))
    }
    const first = drawn("a")
    assert.deepStrictEqual(drawn("a"), first)
    const others = new Set(drawn("b"))
    assert.strictEqual(new Set(first).size, first.length)
    assert.isFalse(first.some((id) => others.has(id)))
  })

  it("have all bits where RFC 9562 puts them, and count on from a random number", () => {
    const all = SecureRandom.make((size) => new Uint8Array(size).fill(0xff))
    const ids = Effect.runSync(Effect.provideService(Ids.make, SecureRandom.SecureRandom, all))
    const first = ids.next(clockAt(() => 5))
    assert.strictEqual(first, "00000000-0005-7fff-9fff-ffffffffffff")
    assert.strictEqual(ids.next(clockAt(() => 5)), "00000000-0005-7fff-a000-0000ffffffff")
  })
})
