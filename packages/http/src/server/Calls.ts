/**
 * From a request to a service and back: the key, the body as received, the call, the answer. For the handlers of all operations.
 */
import {
  Checking,
  type CommandFailure,
  type Operation,
  type Page,
  type PageOptions,
  PlatformServices,
  Body,
  type Receipt,
  Request,
  type Resource,
  type Unavailable
} from "@effekten/services"
import { Array as Arr, Effect, Result, Schema } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { successStatus } from "../contract/Contract.ts"
import { Exchange, Refused, refusal } from "./Exchange.ts"
import * as EntityTag from "./EntityTag.ts"
import {
  answerVersionHeader,
  entityTagHeader,
  ifMatchHeader,
  ignoredHeader,
  replayedHeader
} from "../contract/Headers.ts"
import { fromHeaders } from "../contract/IdempotencyKey.ts"
import * as Links from "./Links.ts"
import { failureResponse } from "../contract/Problem.ts"
import { jsonOf, readJsonBytes } from "./RequestBody.ts"
import { inTime } from "./RequestTimeout.ts"
import { type Places, places, readUpload } from "./Upload.ts"
import { Principal } from "../contract/Scope.ts"
import { sizeOf, Turns } from "./Turns.ts"

type Response = HttpServerResponse.HttpServerResponse

/** The query of a list. @category models */
export type Query = Pick<PageOptions, "limit" | "cursor">

/** What is made of the description of an operation once, and used by every call of it. */
interface Described {
  readonly service: Resource.AnyService
  readonly name: string
  readonly operation: Operation.Any
  /** Where it has a body. */
  readonly read: ReturnType<typeof Body.reader>
  /** Writes an answer, by version. */
  readonly writers: ReadonlyMap<number, (answer: unknown) => unknown>
  /** Where what it makes is read. */
  readonly location: ReturnType<typeof Links.toAnswers>
}

/** One call: which operation, on what. */
interface Call extends Described {
  readonly ids: ReadonlyArray<string>
  readonly query: Query
}

type CommandCall = Call & { readonly operation: Extract<Operation.Any, { readonly _tag: "Command" }> }

const keyOf = Effect.fnUntraced(function* (required: boolean) {
  const request = yield* HttpServerRequest.HttpServerRequest
  const key = fromHeaders(request.headers)
  if (Result.isFailure(key)) return yield* new Refused({ code: "idempotency_key_invalid", detail: key.failure })
  if (required && key.success === undefined) {
    return yield* new Refused({
      code: "idempotency_key_missing",
      detail: "Send X-Idempotency-Key with 1 to 255 visible ASCII characters."
    })
  }
  return key.success
})

const setHeader = (name: string, value: string) =>
  Effect.map(Exchange, (exchange) => {
    exchange.responseHeaders.set(name, value)
  })

/** The entity tags that the object may have, if the request names some. What is made has none yet. */
const ifMatchOf = Effect.fnUntraced(function* ({ _tag, route }: Operation.Any) {
  const { headers } = yield* HttpServerRequest.HttpServerRequest
  const tags = EntityTag.ofIfMatch(headers[ifMatchHeader])
  if (Result.isFailure(tags)) return yield* new Refused({ code: "invalid_request", detail: tags.failure })
  return tags.success === undefined || _tag === "Read" || route?.startsWith("PATCH") === true
    ? tags.success
    : yield* otherwise("Only GET and PATCH of one object take If-Match.")
})

const otherwise = (detail: string) => new Refused({ code: "precondition_failed", detail })

const nothingToRead: Described["read"] = (body) => Result.succeed({ input: body, ignored: [] })

const described = (service: Resource.AnyService, name: string, operation: Operation.Any): Described => ({
  service,
  name,
  operation,
  read: operation._tag === "Command" ? Body.reader(operation) : nothingToRead,
  writers: new Map(
    Array.from(operation.answer?.schemas ?? [], ([version, schema]) => [version, Schema.encodeUnknownSync(schema)])
  ),
  location: successStatus(operation) === 201 ? Links.toAnswers(service, operation) : undefined
})

