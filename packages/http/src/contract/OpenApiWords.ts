/**
 * What the OpenAPI document says in sentences: of the API, its scopes, tags, members and headers. For the document. A rule of the business
 * does not belong here.
 */
import type { Scope } from "@effekten/services"
import { maximumKeyLength } from "./IdempotencyKey.ts"

/** A part of the document, as its generator makes it. @category models */
export type Json = Record<string, any>

/** What stands on top of the document. @category values */
export const introduction = `A register of digital securities, as distribution platforms use it.

**The order.** Get a token. Create an investor, upload the protocol of the identification, record the identification, create a wallet. Create
an investment, credit it, read it until it is \`DELIVERED\`. Redeem units. Each answer has an \`id\` that later calls name.

**Idempotency.** Send \`X-Idempotency-Key\` with every POST: a key that you made and stored before the first attempt. The same key with the same
body gets the same answer, forever, and has no second effect. So if an answer got lost, send the request again, with the same key.

**Errors** are problems (RFC 9457). Match \`code\`. [Each has a page](/problems) that says what to do, and whether to repeat the request.`

/** @category values */
export const scopeSentences: { readonly [S in Scope]: string } = {
  "investors:read": "Read investors, their identifications and wallets",
  "investors:write": "Create investors, their identifications and wallets",
  "investments:read":
    "Read products, campaigns, investments, credits, redemptions, transfers and statements of the register",
  "investments:write": "Create investments, credits, redemptions and transfers, and ask for statements of the register",
  "documents:write": "Upload documents and read what is known of them",
  "issuers:read": "Read issuers; for issuers",
  "issuers:write": "Amend issuers; for issuers",
  "products:read": "Read products, listings, campaigns and platforms; for issuers",
  "products:write": "Register and amend products, list them, and open, resize and close campaigns; for issuers"
}

/** Of the groups of calls, by resource. @category values */
export const tagSentences: { readonly [tag: string]: string } = {
  oauth: "Tokens: the client credentials of RFC 6749, and revocation (RFC 7009).",
  products: "What may be sold, with its terms. The issuer makes it.",
  campaigns: "Units of a product that are offered, and how many of them are free. The issuer makes them.",
  issuers: "Issuers that a client speaks for. For issuers.",
  "issued-products": "Products of an issuer, with their terms. For issuers.",
  "issued-listings": "Where products of an issuer are listed. For issuers.",
  "issued-terms": "Deposited terms of an issuer's products, with versions. For issuers.",
  "issued-investments": "Investments in an issuer's products, without what tells whose they are. For issuers.",
  "issued-campaigns": "Units of an issuer's products that are offered. For issuers.",
  "distribution-platforms": "Platforms that products can be listed on. For issuers.",
  investors: "Persons that hold units, and what came of identifying them.",
  wallets: "Where units are held: managed by the registrar, or at an address of the investor.",
  documents: "Files: uploaded once, then named by id.",
  investments: "Subscriptions: signed, accepted, paid, delivered.",
  credits: "Tasks of the ledger that add the units of an investment to its wallet.",
  redemptions: "Tasks of the ledger that take units out of a wallet.",
  "registry-statements": "What the register says of an investment in a crypto security (eWpG § 19).",
  events: "What happened to your objects, for a program that asks again and again.",
  transfers: "Tasks of the ledger that move units to another wallet, where they are an investment of the recipient's."
}

