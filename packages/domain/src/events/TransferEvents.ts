/**
 * Facts about transfers: the task that moves units from one wallet to another. For readers of the log. The request names the lots it
 * reserves; the outcome moves or releases exactly these. It also fixes the id of the investment that the recipient will have.
 */
import { Schema } from "effect"
import { EthereumAddress } from "../EthereumAddress.ts"
import { define } from "../Event.ts"
import { InvestmentId, InvestorId, PlatformId, ProductId, TransferId, WalletId } from "../Id.ts"
import * as Tag from "../Tag.ts"
import { FailureReason, Resolution } from "../TaskStatus.ts"
import { Units } from "../Units.ts"
import { Basis } from "../Basis.ts"
import { filedUnder, filing } from "./Filing.ts"
import { Part } from "./Part.ts"

const transfer = {
  transferId: TransferId,
  productId: ProductId,
  sourceInvestorId: InvestorId,
  sourceWalletId: WalletId,
  targetAddress: EthereumAddress,
  targetWalletId: WalletId,
  recipientInvestorId: InvestorId,
  /** The recipient's platform, which may be another than the sender's; missing where the recipient has none. */
  recipientPlatform: Schema.optionalKey(PlatformId),
  recipientInvestmentId: InvestmentId,
  units: Units,
  /** In rank order. */
  lots: Schema.Array(Part),
  /** On what basis the registrar moves the units without the holder's instruction. */
  forced: Schema.optionalKey(Basis),
  /** Then the sender's platform; missing where the sender has none. Otherwise it is that of the instruction. */
  sourcePlatform: Schema.optionalKey(PlatformId)
}

/** Both holdings are concerned: the one that gives, and the one that waits. */
const places = (data: {
  readonly transferId: TransferId
  readonly productId: ProductId
  readonly sourceWalletId: WalletId
  readonly targetWalletId: WalletId
}): ReadonlyArray<string> => [
  Tag.transfer(data.transferId),
  Tag.product(data.productId),
  Tag.wallet(data.sourceWalletId),
  Tag.wallet(data.targetWalletId)
]

export const TransferRequested = define("TransferRequested", {
  data: transfer,
  personal: { fields: filing, subject: (data) => Tag.investor(data.sourceInvestorId) },
  tags: (data) => [...places(data), ...filedUnder(data.forced, data.sourceInvestorId)]
})

export const TransferSubmitted = define("TransferSubmitted", {
  data: { transferId: TransferId },
  tags: (data) => [Tag.transfer(data.transferId)]
})

export const UnitsTransferred = define("UnitsTransferred", {
  data: { ...transfer, resolution: Schema.optionalKey(Resolution) },
  tags: (data) => [...places(data), Tag.investment(data.recipientInvestmentId)]
})

export const TransferFailed = define("TransferFailed", {
  data: {
    transferId: TransferId,
    productId: ProductId,
    sourceWalletId: WalletId,
    targetWalletId: WalletId,
    /** No units are on their way to them any more. */
    recipientInvestorId: InvestorId,
    reason: FailureReason,
    resolution: Schema.optionalKey(Resolution)
  },
  tags: places
})

export const TransferOutcomeUnknown = define("TransferOutcomeUnknown", {
  data: { transferId: TransferId },
  tags: (data) => [Tag.transfer(data.transferId)]
})
