/**
 * Random bytes of the operating system, drawn in larger portions. For ids and nonces, of which a busy register needs many.
 */
import { Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import { randomFillSync } from "node:crypto"

/** Bytes drawn at a time. */
const portion = 16_384

/** @category layers */
export const layer: Layer.Layer<SecureRandom.SecureRandom> = Layer.sync(SecureRandom.SecureRandom, () => {
  const pool = new Uint8Array(portion)
  let next = portion
  return SecureRandom.make((size) => {
    if (size > portion) return randomFillSync(new Uint8Array(size))
    if (next + size > portion) {
      randomFillSync(pool)
      next = 0
    }
    const bytes = pool.slice(next, next + size)
    // No byte that was returned stays in the pool.
    pool.fill(0, next, next + size)
    next += size
    return bytes
  })
})
