/**
 * XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM under a key derived for each message. For the sealed box.
 *
 * Random nonces of 192 bits are safe for 2⁸⁰ messages of a key. With the 96 bits of AES-256-GCM the uses of a key must be counted, and end
 * after 2³². The derivation is the KDF of NIST SP 800-108r1 in counter mode over CMAC-AES256: one block for each half of the derived key.
 */
import { type Cipheriv, createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto"

export const NONCE_BYTES = 24
export const TAG_BYTES = 16

const BLOCK_BYTES = 16
/** The part of the nonce that goes into the derived key; AES-256-GCM has the rest as its own. */
const CONTEXT_BYTES = 12

/** A key, and what every message under it needs again. */
export interface XaesKey {
  /** AES-256 of single blocks, without a mode: it keeps nothing from one call to the next. */
  readonly blocks: Cipheriv
  /** The blocks to be encrypted, but for the nonce: counter, label, and the subkey K1 of CMAC over all of it. */
  readonly template: Uint8Array
}

export const prepare = (key: KeyObject): XaesKey => {
  const blocks = createCipheriv("aes-256-ecb", key, null).setAutoPadding(false)
  const subkey = doubled(blocks.update(new Uint8Array(BLOCK_BYTES)))
  const template = new Uint8Array(2 * BLOCK_BYTES)
  for (const [index, counter] of [1, 2].entries()) {
    const at = index * BLOCK_BYTES
    template.set([0, counter, 0x58, 0], at)
    for (let byte = 0; byte < BLOCK_BYTES; byte++) template[at + byte]! ^= subkey[byte]!
  }
  return { blocks, template }
}

/** Times x in the field of 2¹²⁸ elements, as CMAC makes its subkey. */
const doubled = (block: Uint8Array): Uint8Array => {
  const result = new Uint8Array(BLOCK_BYTES)
  for (let byte = 0; byte < BLOCK_BYTES; byte++) result[byte] = (block[byte]! << 1) | ((block[byte + 1] ?? 0) >> 7)
  if (block[0]! >> 7 === 1) result[BLOCK_BYTES - 1]! ^= 0b1000_0111
  return result
}

/** The key of one message. As an object: given the bytes, Node takes 10 µs longer to make a cipher of them. */
const derive = ({ blocks, template }: XaesKey, nonce: Uint8Array): KeyObject => {
  const input = template.slice()
  for (let byte = 0; byte < CONTEXT_BYTES; byte++) {
    const bits = nonce[byte]!
    input[4 + byte]! ^= bits
    input[BLOCK_BYTES + 4 + byte]! ^= bits
  }
  const derived = blocks.update(input)
  const key = createSecretKey(derived)
  derived.fill(0)
  return key
}

/** The ciphertext in parts, its tag last. */
export const encrypt = (
  key: XaesKey,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array
): ReadonlyArray<Uint8Array> => {
  const own = nonce.subarray(CONTEXT_BYTES)
  const cipher = createCipheriv("aes-256-gcm", derive(key, nonce), own, { authTagLength: TAG_BYTES })
  cipher.setAAD(associatedData)
  return [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]
}

/** Throws where it is not what was encrypted so. */
export const decrypt = (
  key: XaesKey,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  sealed: Uint8Array
): Uint8Array => {
  const end = sealed.length - TAG_BYTES
  const own = nonce.subarray(CONTEXT_BYTES)
  const decipher = createDecipheriv("aes-256-gcm", derive(key, nonce), own, { authTagLength: TAG_BYTES })
  decipher.setAAD(associatedData)
  decipher.setAuthTag(sealed.subarray(end))
  return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()])
}
