/**
 * The Distribution API as one value: every route with what goes in and what comes out. For the server, the client and their tests.
 *
 * Paths begin where the API's prefixes end ({@link prefixes}): all of it answers under each.
 */
import {
  CreditId,
  DocumentId,
  IdentificationId,
  InvestmentId,
  InvestorId,
  RedemptionId,
  WalletId
} from "@effekten/domain"
import * as Services from "@effekten/services"
import { Context, Schema } from "effect"
import { Multipart } from "effect/http"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { describe, operation } from "./OpenApiDocument.ts"
import { Problem, problemMediaType } from "./Problem.ts"
import { BearerToken, RequiredScope, type Scope, TakesIdempotencyKey } from "./Scope.ts"

/** Where the API is mounted. The first is the one it names itself by. @category values */
export const prefixes = ["/api/external", "/api/external/distributor"] as const

/** The schemas under the names they have in the OpenAPI document. */
const Named = {
  CreateInvestor: Services.CreateInvestor.annotate({ identifier: "CreateInvestor" }),
  Investor: Services.Investor.annotate({ identifier: "Investor" }),
  CreateIdentification: Services.CreateIdentification.annotate({ identifier: "CreateIdentification" }),
  Identification: Services.Identification.annotate({ identifier: "Identification" }),
  CreateGenericWallet: Services.CreateGenericWallet.annotate({ identifier: "CreateGenericWallet" }),
  Wallet: Services.Wallet.annotate({ identifier: "Wallet" }),
  Document: Services.Document.annotate({ identifier: "Document" }),
  CreateInvestment: Services.CreateInvestment.annotate({ identifier: "CreateInvestment" }),
  AmendInvestment: Services.AmendInvestment.annotate({ identifier: "AmendInvestment" }),
  CancelInvestment: Services.CancelInvestment.annotate({ identifier: "CancelInvestment" }),
  Investment: Services.Investment.annotate({ identifier: "Investment" }),
  Credit: Services.Credit.annotate({ identifier: "Credit" }),
  CreateRedemption: Services.CreateRedemption.annotate({ identifier: "CreateRedemption" }),
  Redemption: Services.Redemption.annotate({ identifier: "Redemption" })
}

const problem = (status: number) =>
  Problem.pipe(HttpApiSchema.status(status), HttpApiSchema.asJson({ contentType: problemMediaType }))

const ofReads = [problem(400), problem(401), problem(403), problem(404), problem(500), problem(503)] as const
const ofLists = ofReads
const ofCommands = [...ofReads, problem(408), problem(409), problem(413), problem(415), problem(422)] as const

const created = <S extends Schema.Top>(schema: S) => schema.pipe(HttpApiSchema.status(201))

const text = Schema.optionalKey(Schema.String)
const keyHeaders = { "x-idempotency-key": text, "idempotency-key": text }

const page = {
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Services.maximumPageSize }))),
  cursor: Schema.optionalKey(Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(1000)))
}

const reads = (scope: Scope, summary: string): Context.Context<never> =>
  Context.merge(Context.make(RequiredScope, scope), operation({ scope, summary }))

const writes = (scope: Scope, summary: string, key: "required" | "optional" = "required"): Context.Context<never> =>
  Context.make(RequiredScope, scope).pipe(
    Context.add(TakesIdempotencyKey, key),
    Context.merge(operation({ scope, summary, key }))
  )

