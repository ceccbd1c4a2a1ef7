/**
 * A sealed box: format, nonce, commitment, ciphertext, tag. For the vault.
 *
 * AES-256-GCM alone does not commit to its key: a box could be made that opens under two keys, to two texts. So it bears what only its own
 * key derives. Boxes of format 1 have no commitment; they still open.
 */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual
} from "node:crypto"

const FORMAT = 2
const WITHOUT_COMMITMENT = 1
export const KEY_BYTES = 32
export const NONCE_BYTES = 12
const COMMITMENT_BYTES = 32
const TAG_BYTES = 16

interface PreparedKey {
  readonly key: KeyObject
  readonly commitment: Uint8Array
}

// Preparing a key costs more than encrypting a small part with it. What was prepared goes with the key it was prepared of.
const prepared = new WeakMap<Uint8Array, PreparedKey>()
const prepare = (bytes: Uint8Array): PreparedKey => {
  const known = prepared.get(bytes)
  if (known !== undefined) return known
  const key = createSecretKey(bytes)
  const commitment = new Uint8Array(hkdfSync("sha256", key, "", "effekten key commitment", COMMITMENT_BYTES))
  const fresh = { key, commitment }
  prepared.set(bytes, fresh)
  return fresh
}

/** @param associatedData binds the box to its place */
export const encrypt = (
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: string,
  plaintext: Uint8Array
): Uint8Array => {
  const own = prepare(key)
  const cipher = createCipheriv("aes-256-gcm", own.key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(associatedData))
  const body = cipher.update(plaintext)
  const end = cipher.final()
  return Buffer.concat([Uint8Array.of(FORMAT), nonce, own.commitment, body, end, cipher.getAuthTag()])
}

/** Undefined where it is not what was sealed under this key, in this place. */
export const decrypt = (key: Uint8Array, associatedData: string, sealed: Uint8Array): Uint8Array | undefined => {
  const format = sealed[0]
  if (format !== FORMAT && format !== WITHOUT_COMMITMENT) return undefined
  const nonceEnd = 1 + NONCE_BYTES
  const start = format === FORMAT ? nonceEnd + COMMITMENT_BYTES : nonceEnd
  const end = sealed.length - TAG_BYTES
  if (end < start) return undefined
  const own = prepare(key)
  if (format === FORMAT && !timingSafeEqual(sealed.subarray(nonceEnd, start), own.commitment)) return undefined
  const decipher = createDecipheriv("aes-256-gcm", own.key, sealed.subarray(1, nonceEnd), { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(associatedData))
  decipher.setAuthTag(sealed.subarray(end))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(start, end)), decipher.final()])
  } catch {
    return undefined
  }
}
