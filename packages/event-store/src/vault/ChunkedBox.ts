/**
 * A long text that is sealed and opened piece by piece: salt, commitment, chunks of ciphertext with a tag each. For the sealed box.
 *
 * This is the C2SP chunked encryption (c2sp.org/chunked-encryption) with SHA-512 and AES-256-GCM, there called Cobblestone-256. Every message
 * has a key of its own, derived from the subject's key, a random salt and its place. The nonce counts the chunks, so a chunk does not open in
 * another's place. Only the last chunk is shorter than the others: what was cut between two chunks has no end, and does not open.
 */
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto"

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
  readonly push: (piece: Uint8Array) => Uint8Array
  /** The rest. */
  readonly end: () => Uint8Array
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
  readonly key: Uint8Array
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
    key: material.subarray(0, KEY_BYTES),
    nonce: (chunk) => {
      const nonce = Buffer.from(base)
      nonce.writeUInt32BE((low ^ chunk) >>> 0, NONCE_BYTES - 4)
      return nonce
    },
    commitment: material.subarray(KEY_BYTES + NONCE_BYTES)
  }
}

/** Cuts what comes into pieces of one size. */
const cutting = (size: number, onPiece: (piece: Uint8Array) => Uint8Array) => {
  const held = Buffer.alloc(size)
  let filled = 0
  return {
    push: (piece: Uint8Array): Uint8Array => {
      const made: Array<Uint8Array> = []
      for (let at = 0; at < piece.length;) {
        const taken = Math.min(size - filled, piece.length - at)
        held.set(piece.subarray(at, at + taken), filled)
        filled += taken
        at += taken
        if (filled < size) break
        filled = 0
        made.push(onPiece(held))
      }
      return Buffer.concat(made)
    },
    left: (): Uint8Array => held.subarray(0, filled)
  }
}

/**
 * @param salt of {@link SALT_BYTES} random bytes
 * @param context binds the text to its place
 */
export const seal = (key: Uint8Array, salt: Uint8Array, context: string): Passing & { readonly head: Uint8Array } => {
  const derived = derive(key, salt, context)
  let count = 0
  const sealChunk = (chunk: Uint8Array): Uint8Array => {
    const cipher = createCipheriv("aes-256-gcm", derived.key, derived.nonce(count++), { authTagLength: TAG_BYTES })
    return Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()])
  }
  const chunks = cutting(CHUNK_BYTES, sealChunk)
  return {
    head: Buffer.concat([salt, derived.commitment]),
    push: chunks.push,
    end: () => sealChunk(chunks.left())
  }
}

/** Opens it again. What is not authentic, or has no end, throws; no unauthentic byte is returned. */
export const open = (key: Uint8Array, context: string): Passing => {
  let derived: Derived | undefined
  let count = 0
  const openChunk = (sealed: Uint8Array): Uint8Array => {
    if (derived === undefined) throw new Error("it ends in its head")
    const text = sealed.length - TAG_BYTES
    const decipher = createDecipheriv("aes-256-gcm", derived.key, derived.nonce(count++), { authTagLength: TAG_BYTES })
    decipher.setAuthTag(sealed.subarray(text))
    return Buffer.concat([decipher.update(sealed.subarray(0, text)), decipher.final()])
  }
  const chunks = cutting(CHUNK_BYTES + TAG_BYTES, openChunk)
  const head = cutting(HEAD_BYTES, (found) => {
    derived = derive(key, Buffer.from(found.subarray(0, SALT_BYTES)), context)
    if (!timingSafeEqual(derived.commitment, found.subarray(SALT_BYTES))) throw new Error("it is another key's")
    return new Uint8Array()
  })
  return {
    push: (piece) => {
      if (derived !== undefined) return chunks.push(piece)
      const missing = HEAD_BYTES - head.left().length
      head.push(piece.subarray(0, missing))
      return chunks.push(piece.subarray(missing))
    },
    end: () => openChunk(chunks.left())
  }
}
