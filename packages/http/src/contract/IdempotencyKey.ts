/**
 * The idempotency key in a header: read strictly by the server, written by the client. For both ends of the wire.
 */
import { Result } from "effect"

/** Characters of a key at most. @category values */
export const maximumKeyLength = 255

/** The header of the Distribution API: the key as it is. @category values */
export const keyHeader = "x-idempotency-key"
/** The header of the IETF draft: an RFC 8941 string, or the key as it is. @category values */
export const draftKeyHeader = "idempotency-key"

/** Headers that stay out of traces: secrets, and names that a client makes, because any text may stand in them. @category values */
export const redactedHeaders: ReadonlyArray<string> = [
  "authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
  "x-request-id",
  keyHeader,
  draftKeyHeader
]

/** Visible ASCII. */
const pattern = new RegExp(`^[\\x21-\\x7e]{1,${maximumKeyLength}}$`)

/** @category predicates */
export const isKey = (text: string): boolean => pattern.test(text)

/** Between the quotes of an RFC 8941 string: `\"` and `\\` are escapes, a lone quote or backslash is an error. */
const unquote = (text: string): string | undefined => {
  if (!/^"(?:[^"\\]|\\["\\])*"$/.test(text)) return undefined
  return text.slice(1, -1).replace(/\\(["\\])/g, "$1")
}

/** A raw key must not hold a comma: repeated header lines arrive joined by commas, and a part of them is no key. A key in quotes may. */
const readRaw = (text: string): string | undefined => (text.includes(",") || !isKey(text) ? undefined : text)

const readDraft = (text: string): string | undefined => {
  if (!text.startsWith('"')) return readRaw(text)
  const key = unquote(text)
  return key !== undefined && isKey(key) ? key : undefined
}

/**
 * The key of a request, byte for byte; `undefined` if it brings none. Fails with a sentence where a header is not a key, or where the two
 * headers name two keys.
 *
 * @category conversions
 */
export const fromHeaders = (headers: {
  readonly [name: string]: string | undefined
}): Result.Result<string | undefined, string> => {
  const own = headers[keyHeader]
  const draft = headers[draftKeyHeader]
  const keys: Array<string> = []
  for (const key of [own === undefined ? null : readRaw(own), draft === undefined ? null : readDraft(draft)]) {
    if (key === undefined) return Result.fail("An idempotency key has 1 to 255 visible ASCII characters, sent once.")
    if (key !== null) keys.push(key)
  }
  return keys.length === 2 && keys[0] !== keys[1]
    ? Result.fail("X-Idempotency-Key and Idempotency-Key name two different keys.")
    : Result.succeed(keys[0])
}

/** The header that carries a key: the API's own where it can, the quoted one for a key with a comma. @category conversions */
export const toHeader = (key: string): readonly [name: string, value: string] =>
  key.includes(",") ? [draftKeyHeader, `"${key.replace(/["\\]/g, "\\$&")}"`] : [keyHeader, key]
