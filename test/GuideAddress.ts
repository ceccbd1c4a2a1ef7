import type { Id } from "@effekten/domain"
import { Wallets } from "@effekten/services"
import { secp256k1 } from "@noble/curves/secp256k1.js"
import { keccak_256 } from "@noble/hashes/sha3.js"
import { Effect } from "effect"

/** The signature of a wallet over a text (EIP-191): `personal_sign` of a browser's wallet gives the same. */
export const signed = (text: string, secret: Uint8Array): string => {
  const bytes = Buffer.from(text)
  const digest = keccak_256(Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${bytes.length}`), bytes]))
  const [recovery, ...rs] = secp256k1.sign(digest, secret, { prehash: false, format: "recovered" })
  return `0x${Buffer.from([...rs, 27 + recovery!]).toString("hex")}`
}

/** Proves that the investor has the key of the wallet's address. Nothing is to be proven of a managed wallet. */
export const prove = Effect.fn(function* (investor: Id.InvestorId, wallet: Id.WalletId, secret: Uint8Array) {
  const wallets = yield* Wallets
  const { proofText } = yield* wallets.get(investor, wallet)
  if (proofText === null) return undefined
  return yield* wallets.prove(investor, wallet, { signature: signed(proofText, secret) })
})
