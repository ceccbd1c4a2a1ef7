/**
 * The Distribution API as one value: a route for every operation that is described. For the server and its tests.
 *
 * Paths begin where the API's prefixes end ({@link prefixes}): all of it answers under each. Never describe an operation here: its input
 * and its answer stand in its description.
 */
import { Answer, Operation, PageOf, pageQueries, type Resource, servedResources } from "@effekten/services"
import { Schema } from "effect"
import { Multipart } from "effect/http"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { ifMatchHeader } from "./Headers.ts"
import { describe, documented, documentedToken } from "./OpenApiDocument.ts"
import { Problem, problemMediaType } from "./Problem.ts"
import { BearerToken, RequiredScope, TakesIdempotencyKey } from "./Scope.ts"

/** Where the API is mounted. The first is the one it names itself by. @category values */
export const prefixes = ["/api/external", "/api/external/distributor"] as const

/** Whether a path below the prefixes is for issuers: it answers under the first of them alone. @category predicates */
export const isOfIssuers = (path: string): boolean => path.startsWith("/issuer/")

const problem = (status: number) =>
  Problem.pipe(HttpApiSchema.status(status), HttpApiSchema.asJson({ contentType: problemMediaType }))

const ofReads = [400, 401, 403, 404, 429, 500, 503].map(problem)
const ofCommands = [...ofReads, ...[408, 409, 413, 415, 422].map(problem)]

const text = Schema.optionalKey(Schema.String)
const keyHeaders = { "x-idempotency-key": text, "idempotency-key": text }

/** What changes an object may be made to depend on how the object was seen. */
const takesIfMatch = ({ route }: Operation.Any): boolean => route?.startsWith("PATCH") === true

const file = Schema.Struct({ file: Multipart.SingleFileSchema }).pipe(HttpApiSchema.asMultipart())

/** The status of a success: what a POST makes is created, all else is shown. @category computing */
export const successStatus = (operation: Operation.Any): 200 | 201 =>
  operation._tag === "Command" && operation.route?.startsWith("POST") === true ? 201 : 200

/** What goes in and comes out of an operation, as the schemas of its endpoint. */
const schemasOf = (operation: Operation.Any, params: { readonly [name: string]: Schema.Top }) => {
  const shown = operation.answer === undefined ? Schema.Void : Answer.schemaOf(operation.answer)
  const ids = Object.keys(params).length === 0 ? {} : { params }
  switch (operation._tag) {
    case "Command":
      return {
        ...ids,
        headers: takesIfMatch(operation) ? { ...keyHeaders, [ifMatchHeader]: text } : keyHeaders,
        ...(operation.body === "file"
          ? { payload: file }
          : operation.input === undefined
            ? {}
            : { payload: operation.input }),
        success: (shown as Schema.Top).pipe(HttpApiSchema.status(successStatus(operation))),
        error: takesIfMatch(operation) ? [...ofCommands, problem(412)] : ofCommands
      }
    case "Read":
      return { ...ids, success: shown, error: ofReads }
    case "List":
      return {
        ...ids,
        query: {
          ...Operation.askedOf(operation, operation.ids),
          ...Operation.filterFields(operation),
          ...pageQueries[operation.cursor].fields
        },
        success: PageOf(shown),
        error: ofReads
      }
  }
}

type MakeEndpoint = (name: string, path: `/${string}`, schemas: object) => HttpApiEndpoint.Top

const endpoint = (name: string, operation: Operation.Any): HttpApiEndpoint.Top => {
  const { route, scope } = operation
  if (route === undefined || scope === undefined) throw new TypeError(`${name} has no route`)
  const [method, path] = Operation.partsOf(route)
  const params = Object.fromEntries(Operation.idNames(path).map((id, at) => [id, operation.ids[at]! as Schema.Top]))
  // The schemas are made at run time, so nothing about them is known to the types: handlers and client are derived the same way.
  const make = HttpApiEndpoint.make(method) as unknown as MakeEndpoint
  const told = make(name, path, schemasOf(operation, params))
    .annotate(RequiredScope, scope)
    .annotateMerge(documented(operation, scope))
  return operation._tag === "Command" ? told.annotate(TakesIdempotencyKey, operation.key) : told
}

const group = ({ resource: { name, operations } }: Resource.AnyService) => {
  const [first, ...others] = Object.entries(operations).map(([name, operation]) => endpoint(name, operation))
  if (first === undefined) throw new TypeError(`${name} has no operations`)
  return HttpApiGroup.make(name)
    .add(first, ...others)
    .middleware(BearerToken)
}

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

/**
 * What the endpoints of OAuth refuse with (RFC 6749 §5.2). `temporarily_unavailable` comes with status 429.
 *
 * @category schemas
 */
export const TokenError = Schema.Struct({
  error: Schema.Literals([
    "invalid_request",
    "invalid_client",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
    "temporarily_unavailable"
  ]),
  error_description: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "TokenError" })
export type TokenError = typeof TokenError.Type

/** A client in the body; by HTTP Basic it is in a header. */
const client = { client_id: text, client_secret: text }
const tokenErrors = [
  ...[400, 401, 408, 413, 429].map((status) => TokenError.pipe(HttpApiSchema.status(status))),
  ...[500, 503].map(problem)
]

/**
 * Access tokens: the client credentials grant (RFC 6749 §4.4) and revocation (RFC 7009). The only endpoints without a slash at their end.
 *
 * @category values
 */
export const oauth = HttpApiGroup.make("oauth").add(
  HttpApiEndpoint.post("token", "/oauth/token", {
    payload: Schema.Struct({
      grant_type: Schema.Literal("client_credentials"),
      scope: text,
      ...client
    }).pipe(HttpApiSchema.asFormUrlEncoded()),
    success: Token,
    error: tokenErrors
  }).annotateMerge(documentedToken("Get an access token")),
  HttpApiEndpoint.post("revoke", "/oauth/revoke", {
    payload: Schema.Struct({
      token: Schema.String,
      token_type_hint: text,
      ...client
    }).pipe(HttpApiSchema.asFormUrlEncoded()),
    success: HttpApiSchema.Empty(200),
    error: tokenErrors
  }).annotateMerge(documentedToken("End an access token"))
)

/** The contract of some resources. @category constructors */
export const make = (resources: ReadonlyArray<Resource.AnyService>): HttpApi.HttpApi<"distribution", typeof oauth> =>
  HttpApi.make("distribution")
    // To the types the contract is that of the tokens' endpoints: the groups of the resources are known at run time only.
    .add(oauth, ...(resources.map(group) as unknown as []))
    .annotate(HttpApi.ParseOptions, { errors: "all" })
    .annotateMerge(describe(prefixes))

/** @category values */
export const DistributionApi = make(servedResources)
