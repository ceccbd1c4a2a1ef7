/**
 * Signatures over a text (EIP-191, `personal_sign`), and the address of the key that made one. For proofs that somebody has the key of an
 * address. No key is held here, and nothing is asked of a chain: a contract that signs by rules of its own (EIP-1271) has no key.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js"
import { keccak_256 } from "@noble/hashes/sha3.js"
import { bytesToHex, concatBytes, utf8ToBytes } from "@noble/hashes/utils.js"
import { Result, Schema } from "effect"
import { EthereumAddress } from "./EthereumAddress.ts"
import * as Sampling from "./Sampling.ts"

/** `0x` and 130 hexadecimal digits: r, s, and v as 27 or 28, or as 0 or 1. @category schemas */
export const Signature = Schema.String.check(
  Schema.isPattern(/^0x[0-9A-Fa-f]{130}$/, {
    expected: "a signature of 65 bytes: 0x and 130 hexadecimal digits",
    toJsonSchema: () => ({ pattern: "^0x[0-9A-Fa-f]{130}$" }),
    arbitraryConstraint: Sampling.matching([/^0x[0-9a-f]{128}1[bc]$/])
  })
)
export type Signature = typeof Signature.Type

/** What is signed in the place of a text: its hash behind a prefix that no transaction begins with. @category conversions */
export const digestOf = (text: string): Uint8Array => {
  const bytes = utf8ToBytes(text)
  return keccak_256(concatBytes(utf8ToBytes(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes))
}

/** The address of a public key: the last 20 bytes of its hash. The key is 65 bytes, uncompressed. @category conversions */
export const addressOf = (publicKey: Uint8Array): EthereumAddress =>
  EthereumAddress.make(`0x${bytesToHex(keccak_256(publicKey.subarray(1)).subarray(12))}`)

/** The address whose key signed the text; none where no key can have made the signature. @category computing */
export const signerOf = (text: string, signature: Signature): EthereumAddress | undefined => {
  const [r, s] = [2, 66].map((from) => BigInt(`0x${signature.slice(from, from + 64)}`)) as [bigint, bigint]
  const v = Number.parseInt(signature.slice(130), 16)
  const recovered = Result.try(() =>
    new secp256k1.Signature(r, s, v < 27 ? v : v - 27).recoverPublicKey(digestOf(text)).toBytes(false)
  )
  return v % 27 < 2 && Result.isSuccess(recovered) ? addressOf(recovered.success) : undefined
}
