/**
 * The custody of managed wallets: the port to a custodian that holds their keys, and the embedded custody. For the services that make
 * wallets. No key is stored here: an address follows from the wallet's id.
 */
import { EthereumAddress, type Id } from "@effekten/domain"
import { Context, Effect, Layer, Redacted, Schema } from "effect"
import { keccak_256 } from "@noble/hashes/sha3.js"
import { createECDH, createHmac } from "node:crypto"
import { Secrets } from "../base/Secrets.ts"

/** The custodian gave no address; nothing was recorded. @category errors */
export class CustodyUnavailable extends Schema.TaggedError<CustodyUnavailable>()("CustodyUnavailable", {
  message: Schema.String
}) {}

/** Order of secp256k1 (SEC 2, 2.4.1): a private key is between 0 and it. */
const order = BigInt("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")

/** @category services */
export class Custody extends Context.Service<
  Custody,
  {
    /** The address of a managed wallet: a function of its id, so that a wallet that is refused leaves no key behind. */
    readonly addressOf: (wallet: Id.WalletId) => Effect.Effect<EthereumAddress.EthereumAddress, CustodyUnavailable>
  }
>()("effekten/registrar/Custody") {
  /** Keys derived from the register's own seed: the wallet's key is HMAC-SHA-256(seed, wallet id), on secp256k1. */
  static readonly layerEmbedded: Layer.Layer<Custody, never, Secrets> = Layer.effect(
    Custody,
    Effect.map(Secrets, ({ custodySeed }) =>
      Custody.of({ addressOf: (wallet) => Effect.sync(() => addressOfKey(privateKey(custodySeed, wallet))) })
    )
  ).pipe(Layer.fresh)
}

/** The private key of a managed wallet. The same seed and id give the same key, so custody can move elsewhere. */
const privateKey = (seed: Redacted.Redacted<Uint8Array>, wallet: Id.WalletId): Uint8Array => {
  for (let attempt = 0; ; attempt++) {
    const key = createHmac("sha256", Redacted.value(seed)).update(`wallet\n${wallet}\n${attempt}`).digest()
    const scalar = BigInt(`0x${key.toString("hex")}`)
    // The odds against are about 2^-128; the loop is there so that the function is total.
    if (scalar > 0n && scalar < order) return key
  }
}

/** The address of a private key: the last 20 bytes of Keccak-256 of the public key (Ethereum yellow paper, appendix F). */
const addressOfKey = (key: Uint8Array): EthereumAddress.EthereumAddress => {
  const curve = createECDH("secp256k1")
  curve.setPrivateKey(key)
  const point = curve.getPublicKey().subarray(1)
  return EthereumAddress.EthereumAddress.make(`0x${Buffer.from(keccak_256(point).subarray(12)).toString("hex")}`)
}