/** The input that a body says, whichever generation of the API it is written for. */
const inputOf = Effect.fnUntraced(function* (call: CommandCall, body: unknown) {
  const read = call.read(body)
  if (Result.isFailure(read)) {
    const { message, errors = [] } = read.failure
    return yield* new Refused({ code: "invalid_request", detail: message, errors, received: body })
  }
  const { ignored, input } = read.success
  if (ignored.length > 0) yield* setHeader(ignoredHeader, ignored.join(", "))
  return input
})

interface Received {
  /** The body as received, for the fingerprint. That of an upload is known to the service, at its end. */
  readonly body: unknown
  readonly input: unknown
  /** Why the input turned out not to be one while it was read. */
  readonly refused?: () => Refused | undefined
}

const receivedFile = Effect.fnUntraced(function* (place: Places) {
  yield* place((yield* Principal).platform)
  return { body: undefined, ...(yield* readUpload) }
})

const receivedJson = Effect.fnUntraced(function* (call: CommandCall, turns: Turns["Service"]) {
  const { platform } = yield* Principal
  const bytes = yield* readJsonBytes
  // The turn lasts until other requests have been looked for: however many bodies are there at once, they are read some at a time.
  return yield* turns.take(
    platform,
    sizeOf({ bytes: bytes.length })
  )(Effect.ensuring(saidBy(call, bytes), Effect.yieldNow))
})

const saidBy = Effect.fnUntraced(function* (call: CommandCall, bytes: Uint8Array) {
  const { operation } = call
  const json = yield* Effect.fromResult(jsonOf(bytes))
  // Where none is needed, no body is an empty one; where nothing is read, it still has to say nothing.
  const body = json ?? (operation.body === "json" ? undefined : {})
  return { body: operation.body === "none" ? json : body, input: yield* inputOf(call, body) }
})

const json = (body: unknown, status: number): Response =>
  HttpServerResponse.text(JSON.stringify(body), { status, contentType: "application/json" })

/** An answer in one of its versions. A value the schema cannot write is a defect of the server. */
const written = ({ name, writers }: Described, version: number, value: unknown): Effect.Effect<unknown> => {
  const write = writers.get(version)
  if (write === undefined) return Effect.die(new Error(`there is no version ${version} of what ${name} answers`))
  const writing = Effect.sync(() => write(value))
  return version === 1 ? writing : Effect.andThen(setHeader(answerVersionHeader, String(version)), writing)
}

/** What a client sees of a page: cursors become URLs. */
const pageOf = Effect.fnUntraced(function* (page: Page<unknown>, limit: number | undefined) {
  const link = (cursor: string | undefined) =>
    cursor === undefined ? Effect.succeed(null) : Links.toPage(cursor, limit)
  return {
    count: page.count,
    next: yield* link(page.next),
    previous: yield* link(page.previous),
    results: page.results
  }
})

const pageMembers: ReadonlyArray<string> = ["limit", "cursor"]

/** A member of the query that is ignored would change nothing, unnoticed: a program that counts pages would never come to an end. */
const checkQuery = Effect.fnUntraced(function* ({ operation }: Call) {
  const { originalUrl } = yield* HttpServerRequest.HttpServerRequest
  const at = originalUrl.indexOf("?")
  if (at < 0) return
  const known = operation._tag === "List" ? pageMembers : []
  const unknown = Array.from(new URLSearchParams(originalUrl.slice(at)).keys()).filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const message = known.length === 0 ? "This call takes no query." : `The query takes ${known.join(" and ")}.`
  return yield* new Refused({
    code: "invalid_request",
    detail: message,
    errors: Arr.dedupe(unknown)
      .slice(0, Checking.maximumErrors)
      .map((name) => ({ pointer: Checking.pointerOf([name]), code: "unexpected", message }))
  })
})

type Method = (...args: ReadonlyArray<unknown>) => Effect.Effect<any, CommandFailure>

type Platforms = PlatformServices["Service"]