/** Investors and their identification. @category groups */
export const investors = HttpApiGroup.make("investors")
  .add(
    HttpApiEndpoint.post("create", "/v2/investors/", {
      headers: keyHeaders,
      payload: Named.CreateInvestor,
      success: created(Named.Investor),
      error: ofCommands
    }).annotateMerge(writes("investors:write", "Create an investor")),
    HttpApiEndpoint.get("list", "/v2/investors/", {
      query: page,
      success: Services.PageOf(Named.Investor),
      error: ofLists
    }).annotateMerge(reads("investors:read", "List investors")),
    HttpApiEndpoint.get("get", "/v2/investors/:id/", {
      params: { id: InvestorId },
      success: Named.Investor,
      error: ofReads
    }).annotateMerge(reads("investors:read", "Read an investor")),
    HttpApiEndpoint.post("identify", "/v2/investors/:id/identifications/", {
      params: { id: InvestorId },
      headers: keyHeaders,
      payload: Named.CreateIdentification,
      success: created(Named.Identification),
      error: ofCommands
    }).annotateMerge(writes("investors:write", "Record an identification")),
    HttpApiEndpoint.get("identifications", "/v2/investors/:id/identifications/", {
      params: { id: InvestorId },
      query: page,
      success: Services.PageOf(Named.Identification),
      error: ofLists
    }).annotateMerge(reads("investors:read", "List identifications")),
    HttpApiEndpoint.get("identification", "/v2/investors/:id/identifications/:identification/", {
      params: { id: InvestorId, identification: IdentificationId },
      success: Named.Identification,
      error: ofReads
    }).annotateMerge(reads("investors:read", "Read an identification"))
  )
  .middleware(BearerToken)

/** Wallets of an investor. @category groups */
export const wallets = HttpApiGroup.make("wallets")
  .add(
    HttpApiEndpoint.post("createManaged", "/v2/investors/:id/wallets/eth-managed/", {
      params: { id: InvestorId },
      headers: keyHeaders,
      success: created(Named.Wallet),
      error: ofCommands
    }).annotateMerge(writes("investors:write", "Create a managed wallet")),
    HttpApiEndpoint.post("createGeneric", "/v2/investors/:id/wallets/eth-generic/", {
      params: { id: InvestorId },
      headers: keyHeaders,
      payload: Named.CreateGenericWallet,
      success: created(Named.Wallet),
      error: ofCommands
    }).annotateMerge(writes("investors:write", "Register an address the investor controls")),
    HttpApiEndpoint.get("list", "/v2/investors/:id/wallets/", {
      params: { id: InvestorId },
      query: page,
      success: Services.PageOf(Named.Wallet),
      error: ofLists
    }).annotateMerge(reads("investors:read", "List wallets")),
    HttpApiEndpoint.get("get", "/v2/investors/:id/wallets/:wallet/", {
      params: { id: InvestorId, wallet: WalletId },
      success: Named.Wallet,
      error: ofReads
    }).annotateMerge(reads("investors:read", "Read a wallet"))
  )
  .middleware(BearerToken)

/** Documents. @category groups */
export const documents = HttpApiGroup.make("documents")
  .add(
    HttpApiEndpoint.post("upload", "/v2/documents/", {
      headers: keyHeaders,
      payload: Schema.Struct({ file: Multipart.SingleFileSchema }).pipe(HttpApiSchema.asMultipart()),
      success: created(Named.Document),
      error: ofCommands
    }).annotateMerge(writes("documents:write", "Upload a document")),
    HttpApiEndpoint.get("list", "/v2/documents/", {
      query: page,
      success: Services.PageOf(Named.Document),
      error: ofLists
    }).annotateMerge(reads("documents:write", "List documents")),
    HttpApiEndpoint.get("get", "/v2/documents/:id/", {
      params: { id: DocumentId },
      success: Named.Document,
      error: ofReads
    }).annotateMerge(reads("documents:write", "Read what is known of a document"))
  )
  .middleware(BearerToken)

/** Investments. @category groups */
export const investments = HttpApiGroup.make("investments")
  .add(
    HttpApiEndpoint.post("create", "/v2/investments/", {
      headers: keyHeaders,
      payload: Named.CreateInvestment,
      success: created(Named.Investment),
      error: ofCommands
    }).annotateMerge(writes("investments:write", "Create an investment")),
    HttpApiEndpoint.get("list", "/v2/investments/", {
      query: page,
      success: Services.PageOf(Named.Investment),
      error: ofLists
    }).annotateMerge(reads("investments:read", "List investments")),
    HttpApiEndpoint.get("get", "/v2/investments/:id/", {
      params: { id: InvestmentId },
      success: Named.Investment,
      error: ofReads
    }).annotateMerge(reads("investments:read", "Read an investment")),
    HttpApiEndpoint.patch("amend", "/v2/investments/:id/", {
      params: { id: InvestmentId },
      headers: keyHeaders,
      payload: Named.AmendInvestment,
      success: Named.Investment,
      error: ofCommands
    }).annotateMerge(writes("investments:write", "Add acceptance, payment or a wallet", "optional")),
    HttpApiEndpoint.post("cancel", "/v2/investments/:id/cancellations/", {
      params: { id: InvestmentId },
      headers: keyHeaders,
      payload: Named.CancelInvestment,
      success: created(Named.Investment),
      error: ofCommands
    })
      .annotateMerge(writes("investments:write", "Cancel for the investor"))
      .annotate(OpenApi.Description, "An extension of Effekten: the Distribution API has no such endpoint.")
  )
  .middleware(BearerToken)

