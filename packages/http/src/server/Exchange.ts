/**
 * One request and its answer while it is under way: what every part of the server may need to know or add. For the server's modules.
 */
import type { MemberError } from "@effekten/services"
import { Context, Data } from "effect"
import { edgeProblem, type Occurrence, toResponse } from "../contract/Problem.ts"
import type { EdgeCode } from "../contract/ProblemTypes.ts"

/** Why a request is refused for what its sender is or may, or because that cannot be known now. @category models */
export type RefusalKind = "client" | "credentials" | "token" | "scope" | "rate" | "store"

/** @category models */
export interface Exchange extends Occurrence {
  readonly path: string
  /** Headers the answer gets, whatever it will be. */
  readonly responseHeaders: Map<string, string>
  /** What the log says if the request is refused. No text of these is a client's own. */
  readonly notes: { operation?: string; client?: string | undefined; refusal?: RefusalKind; cause?: unknown }
}

/** @category services */
export const Exchange = Context.Reference<Exchange>("effekten/http/Exchange", {
  defaultValue: () => ({ requestId: "none", path: "/", responseHeaders: new Map(), notes: {} })
})

/** The request is refused before any service is asked. @category errors */
export class Refused extends Data.TaggedError("Refused")<{
  readonly code: EdgeCode
  readonly detail: string
  readonly errors?: ReadonlyArray<MemberError>
  readonly headers?: Record<string, string>
  /** With status 503: whether the request had its effect. */
  readonly executed?: "no"
  /** The body, where it could be read: the server looks for what is recorded of it. */
  readonly received?: unknown
}> {}

/** @category conversions */
export const refusal = (refused: Refused, exchange: Exchange) =>
  toResponse(
    edgeProblem(refused.code, refused.detail, exchange, {
      ...(refused.errors === undefined ? {} : { errors: refused.errors }),
      ...(refused.executed === undefined ? {} : { executed: refused.executed })
    }),
    refused.headers
  )