/** The method of the service, for the platform that the request speaks for. */
const methodOf = (platforms: Platforms, { name, service }: Call) =>
  Effect.map(Principal, ({ platform }): Method => {
    const services = platforms.forPlatform(platform).mapUnsafe.get(service.key) as { readonly [name: string]: Method }
    return services[name]!
  })

type Recorded = Omit<Receipt, "answer"> & { readonly answer?: unknown }

/** What was recorded of a command, in the version it was recorded in. */
const respond = Effect.fnUntraced(function* (call: CommandCall, recorded: Recorded) {
  const { ids, location, operation } = call
  if (recorded.replayed) yield* setHeader(replayedHeader, "true")
  if (operation.answer === undefined) return HttpServerResponse.empty({ status: 204 })
  const body = yield* written(call, recorded.version, recorded.answer)
  const url = location === undefined ? undefined : yield* location(ids, body)
  if (url !== undefined) yield* setHeader("location", url)
  return json(body, successStatus(operation))
})

/** A failure of a service. A refusal that was recorded is an answer: its body is that of its version. */
const fail = Effect.fnUntraced(function* (failure: CommandFailure, receipt: Receipt | undefined) {
  if (receipt?.replayed === true) yield* setHeader(replayedHeader, "true")
  if (receipt !== undefined && receipt.version !== 1) yield* setHeader(answerVersionHeader, String(receipt.version))
  return failureResponse(failure, yield* Exchange, receipt?.version)
})

/** Runs what a command asks of the services: they are told of the request, and what they tell of it is told back. */
const asking = Effect.fnUntraced(function* <A>(
  call: CommandCall,
  body: unknown,
  run: Effect.Effect<A, CommandFailure>,
  recorded: (value: A, receipt: Receipt | undefined) => Recorded | Refused,
  refused: () => Refused | undefined = () => undefined
) {
  const { requestId } = yield* Exchange
  const { clientId } = yield* Principal
  const ifMatch = yield* ifMatchOf(call.operation)
  let receipt: Receipt | undefined
  let tag: string | undefined
  const request: Request = {
    body,
    client: clientId,
    correlation: requestId,
    ifMatch,
    onEntityTag: (given) => {
      tag = given
    },
    onReceipt: (given) => {
      receipt = given
    }
  }
  // Once it has begun, a command is not interrupted: a client that goes away does not stop it half-way.
  const result = yield* run.pipe(Effect.provideService(Request, request), Effect.uninterruptible, Effect.result)
  if (Result.isFailure(result)) {
    const broken = refused()
    return broken === undefined ? yield* fail(result.failure, receipt) : yield* broken
  }
  const answer = recorded(result.success, receipt)
  if (answer instanceof Refused) return yield* answer
  if (tag !== undefined) yield* setHeader(entityTagHeader, EntityTag.toHeader(tag))
  return yield* respond(call, answer)
})

/** Carries out commands. */
const commands = (platforms: Platforms, place: Places, turns: Turns["Service"]) => {
  const run = Effect.fnUntraced(function* (
    call: CommandCall,
    key: string | undefined,
    { body, input, refused }: Received
  ) {
    const method = yield* methodOf(platforms, call)
    const options = key === undefined ? {} : { key }
    const args = call.operation.input === undefined ? [...call.ids, options] : [...call.ids, input, options]
    const today = call.operation.answer?.version ?? 1
    return yield* asking(
      call,
      body,
      method(...args),
      (value, receipt) =>
        // Services that keep no record answer in today's version.
        receipt !== undefined && "answer" in receipt
          ? receipt
          : { replayed: receipt?.replayed ?? false, version: today, answer: value },
      refused
    )
  })

  /** A body that is refused as invalid may have been accepted under this key before, by the lists of that time. */
  const repeat = Effect.fnUntraced(function* (call: CommandCall, key: string | undefined, refused: Refused) {
    if (refused.code !== "invalid_request" || refused.received === undefined || key === undefined) return yield* refused
    const { platform } = yield* Principal
    const { ids, name, service } = call
    const repeated = { service: service.key, operation: name, ids, key, body: refused.received }
    return yield* asking(call, refused.received, platforms.repeat(platform, repeated), (receipt) => receipt ?? refused)
  })

  const carriedOut = Effect.fnUntraced(function* <R>(
    call: CommandCall,
    received: Effect.Effect<Received, Refused | Unavailable, R>
  ) {
    const key = yield* keyOf(call.operation.key === "required")
    const sent = yield* Effect.result(received)
    if (Result.isSuccess(sent)) return yield* run(call, key, sent.success)
    return yield* sent.failure._tag === "Refused" ? repeat(call, key, sent.failure) : sent.failure
  })

  return (call: CommandCall) =>
    call.operation.body === "file"
      ? Effect.scoped(carriedOut(call, receivedFile(place)))
      : carriedOut(call, receivedJson(call, turns))
}

