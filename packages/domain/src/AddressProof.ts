/**
 * The proof that an investor has the key of a wallet's address: a signature over a text that names platform, investor and address. For
 * platforms, and for programs that show the text to a person. A wallet is used the same with and without it.
 *
 * The signature is personal. A replay decides without it, and takes from the event that it was right.
 */
import * as Command from "./Command.ts"
import { refuse } from "./Decision.ts"
import * as EthereumAddress from "./EthereumAddress.ts"
import * as EthereumSignature from "./EthereumSignature.ts"
import { AddressProven, addressProofPersonal, TextVersion } from "./events/WalletEvents.ts"
import { WalletId } from "./Id.ts"
import * as Investor from "./Investor.ts"
import * as Wallet from "./Wallet.ts"

/** The text that is signed today. @category values */
export const textVersion: TextVersion = 1

type Named = Pick<Wallet.State, "platform" | "investorId" | "address">

/** A text that was signed once stays as it is. A signature over it proves nothing for another platform, investor or address. */
const texts: { readonly [Version in TextVersion]: (named: Named) => string } = {
  1: ({ address, investorId, platform }) =>
    [
      "I have the key of this address.",
      "",
      `Platform: ${platform ?? "(none)"}`,
      `Investor: ${investorId}`,
      `Address: ${EthereumAddress.checksum(address)}`,
      "",
      "Proof of an address, version 1"
    ].join("\n")
}

/** What the key of a wallet's address signs. @category computing */
export const textOf = (wallet: Named, version: TextVersion = textVersion): string => texts[version](wallet)

/** An address that is proven already: no change, if the signature is right again. @category commands */
export const ProveAddress = Command.make("ProveAddress", {
  input: { walletId: WalletId, textVersion: TextVersion },
  personal: addressProofPersonal,
  *decide({ textVersion, walletId }, personal, context) {
    const wallet = yield* Wallet.find(walletId, context)
    const { investorId } = wallet
    yield* Investor.find(investorId, context)
    if (personal !== undefined) {
      const signer = EthereumSignature.signerOf(textOf(wallet, textVersion), personal.signature)
      if (signer !== wallet.address) return yield* refuse({ code: "signature_invalid" })
    }
    return wallet.proven ? [] : [AddressProven.make({ walletId, investorId, textVersion }, personal)]
  },
  recall: (events) => {
    const { textVersion, walletId } = Command.recorded(events, "AddressProven")
    return { walletId, textVersion }
  }
})
