/**
 * What a request must look like before anything of it is read: one spelling of a path, one host, a body without codings. For the
 * edge. A proxy in front and this server must never see two different requests in the same bytes.
 */
import type { HttpServerRequest } from "effect/http"
import type { EdgeCode } from "../contract/ProblemTypes.ts"
import { Refused } from "./Exchange.ts"
import type { Limits } from "./Limits.ts"

/** Routes beside the API's. @category values */
export const paths = {
  openApi: "/openapi.json",
  docs: "/docs",
  script: "/docs.js",
  style: "/docs.css",
  problems: "/problems",
  problem: "/problems/:code",
  live: "/livez",
  ready: "/readyz"
} as const

/** What only Node's request has. Other platforms have looked at it themselves. */
interface Wire {
  /** The target as it was sent. */
  readonly url?: string
  readonly rawHeaders?: ReadonlyArray<string>
  readonly httpVersion?: string
  readonly complete?: boolean
}

const wireOf = (request: HttpServerRequest.HttpServerRequest): Wire => request.source as Wire

/** A name or an address, and a port. */
const host = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/

/** The form that is for proxies. Its host counts, not the header's. */
const absoluteForm = /^https?:\/\/[A-Za-z0-9.:_[\]-]+(?=[/?]|$)/i

/** What an RFC 3986 path may have without escapes, but `;`, behind which some servers see no path any more. No segment is empty. */
const path = /^(?:\/[A-Za-z0-9._~!$&'()*+,=:@-]+)*\/?$/

const dotSegment = /\/\.{1,2}(?:\/|$)/

/** Visible ASCII but `#`; `%` begins an escape. */
const query = /^(?:[\x21\x22\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*$/

/** Whether a target can be read in one way only. */
const isTarget = (target: string): boolean => {
  const rest = target.replace(absoluteForm, "")
  const mark = rest.indexOf("?")
  const before = mark < 0 ? rest : rest.slice(0, mark)
  if (mark >= 0 && !query.test(rest.slice(mark + 1))) return false
  return (before === "" ? rest !== target : path.test(before)) && !dotSegment.test(before)
}

/** Headers of which Node reads the first where there are several: a proxy may read the last. */
const single = ["host", "authorization", "content-type"]
const lengths = new Set(single.map(({ length }) => length))

const isRepeated = ({ rawHeaders = [] }: Wire): boolean => {
  let seen = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const raw = rawHeaders[at]!
    const index = lengths.has(raw.length) ? single.indexOf(raw.toLowerCase()) : -1
    if (index < 0) continue
    if ((seen & (1 << index)) !== 0) return true
    seen |= 1 << index
  }
  return false
}

const refused = (code: EdgeCode, detail: string, headers: Record<string, string> = {}) =>
  new Refused({ code, detail, headers })

/** A request that other platforms hand over has its host in its URL. */
const isOnWire = (wire: Wire): boolean => wire.httpVersion !== undefined

/** A balancer's plain check speaks HTTP/1.0 and names no host. */
const needsNoHost = (wire: Wire, path: string): boolean =>
  wire.httpVersion === "1.0" && (path === paths.live || path === paths.ready)

const misframed = (wire: Wire, coding: string | undefined): Refused | undefined => {
  if (wire.httpVersion !== undefined && wire.httpVersion !== "1.1" && wire.httpVersion !== "1.0")
    return refused("version_not_supported", "Only HTTP/1.1 and HTTP/1.0 are spoken here.", { connection: "close" })
  if (coding === undefined) return undefined
  if (wire.httpVersion === "1.0")
    return refused("invalid_request", "HTTP/1.0 has no Transfer-Encoding.", { connection: "close" })
  return coding.trim().toLowerCase() === "chunked"
    ? undefined
    : refused("not_implemented", "The only Transfer-Encoding here is chunked.", { connection: "close" })
}

/** Why a request is refused by its first lines alone, if it is. @category computing */
export const unacceptable = (
  request: HttpServerRequest.HttpServerRequest,
  limits: Limits,
  path: string
): Refused | undefined => {
  const { headers } = request
  const wire = wireOf(request)
  if (Object.keys(headers).length > limits.headers)
    return refused("headers_too_large", "The request has too many headers.")
  const framing = misframed(wire, headers["transfer-encoding"])
  if (framing !== undefined) return framing
  if (isRepeated(wire)) return refused("invalid_request", "Host, Authorization and Content-Type may be sent once only.")
  const named = headers["host"]
  if (named === undefined ? isOnWire(wire) && !needsNoHost(wire, path) : !host.test(named))
    return refused("invalid_request", "The Host header is missing or malformed.")
  const target = wire.url ?? request.url
  if (!isTarget(target) && !(request.method === "OPTIONS" && target === "*"))
    return refused(
      "invalid_request",
      "A path here has no escapes, no ; and no \\, no empty and no dot segments. In a query, % and two hexadecimal digits are an escape."
    )
  return (headers["content-encoding"] ?? "identity").trim().toLowerCase() === "identity"
    ? undefined
    : refused("unsupported_media_type", "Send the body without a Content-Encoding.", { "accept-encoding": "identity" })
}

/** Whether a part of the request's body has not arrived yet. @category predicates */
export const isArriving = (request: HttpServerRequest.HttpServerRequest): boolean =>
  wireOf(request).complete === false &&
  (request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0)