/** Sentences of members that a name does not explain. @category values */
export const fromMember: { readonly [name: string]: string } = {
  accepted_at: "When the issuer accepted; leave it out if it has not yet.",
  after: "The id of an entry: those behind it.",
  accrued_interest: "What the investor pays for interest that has run up.",
  amount: "Whole units of the security; of money, a whole number of its smallest parts.",
  birth_date: "A day, `YYYY-MM-DD`.",
  cancelled_at: "When the investor declared it. Left out, it is now.",
  citizenship: "ISO 3166-1 alpha-3, or what a passport states instead (ICAO Doc 9303-3).",
  code: "Names the type of problem. A later version may have more.",
  country: "ISO 3166-1 alpha-3.",
  cursor: "From `next` or `previous` of a page.",
  decimals: "How many digits of the amount stand behind the decimal point.",
  disagio: "What the investor pays less than the price.",
  errors: "What is wrong with single members, each by its JSON Pointer.",
  executed: "With status 503: whether the request may have had its effect.",
  expires_in: "Seconds.",
  iban: "In electronic form, with right check digits.",
  is_beneficiary: "The investor acts on their own account; a natural person must.",
  is_pep: "Whether the person is politically exposed.",
  kyc_status: "What came of the identifications.",
  next: "The URL of the page after this one.",
  paid_at: "When the money arrived; leave it out if it has not yet.",
  previous: "The URL of the page before this one.",
  proof_text: "What the key of the address signs as a proof (EIP-191). Null for a managed wallet.",
  proven: "Whether a signature has shown that the investor has the key of the address.",
  receiving_enabled: "Whether units from others may arrive.",
  remaining_units: "Falls when units are redeemed or moved away.",
  request_id: "Names the request in the server's log.",
  retryable: "Whether the same request, with the same key, may succeed later.",
  scope: "Scopes, with blanks between them.",
  signature: "Of 65 bytes, as `personal_sign` returns it.",
  signed_at: "When the investor signed. Web-based subscription is not offered, so it is needed.",
  signed_documents: "What the investor signed: ids of uploaded documents.",
  source_wallet: "The id of the managed wallet that the units leave.",
  target_address: "The address of a wallet that receives, here or on another platform.",
  units: "Whole units of the security.",
  verified_at: "When the person was identified.",
  wallet: "The id of the wallet that the units go to."
}

const text = (description: string): Json => ({ description, schema: { type: "string" } })
const whole = (description: string): Json => ({ description, schema: { type: "integer", minimum: 0 } })

/** The headers of answers, by name. @category values */
export const answerHeaders: { readonly [name: string]: Json } = {
  Allow: text("The methods of the path."),
  "Answer-Version": whole("The version of the answer; absent where it is the first."),
  ETag: text("Names the object as it is shown."),
  "Idempotent-Replayed": {
    description: "Says that this is the answer of an earlier attempt.",
    schema: { type: "string", enum: ["true"] }
  },
  Link: text('The page that explains the problem, with `rel="help"`.'),
  Location: { description: "Where the object is read.", schema: { type: "string", format: "uri" } },
  RateLimit: text("What is left of the client's quota, and until when (IETF draft 11)."),
  "RateLimit-Policy": text("The quota of the client (IETF draft 11)."),
  "Retry-After": whole("Seconds to wait before the request is repeated."),
  "WWW-Authenticate": text("What the token lacks (RFC 6750)."),
  "X-Correlation-Id": text("The server's name for the request, where `X-Request-Id` is the client's."),
  "X-Ignored-Members": text("JSON Pointers of the members of the request that were ignored."),
  "X-Request-Id": text("Names the request: as the client did, or else as the server does.")
}

const key = { type: "string", minLength: 1, maxLength: maximumKeyLength }

/** Headers that a request may have. @category values */
export const keyParameters = (need: "required" | "optional"): ReadonlyArray<Json> => [
  {
    name: "X-Idempotency-Key",
    in: "header",
    required: need === "required",
    description:
      "The same key with the same request gives the same answer and no second effect. Idempotency-Key will do as well.",
    schema: key
  },
  {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description: "The same as X-Idempotency-Key, as an RFC 8941 string or as it is.",
    schema: key
  }
]

/** @category values */
export const ifMatchParameter: Json = {
  name: "If-Match",
  in: "header",
  required: false,
  description:
    "The `ETag` of the object as it was seen, in quotes. If the object has changed since, nothing is done, and the answer is 412.",
  schema: { type: "string" }
}

/** @category values */
export const ifNoneMatchParameter: Json = {
  name: "If-None-Match",
  in: "header",
  required: false,
  description: "The `ETag` of the object as the client has it. If it is so still, the answer is 304.",
  schema: { type: "string" }
}

/** @category values */
export const timeoutParameter: Json = {
  name: "Request-Timeout",
  in: "header",
  required: false,
  description: "Milliseconds that the client waits. Afterwards the request has no effect, unless it has had it before.",
  schema: { type: "integer", minimum: 0, maximum: 9_999_999_999 }
}
