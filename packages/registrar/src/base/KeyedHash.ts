/**
 * HMAC-SHA-256 of texts under one key, in hex. For the register's secrets, which take two of them for every command.
 *
 * RFC 2104 over `crypto.hash`, with both pads made once. A short text takes 0.6 µs; `createHmac` takes 1.3, because it makes a stream
 * object for each. Not for bytes, and not for keys longer than a block.
 */
import { hash } from "node:crypto"

const blockBytes = 64
const digestBytes = 32
/** Texts of requests are rarely longer; a longer one gets memory of its own. */
const scratchBytes = 16_384
/** No character of a JavaScript string takes more in UTF-8. */
const bytesPerUnit = 3

/** @category constructors */
export const make = (key: Uint8Array): ((text: string) => string) => {
  if (key.length > blockBytes) throw new RangeError(`a key of at most ${blockBytes} bytes`)
  const pad = (mask: number, room: number): Buffer => {
    const bytes = Buffer.alloc(blockBytes + room)
    for (let at = 0; at < blockBytes; at++) bytes[at] = mask ^ (key[at] ?? 0)
    return bytes
  }
  const inner = pad(0x36, scratchBytes)
  const outer = pad(0x5c, digestBytes)
  return (text) => {
    const room = blockBytes + text.length * bytesPerUnit
    const bytes = room <= inner.length ? inner : Buffer.concat([inner.subarray(0, blockBytes)], room)
    const written = bytes.write(text, blockBytes, "utf8")
    outer.write(hash("sha256", bytes.subarray(0, blockBytes + written), "hex"), blockBytes, "hex")
    return hash("sha256", outer, "hex")
  }
}
