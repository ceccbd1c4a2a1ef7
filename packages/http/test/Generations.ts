/**
 * One object of each kind, as the register shows it, and every method of the client that answers with it. For the tests of other generations
 * of the API.
 */
import {
  Answer,
  type CommandFailure,
  type Operation,
  platformResources,
  type PlatformService
} from "@effekten/services"
import { Context, Effect, Schema } from "effect"
import { fake, withClient } from "./FakeServer.ts"

export interface Wire {
  readonly [member: string]: unknown
}

/** One object of each kind, as the register shows it. */
export const objects: { readonly [name: string]: Wire } = {
  Investor: {
    id: "investor",
    kyc_status: "SUCCESS",
    natural_person: {
      salutation: "MS",
      forename: "Erika",
      surname: "Beispiel",
      birth_date: "1984-02-29",
      birth_place: "Musterstadt",
      citizenship: "DEU",
      street: "Lindenallee 7",
      city: "Musterstadt",
      zip: "12345",
      country: "DEU",
      phone: "+49 30 0000 000",
      is_pep: false,
      is_subject_to_us_tax: false
    },
    bank_account: {
      account_holder: "Erika Beispiel",
      iban: "DE89370400440532013000",
      bic: "COBADEFFXXX",
      bank: "Beispielbank",
      country: "DEU",
      currency: "EUR"
    },
    tax_information: { tax_identification_number: "00000000", non_assessment_certificate: false },
    communication: { email: "erika@example.org", email_confirmed: true },
    is_beneficiary: true,
    legal_person: null,
    created_at: "2024-05-02T09:30:00Z"
  },
  Identification: {
    id: "identification",
    investor_id: "investor",
    document_type: "IDCARD",
    document_id: "T0000000",
    document_issuer: "Stadt Musterstadt",
    document_valid_from: "2020-01-01",
    document_valid_to: "2030-01-01",
    identity_provider: "POSTIDENT",
    legitimation_process_id: "process-1",
    legitimation_protocol_id: "document",
    verified_at: "2024-05-02T09:30:00.000Z",
    kyc_status: "SUCCESS",
    created_at: "2024-05-02T09:30:00Z"
  },
  BenefitingPerson: {
    id: "person",
    investor_id: "investor",
    natural_person: { forename: "Wilma", surname: "Beispiel", is_pep: false, is_subject_to_us_tax: false },
    kyc_status: "SUCCESS",
    created_at: "2024-05-02T09:30:00Z"
  },
  Wallet: {
    id: "wallet",
    investor_id: "investor",
    type: "eth-managed",
    address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    receiving_enabled: true,
    proven: null,
    proof_text: null,
    created_at: "2024-05-02T09:30:00Z"
  },
  Document: {
    id: "document",
    file_name: "contract.pdf",
    media_type: "application/pdf",
    size: 3,
    sha256: "0".repeat(64),
    created_at: "2024-05-02T09:30:00Z"
  },
  OfferedProduct: {
    id: "product",
    issuer_id: "issuer",
    name: "Note",
    ewpg: false,
    issue_volume: 1_000,
    step_size: 1,
    product_type: "BOND",
    isin: null,
    nominal_value: null,
    issuance_price: null,
    agio_percent: null,
    payment_days: 14,
    cancellation_days: 14,
    locked_until: null,
    network: null,
    listed: true,
    paused: false,
    created_at: "2021-03-12T07:14:14Z"
  },
  OfferedCampaign: {
    id: "campaign",
    product_id: "product",
    allocation: 1_000,
    free_units: 700,
    opens_at: "2021-03-12T07:14:14Z",
    closes_at: null,
    review_required: false,
    open: true,
    created_at: "2021-03-12T07:14:14Z"
  },
  InvestmentDocument: {
    id: "document",
    document_id: "document",
    category: "category 1",
    subject: "subject 1",
    created_at: "2021-03-12T07:14:14Z"
  },
  Investment: {
    id: "investment",
    status: "PAID",
    campaign_id: "campaign",
    product_id: "product",
    investor_id: "investor",
    units: 300,
    remaining_units: 300,
    wallet: "wallet",
    signed_at: "2021-03-12T07:14:13.630308+00:00",
    accepted_at: "2021-03-12T07:14:13.630308+00:00",
    paid_at: "2021-03-12T07:14:13.630308+00:00",
    delivered_at: null,
    signed_documents: [{ document_id: "document", category: "category 1", subject: "subject 1" }],
    disagio: null,
    accrued_interest: null,
    created_at: "2021-03-12T07:14:14Z"
  },
  Credit: {
    id: "credit",
    investment_id: "investment",
    wallet_id: "wallet",
    units: 300,
    status: "succeeded",
    created_at: "2021-03-12T07:14:14Z"
  },
  Redemption: {
    id: "redemption",
    investor_id: "investor",
    product_id: "product",
    wallet_id: "wallet",
    units: 300,
    status: "success",
    created_at: "2021-03-12T07:14:14Z"
  },
  Transfer: {
    id: "transfer",
    product: "product",
    source_wallet: "wallet",
    target_address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    amount: 300,
    status: "succeeded",
    created_at: "2021-03-12T07:14:14Z"
  },
  DepositedTerms: {
    product_id: "product",
    version: 1,
    document_id: "document",
    sha256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    created_at: "2021-03-12T07:14:14Z"
  },
  RegistryStatement: {
    id: "statement",
    investment_id: "investment",
    cause: "change",
    about: "12",
    as_of: 12,
    renderer: 1,
    created_at: "2021-03-12T07:14:14Z"
  },
  RegistryStatementContent: {
    id: "statement",
    investment_id: "investment",
    cause: "change",
    about: "12",
    as_of: 12,
    renderer: 1,
    created_at: "2021-03-12T07:14:14Z",
    text: "Statement of the register\n",
    content: "{}",
    proof: { event: "{}", position: 13, checkpoint: "a signed note", path: ["AAAA"] }
  },
  Event: {
    id: "event",
    type: "investment.status_changed",
    object_id: "investment",
    investment_id: "investment",
    status: "PAID",
    changed_at: "2021-03-12T07:14:14Z"
  }
}