/** @category models */
export interface Calls {
  /** What carries out the calls of an operation, and says what became of each; every failure is a problem. */
  readonly of: (
    service: Resource.AnyService,
    name: string,
    operation: Operation.Any
  ) => (
    ids: ReadonlyArray<string>,
    query: Query
  ) => Effect.Effect<Response, never, Principal | HttpServerRequest.HttpServerRequest>
}

/** The calls of one server, for the platform a request speaks for. @category constructors */
export const make = Effect.gen(function* (): Effect.fn.Return<Calls, never, PlatformServices | Turns> {
  const platforms = yield* PlatformServices
  const turns = yield* Turns
  const command = commands(platforms, yield* places, turns)

  /** A reading is recorded with the client that asks. */
  const ask = Effect.fnUntraced(function* (call: Call, args: ReadonlyArray<unknown>, about: Request = {}) {
    const { clientId } = yield* Principal
    const method = yield* methodOf(platforms, call)
    return yield* Effect.provideService(method(...call.ids, ...args), Request, { client: clientId, ...about })
  })

  /** One object; or, to a client that has it as it is, that it is so still. */
  const show = Effect.fnUntraced(function* (call: Call, version: number) {
    const { headers } = yield* HttpServerRequest.HttpServerRequest
    const ifMatch = yield* ifMatchOf(call.operation)
    let tag: string | undefined
    const shown: unknown = yield* ask(call, [], {
      onEntityTag: (given) => {
        tag = given
      }
    })
    if (ifMatch?.some((each) => each === tag) === false) return yield* otherwise("The object has another entity tag.")
    const body = yield* written(call, version, shown)
    if (tag === undefined) return json(body, 200)
    yield* setHeader(entityTagHeader, EntityTag.toHeader(tag))
    return EntityTag.isKnown(headers["if-none-match"], tag)
      ? HttpServerResponse.empty({ status: 304 })
      : json(body, 200)
  })

  const shown = Effect.fnUntraced(function* (call: Call, operation: Exclude<Operation.Any, CommandCall["operation"]>) {
    const { version } = operation.answer
    if (operation._tag === "Read") return yield* show(call, version)
    const page = yield* pageOf(yield* ask(call, [call.query]), call.query.limit)
    const results = yield* Effect.forEach(page.results, (one) => written(call, version, one))
    return json({ ...page, results }, 200)
  })

  const carriedOut = Effect.fnUntraced(function* (call: Call) {
    const { operation, query } = call
    yield* checkQuery(call)
    if (operation._tag === "Command") return yield* command({ ...call, operation })
    const { platform } = yield* Principal
    return yield* turns.take(platform, sizeOf({ results: query.limit }))(shown(call, operation))
  })

  const explained = (failure: Effect.Error<ReturnType<typeof carriedOut>> | Refused) =>
    Effect.map(Exchange, (exchange) =>
      failure._tag === "Refused" ? refusal(failure, exchange) : failureResponse(failure, exchange)
    )

  return {
    of: (service, name, operation) => {
      const made = described(service, name, operation)
      return (ids, query) => Effect.catch(inTime(carriedOut({ ...made, ids, query })), explained)
    }
  }
})
