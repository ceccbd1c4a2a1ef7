/**
 * A Node server that closes slow and greedy sockets, and says why in the API's own words. For the server.
 */
import { Duration, Effect } from "effect"
import type { SecureRandom } from "effect/crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { requestIdHeader, securityHeaders } from "./Edge.ts"
import { defaultLimits, type Limits } from "./Limits.ts"
import { edgeProblem, type Problem, problemMediaType } from "../contract/Problem.ts"
import { type EdgeCode, linkTo } from "../contract/ProblemTypes.ts"

/** @category models */
export interface NodeOptions {
  /** 0 is any free port. */
  readonly port: number
  /** Default: 127.0.0.1, which only this machine reaches. */
  readonly host?: string | undefined
  /** Until a request's headers have arrived. Default: 10 s. */
  readonly headersTimeout?: Duration.Input | undefined
  /** How often slow sockets are looked for. Default: 1 s. */
  readonly checkingInterval?: Duration.Input | undefined
  /** How long a connection may be idle between requests. Default: 65 s, more than most proxies keep theirs. */
  readonly keepAliveTimeout?: Duration.Input | undefined
  /** Default: 10,000. More are closed as they come. */
  readonly maxConnections?: number | undefined
  /** Default: 10,000. The last answer closes the connection. */
  readonly maxRequestsPerConnection?: number | undefined
  /** Bytes of a request's headers. Default: 16 KiB. */
  readonly maxHeaderBytes?: number | undefined
  /** How long requests in flight are waited for when the server goes away. Default: 20 s. */
  readonly shutdownTimeout?: Duration.Input | undefined
  readonly limits?: Partial<Limits> | undefined
  /** Whether a problem names the page that explains it. Default: it does. */
  readonly docs?: boolean | undefined
}

const codeOf = (error: Error & { readonly code?: string }): readonly [code: EdgeCode, detail: string] => {
  switch (error.code) {
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return ["request_timeout", "The request did not arrive in time."]
    case "HPE_HEADER_OVERFLOW":
      return ["headers_too_large", "The request's headers are too large."]
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return ["payload_too_large", "The request's chunk extensions are too large."]
    default:
      return ["invalid_request", "This is not HTTP."]
  }
}

const headersOf = (problem: Problem, requestId: string, hasDocs: boolean): Record<string, string> => ({
  ...securityHeaders,
  ...(hasDocs ? { link: linkTo(problem.code) } : {}),
  connection: "close",
  "content-length": String(Buffer.byteLength(JSON.stringify(problem))),
  "content-type": problemMediaType,
  [requestIdHeader]: requestId
})

/** A problem of a request that never became one: there is no response object, so the bytes are written by hand. */
const rawAnswer = (problem: Problem, requestId: string, hasDocs: boolean): string => {
  const lines = Object.entries(headersOf(problem, requestId, hasDocs)).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join("")}\r\n${JSON.stringify(problem)}`
}

/** How long an answer may be on its way before its connection is cut. */
const lingering = 500

/** Says no more. A client that still sends would lose the answer if the socket were destroyed at once. */
const hangUp = (socket: Duplex, response: ServerResponse): void => {
  if (!response.writableFinished) return void socket.destroy()
  socket.end()
  setTimeout(() => socket.destroy(), lingering).unref()
}

/** Not listening yet. @internal @category constructors */
export const makeServer = (options: NodeOptions, random: SecureRandom.SecureRandom["Service"]): Server => {
  const limits = { ...defaultLimits, ...options.limits }
  const hasDocs = options.docs !== false
  const millis = (given: Duration.Input | undefined, otherwise: Duration.Input) =>
    Duration.toMillis(Duration.fromInputUnsafe(given ?? otherwise))
  const headersTimeout = millis(options.headersTimeout, "10 seconds")
  const server = createServer({
    headersTimeout,
    // The longest any request may take to arrive; the reader of a JSON body allows less.
    requestTimeout: Math.max(Duration.toMillis(limits.uploadTimeout), headersTimeout),
    connectionsCheckingInterval: millis(options.checkingInterval, "1 second"),
    keepAliveTimeout: millis(options.keepAliveTimeout, "65 seconds"),
    maxHeaderSize: options.maxHeaderBytes ?? 16 * 1024,
    // A request without Host gets a problem as well, from the edge.
    requireHostHeader: false
  })
  server.maxConnections = options.maxConnections ?? 10_000
  server.maxRequestsPerSocket = options.maxRequestsPerConnection ?? 10_000
  // One more header than allowed, so that the edge sees that there were too many.
  server.maxHeadersCount = limits.headers + 1

  const requestId = () => Buffer.from(Effect.runSync(random.randomBytes(16))).toString("hex")
  const answering = new WeakMap<Duplex, ServerResponse>()
  server.on("request", (request, response) => answering.set(request.socket, response))
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) =>
    answering.set(request.socket, response)
  )
  server.on("checkExpectation", (_: IncomingMessage, response: ServerResponse) => {
    const id = requestId()
    const problem = edgeProblem("expectation_failed", "Only 100-continue can be expected here.", { requestId: id })
    response.writeHead(problem.status, headersOf(problem, id, hasDocs)).end(JSON.stringify(problem))
  })
  server.on("clientError", (error, socket) => {
    const refuse = () => {
      if (!socket.writable) return void socket.destroy()
      const id = requestId()
      const [code, detail] = codeOf(error)
      socket.end(rawAnswer(edgeProblem(code, detail, { requestId: id }), id, hasDocs), () => socket.destroy())
    }
    const response = answering.get(socket)
    if (response === undefined || response.destroyed) return refuse()
    // The error is of the request that follows, and its answer comes after the one that is under way.
    if (response.req.complete) return response.writableFinished ? refuse() : void response.once("close", refuse)
    // The error is of the body of a request that is answered already: a second answer would be taken for that of another request.
    return response.headersSent ? hangUp(socket, response) : refuse()
  })
  return server
}
