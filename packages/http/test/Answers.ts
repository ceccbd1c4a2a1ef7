/**
 * Sees every answer of the HTTP servers of a process, whichever client asked and in whichever way. For the tests, which hold each to the
 * OpenAPI document. Nothing of our packages may be imported here: a server process loads it before its own program.
 */
import { subscribe } from "node:diagnostics_channel"
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http"
import type { Exchanged } from "./Conforms.ts"

export interface Answered extends Exchanged {
  /** Of the server. */
  readonly port: number
}

interface Started {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Tells of each answer that was sent to its end. */
export const observe = (take: (answered: Answered) => void): void =>
  subscribe("http.server.request.start", (message) => {
    const { request, response } = message as Started
    const port = request.socket.localPort ?? 0
    const chunks: Array<Buffer> = []
    let written: OutgoingHttpHeaders = {}
    const keep = (chunk: unknown, encoding: unknown) => {
      if (typeof chunk === "string") chunks.push(Buffer.from(chunk, encoding as BufferEncoding))
      else if (chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk))
    }
    const { end, write, writeHead } = response
    response.write = (...args: ReadonlyArray<any>) => {
      keep(args[0], typeof args[1] === "string" ? args[1] : "utf8")
      return write.apply(response, args as never)
    }
    response.end = (...args: ReadonlyArray<any>) => {
      keep(args[0], typeof args[1] === "string" ? args[1] : "utf8")
      // What `end` hands on to `write` is the same bytes.
      response.write = write
      return end.apply(response, args as never)
    }
    response.writeHead = (...args: ReadonlyArray<any>) => {
      const headers = args.at(-1)
      // Headers that nothing else was set beside are not kept by the response.
      if (typeof headers === "object" && headers !== null) written = headers
      return writeHead.apply(response, args as never)
    }
    response.on("finish", () =>
      take({
        port,
        method: request.method ?? "",
        path: request.url ?? "",
        status: response.statusCode,
        headers: textOf({ ...response.getHeaders(), ...written }),
        text: Buffer.concat(chunks).toString("utf8")
      })
    )
  })

const textOf = (headers: OutgoingHttpHeaders): Exchanged["headers"] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
