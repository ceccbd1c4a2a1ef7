/**
 * Ethereum addresses, in canonical form lower case. For wallets, and for programs that show an address to a person.
 *
 * An address in mixed case carries a checksum (EIP-55) that catches mistyping; all lower or all upper case carries none.
 */
import { Schema } from "effect"
import { keccak_256 } from "@noble/hashes/sha3.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import * as Sampling from "./Sampling.ts"

/** Canonical form: `0x` and 40 lower-case hex digits. @category values */
export const EthereumAddress = Schema.String.check(
  Schema.isPattern(/^0x[0-9a-f]{40}$/, { expected: "0x and 40 lower-case hex digits" })
).pipe(Schema.brand("EthereumAddress"))
export type EthereumAddress = typeof EthereumAddress.Type

/** The mixed-case form of EIP-55: a letter is a capital where the hash of the lower-case digits has a nibble of 8 or more. @category conversions */
export const checksum = (address: string): string => {
  const digits = address.slice(2).toLowerCase()
  const hash = bytesToHex(keccak_256(utf8ToBytes(digits)))
  let text = "0x"
  for (let i = 0; i < digits.length; i++) {
    text += Number.parseInt(hash.charAt(i), 16) >= 8 ? digits.charAt(i).toUpperCase() : digits.charAt(i)
  }
  return text
}

/** Nobody has the key of this address: programs mean "none" by it, and what is sent there is lost. */
const zero = /^0x0{40}$/

/**
 * Reads an address as people write it; `undefined` when its form or its checksum is wrong, or when it is the zero address.
 *
 * @category conversions
 */
export const parse = (text: string): EthereumAddress | undefined => {
  if (!/^0x[0-9A-Fa-f]{40}$/.test(text) || zero.test(text)) return undefined
  const digits = text.slice(2)
  const mixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase()
  return mixed && checksum(text) !== text ? undefined : EthereumAddress.make(text.toLowerCase())
}

/** The canonical form of an address that was checked as {@link Written}; throws for any other text. @category conversions */
export const canonical = (written: string): EthereumAddress => {
  const address = parse(written)
  if (address === undefined) throw new TypeError("an address that was checked cannot be read")
  return address
}

/** The addresses with a checksum that EIP-55 gives as examples. */
const inMixedCase = [
  "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
  "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
  "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
  "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"
]

/** An address as it arrives: any case, EIP-55 checked when mixed, never the zero address. Take {@link canonical} for its canonical form. @category values */
export const Written = Schema.String.check(
  Schema.makeFilter((text: string) => parse(text) !== undefined, {
    expected: "an Ethereum address but the zero address, with a right checksum (EIP-55) when in mixed case",
    toJsonSchema: () => ({ pattern: "^0x[0-9A-Fa-f]{40}$" }),
    arbitraryConstraint: Sampling.matching([/^0x[0-9a-f]{40}$/, /^0x[0-9A-F]{40}$/, Sampling.anyOf(inMixedCase)])
  })
)
