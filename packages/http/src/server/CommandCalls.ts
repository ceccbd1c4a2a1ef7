/**
 * From a request that changes something to a service and back: the key, the body as received, the call, the answer. For the routes of the
 * described operations.
 */
import {
  type CommandFailure,
  type Operation,
  partyId,
  type PlatformServices,
  type Receipt,
  Request,
  type ServingIssuers,
  type Unavailable
} from "@effekten/services"
import { Effect, Result } from "effect"
import { HttpServerResponse } from "effect/http"
import { answerVersionHeader, entityTagHeader, ignoredHeader, replayedHeader } from "../contract/Headers.ts"
import { fromHeaders } from "../contract/IdempotencyKey.ts"
import { failureResponse } from "../contract/Problem.ts"
import { type Call, type Described, ifMatchOf, json, type Method, written } from "./Call.ts"
import * as EntityTag from "./EntityTag.ts"
import { type Exchange, Refused } from "./Exchange.ts"
import type { Limits } from "./Limits.ts"
import { jsonOf, readJsonBytes } from "./RequestBody.ts"
import { sizeOf, type Turns } from "./Turns.ts"
import { places, readUpload } from "./Upload.ts"

type Response = HttpServerResponse.HttpServerResponse
type Command = Described<Extract<Operation.Any, { readonly _tag: "Command" }>>

const keyOf = ({ request }: Exchange, required: boolean): Result.Result<string | undefined, Refused> => {
  const key = fromHeaders(request.headers)
  if (Result.isFailure(key)) return Result.fail(new Refused({ code: "idempotency_key_invalid", detail: key.failure }))
  return required && key.success === undefined
    ? Result.fail(
        new Refused({
          code: "idempotency_key_missing",
          detail: "Send X-Idempotency-Key with 1 to 255 visible ASCII characters."
        })
      )
    : Result.succeed(key.success)
}

interface Received {
  /** The body as received, for the fingerprint. That of an upload is known to the service, at its end. */
  readonly body: unknown
  readonly input: unknown
  /** Why the input turned out not to be one while it was read. */
  readonly refused?: () => Refused | undefined
}

/** What a body says, whichever generation of the API it is written for. */
const saidBy = (
  { responseHeaders }: Exchange,
  { operation, read }: Command,
  bytes: Uint8Array
): Result.Result<Received, Refused> => {
  const json = jsonOf(bytes)
  if (Result.isFailure(json)) return Result.fail(json.failure)
  // Where none is needed, no body is an empty one; where nothing is read, it still has to say nothing.
  const body = json.success ?? (operation.body === "json" ? undefined : {})
  const said = read(body)
  if (Result.isFailure(said)) {
    const { message, errors = [] } = said.failure
    return Result.fail(new Refused({ code: "invalid_request", detail: message, errors, received: body }))
  }
  const { ignored, input } = said.success
  if (ignored.length > 0) responseHeaders[ignoredHeader] = ignored.join(", ")
  return Result.succeed({ body: operation.body === "none" ? json.success : body, input })
}

type Recorded = Omit<Receipt, "answer"> & { readonly answer?: unknown }

/** What was recorded of a command, in the version it was recorded in. */
const respond = (exchange: Exchange, command: Command, ids: ReadonlyArray<string>, recorded: Recorded): Response => {
  const { location, operation, status } = command
  const { responseHeaders } = exchange
  if (recorded.replayed) responseHeaders[replayedHeader] = "true"
  if (operation.answer === undefined) return HttpServerResponse.empty({ status: 204 })
  const body = written(exchange, command, recorded.version, recorded.answer)
  const url = location?.(exchange, ids, body)
  if (url !== undefined) responseHeaders["location"] = url
  return json(body, status)
}

/** A failure of a service. A refusal that was recorded is an answer: its body is that of its version. */
const fail = (exchange: Exchange, failure: CommandFailure, receipt: Receipt | undefined): Response => {
  // It tells what another platform has registered: a caller that asks for address after address shall be seen.
  if (failure._tag === "Rejection" && failure.code === "address_taken") exchange.notes.refusal = "address"
  const { responseHeaders } = exchange
  if (receipt?.replayed === true) responseHeaders[replayedHeader] = "true"
  if (receipt !== undefined && receipt.version !== 1) responseHeaders[answerVersionHeader] = String(receipt.version)
  return failureResponse(failure, exchange, receipt?.version)
}

