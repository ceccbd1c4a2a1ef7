/**
 * Who opens personal data, and for what: to be said before anything is decrypted. For whoever reveals, and for the record of it.
 */
import type { Meta, Operation, PlatformId } from "@effekten/domain"

/** What is asked for where nothing is changed: closed codes, one for each reading the services offer. @category values */
export const readings = [
  "GetInvestor",
  "ListInvestors",
  "GetIdentification",
  "ListIdentifications",
  "GetWallet",
  "ListWallets",
  "GetDocument",
  "ListDocuments",
  "DownloadDocument",
  "GetInvestment",
  "ListInvestments",
  "GetCredit",
  "ListCredits",
  "GetRedemption",
  "ListRedemptions",
  "DiscloseInvestor"
] as const

/** For what: a reading, or the operation of an instruction whose answer shows what was known before. @category models */
export type Purpose = (typeof readings)[number] | Operation

/** @category models */
export interface Access {
  readonly actor: Meta["actor"]
  /** Through which platform; none on the registrar's side. */
  readonly platform: PlatformId | undefined
  readonly purpose: Purpose
}
