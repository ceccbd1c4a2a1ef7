/**
 * Keys of addresses that investors have in a run, and what these keys sign. For steps, and for the second model: it does not recover what a
 * signature says, but signs itself and compares.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js"
import { EthereumAddress, EthereumSignature } from "@effekten/domain"

const { BASE, Fn } = secp256k1.Point

/** The keys are the numbers from 1 on, which nobody takes for a secret: so nothing has to be blinded by chance. */
const pointOf = (n: bigint) => BASE.multiplyUnsafe(n)

const addresses = new Map<number, EthereumAddress.EthereumAddress>()
const numbers = new Map<string, number>()

/** The address of the key of that number, from 1 on. @category constructors */
export const addressOf = (n: number): EthereumAddress.EthereumAddress => {
  const known = addresses.get(n)
  if (known !== undefined) return known
  const address = EthereumSignature.addressOf(pointOf(BigInt(n)).toBytes(false))
  addresses.set(n, address)
  numbers.set(address, n)
  return address
}

const hex = (n: bigint): string => n.toString(16).padStart(64, "0")

/** ECDSA, with a nonce that is no secret either. */
const signedBy = (n: number, text: string): string => {
  const nonce = BigInt(n) + 1_000n
  const { x, y } = pointOf(nonce).toAffine()
  const digest = BigInt(`0x${Buffer.from(EthereumSignature.digestOf(text)).toString("hex")}`)
  const s = Fn.mul(Fn.inv(nonce), Fn.create(digest + x * BigInt(n)))
  return `0x${hex(x)}${hex(s)}${y % 2n === 0n ? "1b" : "1c"}`
}

/** An address, and whose it is. */
interface Proving {
  readonly through: string | undefined
  readonly investor: string
  readonly address: string
}

const textOf = ({ address, investor, through }: Proving): string =>
  `I have the key of this address.\n\nPlatform: ${through ?? "(none)"}\nInvestor: ${investor}\nAddress: ${EthereumAddress.checksum(address)}\n\nProof of an address, version 1`

/** What the key of an address signs as a proof; none where nobody has the key. @category computing */
export const proofOf = (proving: Proving): string | undefined => {
  const n = numbers.get(proving.address)
  return n === undefined ? undefined : signedBy(n, textOf(proving))
}
