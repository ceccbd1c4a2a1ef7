/**
 * Signatures of webhooks by Standard Webhooks 1.0.0, scheme `v1`: HMAC-SHA-256 over id, timestamp and body. For the sender, and for receivers
 * in TypeScript.
 *
 * While a secret is changed there are two signatures: a receiver that knows either secret finds its own.
 */
import { createHmac, timingSafeEqual } from "node:crypto"

/** Begins a secret as text; Base64 follows. @category values */
export const secretPrefix = "whsec_"

/** Bytes of a new secret. @category values */
export const secretBytes = 32

/** Seconds that a receiver lets a timestamp differ from its own clock. @category values */
export const tolerance = 300

/** What is signed. @category models */
export interface Message {
  /** The same in every attempt. */
  readonly id: string
  /** Seconds since 1970 of the attempt. */
  readonly timestamp: number
  /** The bytes as sent, as text. */
  readonly body: string
}

/** A secret as text. @category conversions */
export const printSecret = (bytes: Uint8Array): string => `${secretPrefix}${Buffer.from(bytes).toString("base64")}`

const bytesOf = (secret: string): Buffer => Buffer.from(secret.replace(secretPrefix, ""), "base64")

const signatureOf = (secret: string, { body, id, timestamp }: Message): string =>
  `v1,${createHmac("sha256", bytesOf(secret)).update(`${id}.${timestamp}.${body}`).digest("base64")}`

/** The value of `webhook-signature`: one signature for each secret. @category conversions */
export const sign = (secrets: ReadonlyArray<string>, message: Message): string =>
  secrets.map((secret) => signatureOf(secret, message)).join(" ")

/** The headers of a message. @category conversions */
export const headersOf = (secrets: ReadonlyArray<string>, message: Message): { readonly [name: string]: string } => ({
  "webhook-id": message.id,
  "webhook-timestamp": String(message.timestamp),
  "webhook-signature": sign(secrets, message)
})

/** Whether a message was signed with the secret, and not long ago. @category predicates */
export const isSigned = (
  secret: string,
  message: Message,
  options: { readonly signature: string; readonly now: number }
): boolean => {
  if (!(Math.abs(options.now - message.timestamp) <= tolerance)) return false
  const own = Buffer.from(signatureOf(secret, message))
  return options.signature.split(" ").some((given) => {
    const theirs = Buffer.from(given)
    return theirs.length === own.length && timingSafeEqual(theirs, own)
  })
}

/** Headers of a request, by names in lower case: those of Node's `http`, or a `Headers` of `fetch`. @category models */
export type Headers =
  | { readonly get: (name: string) => string | null }
  | { readonly [name: string]: string | ReadonlyArray<string> | undefined }

/** A header that is sent once. Sent twice, it says nothing. */
const headerIn = (headers: Headers, name: string): string => {
  const value = typeof headers["get"] === "function" ? headers["get"](name) : (headers as Raw)[name]
  return typeof value === "string" ? value : ""
}

type Raw = { readonly [name: string]: unknown }

/**
 * Whether a request is a webhook that was signed with the secret, and not long ago. For receivers.
 *
 * @param request its headers, and its body as it arrived
 * @param now seconds since 1970
 * @category predicates
 */
export const isSignedBy = (
  secret: string,
  { body, headers }: { readonly headers: Headers; readonly body: string },
  now: number
): boolean =>
  isSigned(
    secret,
    {
      id: headerIn(headers, "webhook-id"),
      timestamp: Number(headerIn(headers, "webhook-timestamp") || Number.NaN),
      body
    },
    { signature: headerIn(headers, "webhook-signature"), now }
  )
