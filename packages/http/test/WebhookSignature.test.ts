/**
 * Whether a request was signed, by the headers of every kind of server. For receivers of webhooks.
 */
import { WebhookSignature } from "@effekten/http"
import type { IncomingHttpHeaders } from "node:http"
import { expect, it } from "vitest"

const secret = WebhookSignature.printSecret(new Uint8Array(WebhookSignature.secretBytes).fill(7))
const message = { id: "1", timestamp: 1_767_268_800, body: '{"type":"investment.status_changed"}' }
const sent = WebhookSignature.headersOf([secret], message)
const node: IncomingHttpHeaders = { host: "shop.example", cookie: "a=b", ...sent }
const { body, timestamp: now } = message

it.each<[string, WebhookSignature.Headers]>([
  ["Node's http", node],
  ["fetch", new Headers(sent)]
])("a signed request is ours by the headers of %s, and no other is", (_, headers) => {
  expect(WebhookSignature.isSignedBy(secret, { headers, body }, now)).toBe(true)
  expect(WebhookSignature.isSignedBy(secret, { headers, body: `${body} ` }, now)).toBe(false)
  expect(WebhookSignature.isSignedBy(secret, { headers, body }, now + WebhookSignature.tolerance + 1)).toBe(false)
})

it.each(Object.keys(sent))("a request without %s, or with two of them, is not ours", (name) => {
  const { [name]: left, ...others } = sent
  expect(WebhookSignature.isSignedBy(secret, { headers: others, body }, now)).toBe(false)
  expect(WebhookSignature.isSignedBy(secret, { headers: { ...others, [name]: [left!, left!] }, body }, now)).toBe(false)
})
