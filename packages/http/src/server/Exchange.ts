/**
 * One request and its answer while it is under way: what every part of the server may need to know or add. For the server's modules, which
 * hand it on as a value. Never put it into a context: that would cost each request more than all it says.
 */
import type { MemberError } from "@effekten/services"
import { Data } from "effect"
import type { HttpServerRequest } from "effect/http"
import { edgeProblem, type Occurrence, toResponse } from "../contract/Problem.ts"
import type { EdgeCode } from "../contract/ProblemTypes.ts"

/** Why a request is refused for what its sender is or may, or because that cannot be known now. @category models */
export type RefusalKind = "client" | "credentials" | "token" | "scope" | "rate" | "store" | "address"

/** @category models */
export interface Exchange extends Occurrence {
  readonly request: HttpServerRequest.HttpServerRequest
  /** As it was sent. */
  readonly path: string
  /** What of the path stands before the paths of the table: where an application has mounted them. Else nothing. */
  readonly mount: string
  /** Headers the answer gets, whatever it will be. */
  readonly responseHeaders: { [name: string]: string }
  /** What the log says if the request is refused. No text of these is a client's own. */
  readonly notes: { operation?: string; client?: string | undefined; refusal?: RefusalKind; cause?: unknown }
}

/** Why a request is refused. */
interface Refusing {
  readonly code: EdgeCode
  readonly detail: string
  readonly errors?: ReadonlyArray<MemberError>
  readonly headers?: Record<string, string>
  /** With status 503: whether the request had its effect. */
  readonly executed?: "no"
  /** The body, where it could be read: the server looks for what is recorded of it. */
  readonly received?: unknown
}

/** The request is refused before any service is asked. @category errors */
export class Refused extends Data.TaggedError("Refused")<Refusing> {}

/** @category conversions */
export const refusal = (refused: Refusing, exchange: Occurrence) =>
  toResponse(
    edgeProblem(refused.code, refused.detail, exchange, {
      ...(refused.errors === undefined ? {} : { errors: refused.errors }),
      ...(refused.executed === undefined ? {} : { executed: refused.executed })
    }),
    refused.headers
  )
