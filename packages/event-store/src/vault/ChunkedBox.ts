/**
 * A long text that is sealed and opened piece by piece: salt, commitment, chunks of ciphertext with a tag each. For the sealed box.
 *
 * This is the C2SP chunked encryption (c2sp.org/chunked-encryption) with SHA-512 and AES-256-GCM, there called Cobblestone-256. Every message
 * has a key of its own, derived from the subject's key, a random salt and its place. The nonce counts the chunks, so a chunk does not open in
 * another's place. Only the last chunk is shorter than the others: what was cut between two chunks has no end, and does not open.
 */
import {
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  timingSafeEqual
} from "node:crypto"

export const SALT_BYTES = 24
const KEY_BYTES = 32
const NONCE_BYTES = 12
const COMMITMENT_BYTES = 32
const HEAD_BYTES = SALT_BYTES + COMMITMENT_BYTES
const CHUNK_BYTES = 16 * 1024
const TAG_BYTES = 16

/** What goes through in pieces, and has an end. */
export interface Passing {
  /** What can be said after this piece; often nothing. The piece may be used again by its owner. */
  readonly push: (piece: Uint8Array) => ReadonlyArray<Uint8Array>
  /** The rest. */
  readonly end: () => ReadonlyArray<Uint8Array>
}

/** Bytes of the box of a text. */
export const sizeOf = (plaintext: number): number =>
  HEAD_BYTES + plaintext + TAG_BYTES * (Math.floor(plaintext / CHUNK_BYTES) + 1)

/** HKDF-Expand of RFC 5869 with SHA-512; Node's own does the step before it as well. */
const expand = (key: Uint8Array, info: Uint8Array, length: number): Buffer => {
  const blocks: Array<Buffer> = []
  for (let made = 0; made < length; made += 64) {
    const mac = createHmac("sha512", key)
    const before = blocks.at(-1)
    if (before !== undefined) mac.update(before)
    blocks.push(
      mac
        .update(info)
        .update(Uint8Array.of(blocks.length + 1))
        .digest()
    )
  }
  return Buffer.concat(blocks, length)
}

interface Derived {
  readonly key: KeyObject
  /** The nonce of a chunk: the base nonce with the number of the chunk in its last bytes. */
  readonly nonce: (chunk: number) => Uint8Array
  readonly commitment: Uint8Array
}

const derive = (input: Uint8Array, salt: Uint8Array, context: string): Derived => {
  const info = Buffer.concat([
    Buffer.from("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0"),
    salt,
    Buffer.from(context)
  ])
  const material = expand(input, info, KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES)
  const base = material.subarray(KEY_BYTES, KEY_BYTES + NONCE_BYTES)
  const low = base.readUInt32BE(NONCE_BYTES - 4)
  return {
    key: createSecretKey(material.subarray(0, KEY_BYTES)),
    nonce: (chunk) => {
      const nonce = Buffer.from(base)
      nonce.writeUInt32BE((low ^ chunk) >>> 0, NONCE_BYTES - 4)
      return nonce
    },
    commitment: material.subarray(KEY_BYTES + NONCE_BYTES)
  }
}

const options = { authTagLength: TAG_BYTES } as const

/**
 * What is said is a piece of ciphertext for a piece of text: nothing is copied, and nothing held.
 *
 * @param salt of {@link SALT_BYTES} random bytes
 * @param context binds the text to its place
 */
export const seal = (key: Uint8Array, salt: Uint8Array, context: string): Passing & { readonly head: Uint8Array } => {
  const derived = derive(key, salt, context)
  let count = 0
  let filled = 0
  let chunk: CipherGCM | undefined
  const begin = () => (chunk ??= createCipheriv("aes-256-gcm", derived.key, derived.nonce(count++), options))
  const finish = (): Uint8Array => {
    const cipher = begin()
    chunk = undefined
    filled = 0
    cipher.final()
    return cipher.getAuthTag()
  }
  return {
    head: Buffer.concat([salt, derived.commitment]),
    push: (piece) => {
      const sealed: Array<Uint8Array> = []
      for (let at = 0; at < piece.length;) {
        const from = at
        at = Math.min(from + CHUNK_BYTES - filled, piece.length)
        filled += at - from
        sealed.push(begin().update(piece.subarray(from, at)))
        if (filled === CHUNK_BYTES) sealed.push(finish())
      }
      return sealed
    },
    end: () => [finish()]
  }
}

/** Opens it again. What is not authentic, or has no end, throws; no unauthentic byte is returned. */
export const open = (key: Uint8Array, context: string): Passing => {
  let derived: Derived | undefined
  let count = 0
  // The head first, then chunks: only what is whole can be opened.
  let held = Buffer.alloc(HEAD_BYTES)
  let filled = 0
  const readHead = () => {
    derived = derive(key, Buffer.from(held.subarray(0, SALT_BYTES)), context)
    if (!timingSafeEqual(derived.commitment, held.subarray(SALT_BYTES))) throw new Error("it is another key's")
    held = Buffer.alloc(CHUNK_BYTES + TAG_BYTES)
  }
  const openChunk = (sealed: Uint8Array): Uint8Array => {
    if (derived === undefined) throw new Error("it ends in its head")
    const text = sealed.length - TAG_BYTES
    const decipher = createDecipheriv("aes-256-gcm", derived.key, derived.nonce(count++), options)
    decipher.setAuthTag(sealed.subarray(text))
    const opened = decipher.update(sealed.subarray(0, text))
    decipher.final()
    return opened
  }
  return {
    push: (piece) => {
      const opened: Array<Uint8Array> = []
      for (let at = 0; at < piece.length;) {
        const from = at
        at = Math.min(from + held.length - filled, piece.length)
        held.set(piece.subarray(from, at), filled)
        filled += at - from
        if (filled < held.length) break
        filled = 0
        if (derived === undefined) readHead()
        else opened.push(openChunk(held))
      }
      return opened
    },
    end: () => [openChunk(held.subarray(0, filled))]
  }
}