/** Credits of an investment. @category groups */
export const credits = HttpApiGroup.make("credits")
  .add(
    HttpApiEndpoint.post("create", "/v2/investments/:id/credits/", {
      params: { id: InvestmentId },
      headers: keyHeaders,
      success: created(Named.Credit),
      error: ofCommands
    }).annotateMerge(writes("investments:write", "Credit the units to the wallet")),
    HttpApiEndpoint.get("list", "/v2/investments/:id/credits/", {
      params: { id: InvestmentId },
      query: page,
      success: Services.PageOf(Named.Credit),
      error: ofLists
    }).annotateMerge(reads("investments:read", "List credits")),
    HttpApiEndpoint.get("get", "/v2/investments/:id/credits/:credit/", {
      params: { id: InvestmentId, credit: CreditId },
      success: Named.Credit,
      error: ofReads
    }).annotateMerge(reads("investments:read", "Read a credit"))
  )
  .middleware(BearerToken)

/** Redemptions. @category groups */
export const redemptions = HttpApiGroup.make("redemptions")
  .add(
    HttpApiEndpoint.post("create", "/v2/redemptions/", {
      headers: keyHeaders,
      payload: Named.CreateRedemption,
      success: created(Named.Redemption),
      error: ofCommands
    }).annotateMerge(writes("investments:write", "Redeem units")),
    HttpApiEndpoint.get("list", "/v2/redemptions/", {
      query: page,
      success: Services.PageOf(Named.Redemption),
      error: ofLists
    }).annotateMerge(reads("investments:read", "List redemptions")),
    HttpApiEndpoint.get("get", "/v2/redemptions/:id/", {
      params: { id: RedemptionId },
      success: Named.Redemption,
      error: ofReads
    }).annotateMerge(reads("investments:read", "Read a redemption"))
  )
  .middleware(BearerToken)

/** What the token endpoint answers (RFC 6749 §5.1). @category schemas */
export const Token = Schema.Struct({
  access_token: Schema.String,
  token_type: Schema.Literal("Bearer"),
  /** Seconds. */
  expires_in: Schema.Int,
  /** The scopes granted, with blanks between them. */
  scope: Schema.String
}).annotate({ identifier: "Token" })
export type Token = typeof Token.Type

/** What the token endpoint refuses with (RFC 6749 §5.2). @category schemas */
export const TokenError = Schema.Struct({
  error: Schema.Literals([
    "invalid_request",
    "invalid_client",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type"
  ]),
  error_description: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "TokenError" })
export type TokenError = typeof TokenError.Type

/** Access tokens: the client credentials grant (RFC 6749 §4.4). The only endpoint without a slash at its end. @category groups */
export const oauth = HttpApiGroup.make("oauth").add(
  HttpApiEndpoint.post("token", "/oauth/token", {
    payload: Schema.Struct({
      grant_type: Schema.Literal("client_credentials"),
      scope: text,
      client_id: text,
      client_secret: text
    }).pipe(HttpApiSchema.asFormUrlEncoded()),
    success: Token,
    error: [TokenError.pipe(HttpApiSchema.status(400)), TokenError.pipe(HttpApiSchema.status(401))]
  }).annotate(OpenApi.Summary, "Get an access token")
)

/** @category api */
export class DistributionApi extends HttpApi.make("distribution")
  .add(oauth, investors, wallets, documents, investments, credits, redemptions)
  .annotate(HttpApi.ParseOptions, { errors: "all" })
  .annotateMerge(describe(prefixes)) {}
