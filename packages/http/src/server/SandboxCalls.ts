/**
 * What a sandbox lets a developer bring about from outside: routes below `/sandbox/`, for the client of a token. For the server of a
 * sandbox. Put no route here that is not handed over: a register that is no sandbox has none.
 */
import type { Id } from "@effekten/domain"
import { Checking, type CommandFailure, type Operation, type Scope } from "@effekten/services"
import { Clock, Effect, Result, type Schema } from "effect"
import { HttpServerResponse } from "effect/http"
import { fromHeaders } from "../contract/IdempotencyKey.ts"
import { failureResponse } from "../contract/Problem.ts"
import * as Authentication from "./Authentication.ts"
import type { Call } from "./Call.ts"
import { type Exchange, Refused, refusal } from "./Exchange.ts"
import type { Limits } from "./Limits.ts"
import { jsonOf, readJsonBytes } from "./RequestBody.ts"
import * as SandboxRefusals from "./SandboxRefusals.ts"
import type { Route } from "./Table.ts"

/** One thing that can be brought about. @category models */
export interface SandboxCall {
  readonly method: "GET" | "POST"
  readonly path: `/sandbox/${string}/`
  /** Of the JSON that was sent, `undefined` if there was none. What the schema refuses is told member by member. */
  readonly answer: (
    platform: Id.PlatformId,
    body: unknown
  ) => Effect.Effect<object, CommandFailure | Schema.SchemaError>
}

/** A request that was answered. The path has no query. */
interface AnsweredRequest {
  /** Milliseconds since 1970, by the server's clock. */
  readonly at: number
  readonly method: string
  readonly path: string
  readonly status: number
  readonly requestId: string
}

/** @category models */
export interface SandboxControl {
  /** The clock that all operations go by. Tokens, limits and deadlines of requests keep the server's. */
  readonly clock: Clock.Clock
  readonly calls: ReadonlyArray<SandboxCall>
  /** Is told of each request that was answered. */
  readonly answered: (answered: AnsweredRequest) => void
}

/** What answers an operation in a sandbox: under its clock, and refused where that is asked for. @category constructors */
export const trying =
  <A extends ReadonlyArray<unknown>, R, E>(
    { clock }: SandboxControl,
    operation: Operation.Any,
    answer: (call: Call, ...rest: A) => Effect.Effect<R, E>
  ) =>
  (call: Call, ...rest: A): Effect.Effect<R, E | Refused | CommandFailure> => {
    const key = operation._tag === "Command" ? fromHeaders(call.exchange.request.headers) : undefined
    const asked = key !== undefined && Result.isSuccess(key) ? key.success : undefined
    const refused = asked === undefined ? undefined : SandboxRefusals.asked(operation, asked)
    return refused === undefined
      ? Effect.provideService(answer(call, ...rest), Clock.Clock, clock)
      : Effect.fail(refused)
  }

/** A client that may sell may try. */
const scope: Scope = "investments:write"

const notForIssuers = new Refused({ code: "not_found", detail: "There is no such object." })

/** @category constructors */
export const make = Effect.fnUntraced(function* (calls: ReadonlyArray<SandboxCall>, limits: Limits) {
  const admit = yield* Authentication.make
  const bodyOf = ({ request }: Exchange): Effect.Effect<unknown, Refused> =>
    Effect.flatMap(readJsonBytes(request, limits), (bytes) => Effect.fromResult(jsonOf(bytes)))
  return calls.map((call): Route => {
    const carriedOut = Effect.fnUntraced(function* (exchange: Exchange, platform: Id.PlatformId | undefined) {
      if (platform === undefined) return yield* notForIssuers
      const body = call.method === "POST" ? yield* bodyOf(exchange) : undefined
      return HttpServerResponse.jsonUnsafe(yield* call.answer(platform, body))
    })
    return {
      method: call.method,
      path: call.path,
      isId: () => true,
      answer: (exchange) =>
        admit(exchange, scope, ({ platform }) =>
          Effect.catch(carriedOut(exchange, platform), (failure) => Effect.succeed(explained(exchange, failure)))
        )
    }
  })
})

const explained = (exchange: Exchange, failure: Refused | CommandFailure | Schema.SchemaError) => {
  switch (failure._tag) {
    case "Refused":
      return refusal(failure, exchange)
    case "SchemaError": {
      const errors = Checking.memberErrors(failure.issue)
      return refusal({ code: "invalid_request", detail: "The request is not valid.", errors }, exchange)
    }
    default:
      return failureResponse(failure, exchange)
  }
}
