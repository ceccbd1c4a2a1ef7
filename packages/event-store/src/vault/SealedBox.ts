/**
 * A sealed box: format, nonce, commitment, ciphertext, tag. For the vault, and for other places that keep what persons typed.
 *
 * | format | encrypted with | nonce | commitment |
 * |---|---|---|---|
 * | 4 | AES-256-GCM in chunks, each with a tag | 24 bytes of salt, random | 32 bytes |
 * | 3 | XAES-256-GCM | 24 bytes, random | 32 bytes |
 * | 2 | AES-256-GCM | 12 bytes, random | 32 bytes |
 * | 1 | AES-256-GCM | 12 bytes, random | none |
 *
 * New boxes have format 3, and format 4 where the text comes piece by piece; older boxes still open. Neither cipher alone commits to its key: an attacker could make a box that opens under
 * two keys, to two texts. So a box contains a commitment that only its own key derives.
 */
import { createDecipheriv, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from "node:crypto"
import * as ChunkedBox from "./ChunkedBox.ts"
import * as Xaes256Gcm from "./Xaes256Gcm.ts"

const FORMAT = 3
/** The format of a text that comes piece by piece, and the newest one. */
const CHUNKED = 4
/** Bytes of a key. @category values */
export const KEY_BYTES = 32
/** Bytes of a nonce: enough for random ones. @category values */
export const NONCE_BYTES = Xaes256Gcm.NONCE_BYTES
const COMMITMENT_BYTES = 32
const { TAG_BYTES } = Xaes256Gcm

/** How long nonce and commitment are, by format. */
const formats: ReadonlyArray<{ readonly nonce: number; readonly commitment: number } | undefined> = [
  undefined,
  { nonce: 12, commitment: 0 },
  { nonce: 12, commitment: COMMITMENT_BYTES },
  { nonce: NONCE_BYTES, commitment: COMMITMENT_BYTES }
]

/** Whether a box of so many bytes can hold a text of so many. For a check that reads neither. @category predicates */
export const isSizeOf = (sealed: number, plaintext: number): boolean =>
  sealed === 1 + ChunkedBox.sizeOf(plaintext) ||
  formats.some(
    (format) => format !== undefined && sealed === 1 + format.nonce + format.commitment + plaintext + TAG_BYTES
  )

interface PreparedKey {
  readonly key: KeyObject
  readonly extended: Xaes256Gcm.XaesKey
  readonly commitment: Uint8Array
}

// Preparing a key costs more than encrypting a small part with it. What was prepared goes with the key it was prepared of.
const prepared = new WeakMap<Uint8Array, PreparedKey>()
const prepare = (bytes: Uint8Array): PreparedKey => {
  const known = prepared.get(bytes)
  if (known !== undefined) return known
  const key = createSecretKey(bytes)
  const commitment = new Uint8Array(hkdfSync("sha256", key, "", "effekten key commitment", COMMITMENT_BYTES))
  const fresh = { key, extended: Xaes256Gcm.prepare(key), commitment }
  prepared.set(bytes, fresh)
  return fresh
}

/**
 * @param nonce of {@link NONCE_BYTES} random bytes
 * @param associatedData binds the box to its place
 * @category conversions
 */
export const encrypt = (
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: string,
  plaintext: Uint8Array
): Uint8Array => {
  const own = prepare(key)
  const sealed = Xaes256Gcm.encrypt(own.extended, nonce, Buffer.from(associatedData), plaintext)
  return Buffer.concat([Uint8Array.of(FORMAT), nonce, own.commitment, ...sealed])
}

/** Undefined where it is not what was sealed under this key, in this place. @category conversions */
export const decrypt = (key: Uint8Array, associatedData: string, sealed: Uint8Array): Uint8Array | undefined => {
  const format = formats[sealed[0] ?? 0]
  if (format === undefined) return undefined
  const nonceEnd = 1 + format.nonce
  const start = nonceEnd + format.commitment
  if (sealed.length - TAG_BYTES < start) return undefined
  const own = prepare(key)
  if (format.commitment > 0 && !timingSafeEqual(sealed.subarray(nonceEnd, start), own.commitment)) return undefined
  const nonce = sealed.subarray(1, nonceEnd)
  const place = Buffer.from(associatedData)
  try {
    return format.nonce === NONCE_BYTES
      ? Xaes256Gcm.decrypt(own.extended, nonce, place, sealed.subarray(start))
      : decryptPlain(own.key, nonce, place, sealed.subarray(start))
  } catch {
    return undefined
  }
}

/**
 * A box of a text that comes piece by piece.
 *
 * @param salt of {@link ChunkedBox.SALT_BYTES} random bytes
 */
export const encryptPieces = (
  key: Uint8Array,
  salt: Uint8Array,
  associatedData: string
): ChunkedBox.Passing & { readonly head: Uint8Array } => {
  const box = ChunkedBox.seal(key, salt, associatedData)
  return { ...box, head: Buffer.concat([Uint8Array.of(CHUNKED), box.head]) }
}

/**
 * Opens a box of any format that is read piece by piece. It throws where that is not what was sealed under this key, in this place. Of
 * formats 1 to 3 nothing is said before their end: they have one tag for all.
 *
 * @param of the format: the first byte of the box, which is not among the pieces
 */
export const decryptPieces = (key: Uint8Array, associatedData: string, of: number): ChunkedBox.Passing => {
  if (of === CHUNKED) return ChunkedBox.open(key, associatedData)
  const pieces: Array<Uint8Array> = [Uint8Array.of(of)]
  return {
    push: (piece) => {
      pieces.push(Uint8Array.from(piece))
      return []
    },
    end: () => {
      const text = decrypt(key, associatedData, Buffer.concat(pieces))
      if (text === undefined) throw new Error("it is not authentic")
      return [text]
    }
  }
}

/** AES-256-GCM, of boxes of formats 1 and 2. */
const decryptPlain = (key: KeyObject, nonce: Uint8Array, place: Uint8Array, sealed: Uint8Array): Uint8Array => {
  const end = sealed.length - TAG_BYTES
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(place)
  decipher.setAuthTag(sealed.subarray(end))
  return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()])
}

/** What to say of a box that did not open, when a newer program sealed it; undefined for a known format. @category conversions */
export const tooNew = (sealed: Uint8Array): string | undefined =>
  sealed[0] !== undefined && sealed[0] > CHUNKED
    ? `sealed in format ${sealed[0]}, this program knows ${CHUNKED}: run the version that wrote it`
    : undefined
