/**
 * SHA-256 in the forms that cost least. For leaves, the tree over them, and all that is compared with them.
 *
 * Node makes a text of a digest in half the time of a buffer, and two texts are compared at once. With other changes this took a
 * verification from 12 to 6.5 µs an event (docs/reference/performance.md, "What was tried").
 */
import { hash } from "node:crypto"

const digestBytes = 32

/** In lower-case hex. */
export const hexDigest = (data: string | Uint8Array): string => hash("sha256", data, "hex")

/** As a text of 32 characters from U+0000 to U+00FF. */
export const binaryDigest = (data: string | Uint8Array): string => hash("sha256", data, "binary")

/** As bytes, in memory of their own. */
export const digestOf = (data: string | Uint8Array): Uint8Array => {
  const digest = binaryDigest(data)
  const bytes = new Uint8Array(digestBytes)
  for (let index = 0; index < digestBytes; index++) bytes[index] = digest.charCodeAt(index)
  return bytes
}