export const options = { retry: { attempts: 1 } } as const

export const called = (
  service: (typeof platformResources)[number],
  name: string,
  args: ReadonlyArray<unknown>
): Effect.Effect<any, CommandFailure, PlatformService> =>
  Effect.flatMap(Effect.context<PlatformService>(), (services) =>
    (Context.get(services, service as never) as any)[name](...args)
  )

/** Every method of the platform's services. */
export const methods = platformResources.flatMap((service) =>
  Object.entries<Operation.Any>(service.resource.operations).map(([name, operation]) => {
    const input =
      operation._tag === "Command" && operation.input !== undefined
        ? [Schema.decodeUnknownSync(operation.input)(operation.example)]
        : []
    const args = [...operation.ids.map(() => "an-id"), ...input]
    const answering = (respond: () => Response): Effect.Effect<any, CommandFailure> =>
      withClient(fake(respond), options)(called(service, name, args))
    return { title: `${service.resource.name}.${name}`, operation, answering, object: objects[operation.answer!.name]! }
  })
)
export type Method = (typeof methods)[number]

/** What a method returns for a body: a list, of the results of one page. */
export const returned = (
  { answering, operation }: Method,
  body: unknown,
  status = 200
): Effect.Effect<any, CommandFailure> =>
  operation._tag === "List"
    ? Effect.map(
        answering(() => Response.json({ count: 1, next: null, previous: null, results: [body] }, { status })),
        ({ results }) => results[0]
      )
    : answering(() => Response.json(body, { status }))

export const whole = ({ object, operation }: Method): unknown =>
  Schema.decodeUnknownSync(Answer.schemaOf(operation.answer!))(object)

export const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
