/**
 * A register with a product, a campaign and two platforms, and the data of invented people. For the tests of this package.
 */
import type { Id, Timestamp } from "@effekten/domain"
import {
  Api,
  Campaigns,
  Credits,
  Documents,
  Investments,
  Investors,
  Platforms,
  Products,
  Wallets
} from "@effekten/services"
import { Effect, Schema } from "effect"

/** @category values */
export const person: Api.CreateInvestor = Schema.decodeUnknownSync(Api.CreateInvestor)({
  natural_person: {
    salutation: "MRS",
    forename: "Wilma",
    surname: "Beispiel",
    birth_date: "1988-02-29",
    birth_place: "Musterstadt",
    citizenship: "DEU",
    street: "Erfundene Gasse 1",
    city: "Musterstadt",
    zip: "99999",
    country: "DEU",
    phone: "+49 000 000",
    is_pep: false
  },
  bank_account: {
    account_holder: "Wilma Beispiel",
    iban: "DE89370400440532013000",
    bic: "COBADEFFXXX",
    currency: "EUR"
  },
  tax_information: { tax_identification_number: "00000000", non_assessment_certificate: false },
  communication: { email: "wilma@example.org", email_confirmed: true },
  is_beneficiary: true
})

export const identificationWith = (protocol: Id.DocumentId): Api.CreateIdentification =>
  Schema.decodeUnknownSync(Api.CreateIdentification)({
    document_type: "IDCARD",
    document_id: "X0000000",
    document_issuer: "Amt Musterstadt",
    document_valid_from: "2020-01-01",
    document_valid_to: "2030-01-01",
    identity_provider: "POSTIDENT",
    legitimation_process_id: "0",
    legitimation_protocol_id: protocol,
    verified_at: "2024-05-06T07:08:09.123Z"
  })

export const signedAt = "2024-05-06T07:14:13.630308+00:00" as Timestamp.Timestamp

/** Issuer, product, campaign, and the platform it is sold on. */
export const offering = Effect.fnUntraced(function* (
  options: {
    readonly issueVolume?: number
    readonly allocation?: number
    readonly stepSize?: number
    readonly paymentDays?: number
    readonly ewpg?: boolean
  } = {}
) {
  const platform = yield* (yield* Platforms).register({ name: "Erste Plattform" })
  const products = yield* Products
  const issuer = yield* products.registerIssuer()
  const product = yield* products.register({
    issuerId: issuer.id,
    name: "Musteranleihe",
    productType: "BOND",
    ewpg: options.ewpg ?? false,
    issueVolume: options.issueVolume ?? 1_000_000,
    stepSize: options.stepSize ?? 1,
    cancellationDays: 14,
    ...(options.paymentDays === undefined ? {} : { paymentDays: options.paymentDays })
  })
  yield* products.list(product.id, platform.id)
  const campaign = yield* (yield* Campaigns).open({
    productId: product.id,
    platformId: platform.id,
    allocation: options.allocation ?? 1_000_000
  })
  return { platform: platform.id, product: product.id, campaign: campaign.id }
})

/** An identified investor with a managed wallet. */
export const onboarded = Effect.gen(function* () {
  const investors = yield* Investors
  const investor = yield* investors.create(person)
  const document = yield* (yield* Documents).upload({
    fileName: "protocol.pdf",
    mediaType: "application/pdf",
    content: new TextEncoder().encode("ASD")
  })
  yield* investors.identify(investor.id, identificationWith(document.id))
  const wallet = yield* (yield* Wallets).createManaged(investor.id)
  return { investor: investor.id, wallet: wallet.id }
})

/** A paid investment, credited. */
export const delivered = Effect.fnUntraced(function* (
  campaign: Id.CampaignId,
  holder: { readonly investor: Id.InvestorId; readonly wallet: Id.WalletId },
  units: number
) {
  const investments = yield* Investments
  const investment = yield* investments.create({
    campaignId: campaign,
    investorId: holder.investor,
    units,
    signedAt,
    acceptedAt: signedAt,
    paidAt: signedAt,
    wallet: holder.wallet
  })
  yield* (yield* Credits).create(investment.id)
  return investment.id
})
