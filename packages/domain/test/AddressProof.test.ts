/**
 * Proofs of addresses: what is signed, whose key signed it, and what a decision makes of it. For the developer that changes the text or its
 * check.
 */
import { secp256k1 } from "@noble/curves/secp256k1.js"
import { describe, expect, it } from "vitest"
import { AddressProof, EthereumAddress, EthereumSignature, Id, Wallet } from "../src/index.ts"
import { Case } from "./Case.ts"

const key = (n: number) => Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? n : 0))
const addressOf = (n: number) => EthereumSignature.addressOf(secp256k1.getPublicKey(key(n), false))

const signed = (n: number, text: string) => {
  const options = { prehash: false, format: "recovered" } as const
  const [recovery, ...rest] = secp256k1.sign(EthereumSignature.digestOf(text), key(n), options)
  return `0x${Buffer.from([...rest, 27 + recovery!]).toString("hex")}`
}

describe("whose key signed a text", () => {
  // Of the documentation of web3.js: `eth.accounts.sign`.
  const known = {
    text: "Some data",
    address: "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23",
    signature:
      "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c"
  }

  it("is told by the signature, as other programs make it", () => {
    expect(EthereumSignature.signerOf(known.text, known.signature)).toBe(known.address)
    expect(EthereumSignature.signerOf(known.text, `${known.signature.slice(0, -2)}01`)).toBe(known.address)
    // The least private key there is.
    expect(addressOf(1)).toBe("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf")
  })

  it("is another one for another text, another byte or no key at all", () => {
    expect(EthereumSignature.signerOf("Some date", known.signature)).not.toBe(known.address)
    for (let at = 2; at < 132; at++) {
      const digit = ((Number.parseInt(known.signature[at]!, 16) + 1) % 16).toString(16)
      const other = `${known.signature.slice(0, at)}${digit}${known.signature.slice(at + 1)}`
      expect([at, EthereumSignature.signerOf(known.text, other)]).not.toEqual([at, known.address])
    }
    for (const none of ["00".repeat(65), "ff".repeat(65), `${"00".repeat(64)}1b`, `${"ff".repeat(64)}1c`])
      expect(EthereumSignature.signerOf(known.text, `0x${none}`)).toBeUndefined()
  })
})

const wallet = {
  platform: Id.PlatformId.make("platform"),
  investorId: Id.InvestorId.make("investor"),
  address: addressOf(1)
}

describe("the text of a proof", () => {
  it("of version 1 stays as it is", () => {
    expect(AddressProof.textOf(wallet, 1)).toBe(
      `I have the key of this address.

Platform: platform
Investor: investor
Address: 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf

Proof of an address, version 1`
    )
  })

  it("names platform, investor and address, so that it proves nothing for others", () => {
    const texts = [
      wallet,
      { ...wallet, platform: null },
      { ...wallet, investorId: Id.InvestorId.make("another") },
      { ...wallet, address: EthereumAddress.EthereumAddress.make(addressOf(2)) }
    ].map((named) => AddressProof.textOf(named))
    expect(new Set(texts).size).toBe(texts.length)
  })
})

describe("an address is proven", () => {
  const walletId = Id.WalletId.make("g")

  /** Anna has a generic wallet at the address of key 1. */
  const holding = (): Case => {
    const c = new Case()
    c.identify()
    const address = addressOf(1)
    c.by("p", "RegisterGenericWallet", { walletId, investorId: "anna", address, receivingEnabled: false })
    return c
  }
  const textOf = (c: Case, change: object = {}) =>
    AddressProof.textOf({ ...c.register.state(Wallet.model(walletId))!, ...change })
  const prove = (c: Case, signature: string, platform: string | undefined = "p") =>
    c.by(platform, "ProveAddress", { walletId, textVersion: 1 }, { signature })
  const isProven = (c: Case) => c.register.state(Wallet.model(walletId))?.proven

  it("by its key over the text of the wallet, once", () => {
    const c = holding()
    expect(isProven(c)).toBe(false)
    expect(prove(c, signed(1, textOf(c)))).toBe("accepted")
    expect(isProven(c)).toBe(true)
    expect(c.last(["AddressProven"])).toEqual({ walletId, investorId: "anna", textVersion: 1 })
    expect(prove(c, signed(1, textOf(c)))).toBe("no change")
    expect(prove(c, signed(2, textOf(c)))).toBe("signature_invalid")
  })

  it("by no other key, and by no text for another platform, investor or address", () => {
    const c = holding()
    for (const signature of [
      signed(2, textOf(c)),
      signed(1, textOf(c, { platform: "q" })),
      signed(1, textOf(c, { investorId: "bert" })),
      signed(1, textOf(c, { address: addressOf(2) })),
      `0x${"00".repeat(65)}`
    ])
      expect(prove(c, signature)).toBe("signature_invalid")
    expect(prove(c, signed(1, textOf(c)), "q")).toBe("wallet_not_found")
    expect(isProven(c)).toBe(false)
  })

  it("without a signature in the body of the event", () => {
    const c = holding()
    prove(c, signed(1, textOf(c)))
    const event = c.register.log.at(-1)!
    expect(event.type).toBe("AddressProven")
    expect(JSON.stringify(event.data)).not.toContain("0x")
  })
})
