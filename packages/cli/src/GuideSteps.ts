/**
 * One investment, from its investor to a redemption: the steps of the Distribution API's own guide. For `effekten guide`, for tests, and for
 * readers. It may use only the services, so that it runs embedded and remote alike.
 */
import type { BankAccount, CalendarDate, CountryCode, Currency, Id, Timestamp, Units } from "@effekten/domain"
import {
  type Answer,
  type Api,
  Credits,
  Documents,
  Investments,
  Investors,
  type ReadFailure,
  Redemptions,
  Wallets
} from "@effekten/services"
import { Effect } from "effect"

/** What the guide needs to know. @category models */
export interface GuideOptions {
  readonly campaignId: Id.CampaignId
  readonly productId: Id.ProductId
  /** Called after each step with its title and its result. */
  readonly onStep?: (title: string, result: string) => Effect.Effect<void>
}

/** Units the guide subscribes and redeems. @category values */
export const guideUnits = 300 as Units.Units

/** An invented person. @category values */
export const guideInvestor = {
  naturalPerson: {
    salutation: "MS",
    forename: "Erika",
    surname: "Beispiel",
    birthDate: "1984-02-29" as CalendarDate.CalendarDate,
    birthPlace: "Musterstadt",
    citizenship: "DEU" as CountryCode.CountryCode,
    street: "Lindenallee 7",
    city: "Musterstadt",
    zip: "12345",
    country: "DEU" as CountryCode.CountryCode,
    phone: "+49 30 0000 000",
    isPep: false
  },
  bankAccount: {
    accountHolder: "Erika Beispiel",
    iban: "DE89370400440532013000" as BankAccount.Iban,
    bic: "COBADEFFXXX" as BankAccount.Bic,
    bank: "Beispielbank",
    country: "DEU" as CountryCode.CountryCode,
    currency: "EUR" as Currency.Code
  },
  taxInformation: { taxIdentificationNumber: "00000000", nonAssessmentCertificate: false },
  communication: { email: "erika@example.org", emailConfirmed: true },
  isBeneficiary: true
}

/** An invented identification, carried out elsewhere. @category values */
export const guideIdentification = (protocol: Id.DocumentId) => ({
  documentType: "IDCARD",
  documentId: "T0000000",
  documentIssuer: "Stadt Musterstadt",
  documentValidFrom: "2020-01-01" as CalendarDate.CalendarDate,
  documentValidTo: "2030-01-01" as CalendarDate.CalendarDate,
  identityProvider: "POSTIDENT",
  legitimationProcessId: "process-1",
  legitimationProtocolId: protocol,
  verifiedAt: "2024-05-02T09:30:00.000Z" as Timestamp.Timestamp
})

const signedAt = "2024-05-02T10:00:00.000000+00:00" as Timestamp.Timestamp

const file = (fileName: string) => ({
  fileName,
  mediaType: "application/pdf",
  content: new TextEncoder().encode(`${fileName}: nothing in it`)
})

/** Waits, within bounds, until the ledger has settled what an investment waits for. */
const settled = (
  investment: Effect.Effect<Answer.Seen<Api.Investment>, ReadFailure>,
  isSettled: (state: Answer.Seen<Api.Investment>) => boolean
) =>
  Effect.gen(function* () {
    let state = yield* investment
    for (let round = 0; round < 200 && !isSettled(state); round++) {
      yield* Effect.sleep("50 millis")
      state = yield* investment
    }
    return state
  })

/**
 * Runs the guide and returns the investment as it is after delivery, and after all its units were redeemed.
 *
 * @category running
 */
export const runGuide = Effect.fnUntraced(function* (options: GuideOptions) {
  const investors = yield* Investors
  const documents = yield* Documents
  const wallets = yield* Wallets
  const investments = yield* Investments
  const credits = yield* Credits
  const redemptions = yield* Redemptions
  const step = options.onStep ?? (() => Effect.void)

  const investor = yield* investors.create(guideInvestor)
  yield* step("Create an investor", investor.id)

  const protocol = yield* documents.upload(file("protocol.pdf"))
  yield* step("Upload the legitimation protocol", protocol.id)

  const identification = yield* investors.identify(investor.id, guideIdentification(protocol.id))
  yield* step("Record the identification", `KYC ${identification.kycStatus}`)

  const wallet = yield* wallets.createManaged(investor.id)
  yield* step("Create a managed wallet", `${wallet.address}`)

  const contract = yield* documents.upload(file("contract.pdf"))
  const terms = yield* documents.upload(file("terms.pdf"))
  yield* step("Upload two signed documents", `${contract.id}, ${terms.id}`)

  const investment = yield* investments.create({
    campaignId: options.campaignId,
    investorId: investor.id,
    units: guideUnits,
    signedAt,
    acceptedAt: signedAt,
    paidAt: signedAt,
    signedDocuments: [
      { documentId: contract.id, category: "contract", subject: "Subscription" },
      { documentId: terms.id, category: "terms", subject: "Terms of the issue" }
    ],
    wallet: wallet.id
  })
  yield* step(`Create an investment of ${guideUnits} units`, `${investment.id} ${investment.status}`)

  const credit = yield* credits.create(investment.id)
  yield* step("Credit the units to the wallet", `${credit.status}`)

  const read = investments.get(investment.id)
  const delivered = yield* settled(read, ({ status }) => status === "DELIVERED")
  yield* step("Read the investment", `${delivered.status}, remaining ${delivered.remainingUnits}`)

  const redemption = yield* redemptions.create({
    investorId: investor.id,
    productId: options.productId,
    walletId: wallet.id,
    units: guideUnits
  })
  yield* step(`Redeem ${guideUnits} units`, `${redemption.status}`)

  const redeemed = yield* settled(read, ({ remainingUnits }) => remainingUnits === 0)
  yield* step("Read the investment", `${redeemed.status}, remaining ${redeemed.remainingUnits}`)

  return { delivered, redeemed }
})
