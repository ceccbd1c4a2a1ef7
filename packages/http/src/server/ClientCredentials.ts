/**
 * What a client sends to the endpoints of OAuth: a form, and who the client is (RFC 6749 §2.3.1 and §3.2). For these endpoints. Nothing is
 * looked up here.
 */
import { Redacted, Result } from "effect"
import { Base64 } from "effect/encoding"
import { type Credentials, TokenRefused } from "../oauth/OAuth.ts"

/** The parameters of a request. @category models */
export interface Form {
  /** A parameter's value. Without a value it counts as left out. */
  readonly get: (name: string) => string | undefined
}

/** @category errors */
export const invalidRequest = (description: string): TokenRefused =>
  new TokenRefused({ error: "invalid_request", description })

const invalidClient = (description: string): TokenRefused => new TokenRefused({ error: "invalid_client", description })

/** No parameter may be sent twice, the unknown ones included; these are ignored otherwise. @category conversions */
export const formOf = (body: Uint8Array): Result.Result<Form, TokenRefused> => {
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(new TextDecoder().decode(body))) {
    if (parameters.has(name)) return Result.fail(invalidRequest("A parameter is repeated."))
    parameters.set(name, value)
  }
  return Result.succeed({ get: (name) => parameters.get(name) || undefined })
}

/** `Basic` credentials: both parts are form-encoded before they are put together. */
const basicCredentials = (header: string): Credentials | undefined => {
  const encoded = /^basic +(\S+)$/i.exec(header)?.[1]
  const text = encoded === undefined ? undefined : Result.getOrUndefined(Base64.decodeString(encoded))
  const colon = text?.indexOf(":") ?? -1
  if (text === undefined || colon === -1) return undefined
  try {
    const unform = (part: string) => decodeURIComponent(part.replaceAll("+", " "))
    return { clientId: unform(text.slice(0, colon)), secret: Redacted.make(unform(text.slice(colon + 1))) }
  } catch {
    return undefined
  }
}

/**
 * Which client speaks, by HTTP Basic or in the form, never by both. No credentials, and a scheme that is not offered, are `invalid_client`.
 *
 * @category conversions
 */
export const credentialsOf = (
  form: Form,
  authorization: string | undefined
): Result.Result<Credentials, TokenRefused> => {
  const clientId = form.get("client_id")
  const secret = form.get("client_secret")
  if (authorization === undefined) {
    return clientId === undefined || secret === undefined
      ? Result.fail(invalidClient("Send client_id and client_secret, or HTTP Basic."))
      : Result.succeed({ clientId, secret: Redacted.make(secret) })
  }
  if (secret !== undefined) {
    return Result.fail(invalidRequest("Authenticate in one way only: HTTP Basic or the body."))
  }
  const basic = basicCredentials(authorization)
  if (basic === undefined) return Result.fail(invalidClient("The Authorization header is not HTTP Basic."))
  return clientId === undefined || clientId === basic.clientId
    ? Result.succeed(basic)
    : Result.fail(invalidRequest("The body names another client than HTTP Basic."))
}