/** Runs what a command asks of the services: they are told of the request, and what they tell of it is told back. */
const asking = <A>(
  command: Command,
  { exchange, ids, principal }: Call,
  body: unknown,
  run: () => Effect.Effect<A, CommandFailure>,
  recorded: (value: A, receipt: Receipt | undefined) => Recorded | Refused,
  refused: () => Refused | undefined = () => undefined
): Effect.Effect<Response, Refused> => {
  const ifMatch = ifMatchOf(exchange, command)
  if (Result.isFailure(ifMatch)) return Effect.fail(ifMatch.failure)
  let receipt: Receipt | undefined
  let tag: string | undefined
  const request: Request = {
    body,
    client: principal.clientId,
    correlation: exchange.requestId,
    ifMatch: ifMatch.success,
    onEntityTag: (given) => {
      tag = given
    },
    onReceipt: (given) => {
      receipt = given
    }
  }
  // Once it has begun, a command is not interrupted: a client that goes away does not stop it half-way.
  return Effect.matchEffect(Effect.uninterruptible(Effect.provideService(run(), Request, request)), {
    onFailure: (failure) => {
      const broken = refused()
      return broken === undefined ? Effect.succeed(fail(exchange, failure, receipt)) : Effect.fail(broken)
    },
    onSuccess: (value) => {
      const answer = recorded(value, receipt)
      if (answer instanceof Refused) return Effect.fail(answer)
      if (tag !== undefined) exchange.responseHeaders[entityTagHeader] = EntityTag.toHeader(tag)
      return Effect.succeed(respond(exchange, command, ids, answer))
    }
  })
}

/** What commands need beside the operation. @category models */
export interface Needed {
  readonly platforms: PlatformServices["Service"]
  readonly issuers: ServingIssuers
  readonly turns: Turns["Service"]
  readonly limits: Limits
}

const run = (
  command: Command,
  call: Call,
  method: Method,
  key: string | undefined,
  { body, input, refused }: Received
): Effect.Effect<Response, Refused> => {
  const { operation } = command
  const options = key === undefined ? {} : { key }
  const today = operation.answer?.version ?? 1
  return asking(
    command,
    call,
    body,
    () => (operation.input === undefined ? method(...call.ids, options) : method(...call.ids, input, options)),
    (value, receipt) =>
      // Services that keep no record answer in today's version.
      receipt !== undefined && "answer" in receipt
        ? receipt
        : { replayed: receipt?.replayed ?? false, version: today, answer: value },
    refused
  )
}

/** A body that is refused as invalid may have been accepted under this key before, by the lists of that time. */
const repeat = (
  { issuers, platforms }: Needed,
  command: Command,
  call: Call,
  key: string | undefined,
  refused: Refused
): Effect.Effect<Response, Refused> => {
  const { code, received: body } = refused
  if (code !== "invalid_request" || body === undefined || key === undefined) return Effect.fail(refused)
  const { name, service } = command
  const { principal } = call
  const repeated = { service: service.key, operation: name, ids: call.ids, key, body }
  return asking(
    command,
    call,
    body,
    () =>
      principal.issuer === undefined
        ? platforms.repeat(principal.platform, repeated)
        : issuers.repeat(principal.issuer, repeated),
    (receipt) => receipt ?? refused
  )
}

const carriedOut = <R>(
  needed: Needed,
  command: Command,
  call: Call,
  method: Method,
  received: Effect.Effect<Received, Refused | Unavailable, R>
): Effect.Effect<Response, Refused | Unavailable, R> => {
  const key = keyOf(call.exchange, command.operation.key === "required")
  if (Result.isFailure(key)) return Effect.fail(key.failure)
  return Effect.matchEffect(received, {
    onFailure: (failure): Effect.Effect<Response, Refused | Unavailable> =>
      failure._tag === "Refused" ? repeat(needed, command, call, key.success, failure) : Effect.fail(failure),
    onSuccess: (sent) => run(command, call, method, key.success, sent)
  })
}

/** Makes what carries out commands. @category constructors */
export const make = (needed: Needed) => {
  const { limits, turns } = needed
  const place = places(limits)

  const receivedFile = Effect.fnUntraced(function* ({ exchange: { request }, principal }: Call) {
    yield* place(partyId(principal))
    return { body: undefined, ...(yield* readUpload(request, limits)) }
  })

  const receivedJson = (command: Command, { exchange, principal }: Call) =>
    Effect.flatMap(readJsonBytes(exchange.request, limits), (bytes) =>
      turns.brief(
        partyId(principal),
        sizeOf({ bytes: bytes.length })
      )(Effect.suspend(() => Effect.fromResult(saidBy(exchange, command, bytes))))
    )

  return (command: Command) => {
    const isFile = command.operation.body === "file"
    return (call: Call, method: Method): Effect.Effect<Response, Refused | Unavailable> =>
      isFile
        ? Effect.scoped(carriedOut(needed, command, call, method, receivedFile(call)))
        : carriedOut(needed, command, call, method, receivedJson(command, call))
  }
}
