/**
 * The methods of the services, each made of its operation's description: an input out, an answer in. For the client.
 */
import { Refusal } from "@effekten/domain"
import {
  type Api,
  Checking,
  type CommandFailure,
  type CommandOptions,
  NotFound,
  ofCall,
  Operation,
  Rejection,
  Unavailable
} from "@effekten/services"
import { Clock, Effect, Result, Schema } from "effect"
import { Headers, type HttpClient, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { isKey, redactedHeaders, toHeader } from "../contract/IdempotencyKey.ts"
import { reader, versionOf } from "./ClientAnswer.ts"
import * as ClientAttempt from "./ClientAttempt.ts"
import { settle } from "./ClientBounds.ts"
import { type Call, CurrentCall, makeCall } from "./ClientCall.ts"
import { CannotFollow, queryOf, readPage } from "./ClientPages.ts"
import { formOf } from "./ClientUpload.ts"

type Command = Extract<Operation.Any, { readonly _tag: "Command" }>
type Read = Extract<Operation.Any, { readonly _tag: "Read" }>
type List = Extract<Operation.Any, { readonly _tag: "List" }>

/** A method of a service. @category models */
export type Method = (...args: ReadonlyArray<any>) => Effect.Effect<unknown, CommandFailure>

/** Where and over what the methods call. @category models */
export interface Mount {
  readonly http: HttpClient.HttpClient
  /** Where the API is mounted, without a slash at its end. */
  readonly base: string
  /** The other operations of the resource. */
  readonly siblings: ReadonlyArray<Operation.Any>
}

const invalidKey = new Rejection({
  code: "idempotency_key_invalid",
  status: 400,
  message: "An idempotency key has 1 to 255 visible ASCII characters."
})

/**
 * A text that cannot be an id names nothing. It is told as the register tells of an id that it does not know: by the kind of object in the path.
 */
const noSuchObject = (operation: Operation.Any, at: number): NotFound => {
  const [, path] = Operation.partsOf(operation.route!)
  const kind = [...path.matchAll(/(\w+)s\/:\w+/g)][at]?.[1]
  const codes = operation.refusals.filter((code) => code.endsWith("_not_found"))
  const code = codes.find((code) => code === `${kind}_not_found`) ?? codes.at(-1)
  return code === undefined
    ? new NotFound({ code: "not_found", message: "There is no such object." })
    : new NotFound({ code, message: Refusal.byCode[code].message })
}

type Reading<A> = (response: HttpClientResponse.HttpClientResponse, body: unknown) => Result.Result<A, unknown>

const parsed = (text: string): Result.Result<unknown, unknown> =>
  text === "" ? Result.succeed(undefined) : Result.try(() => JSON.parse(text))

/**
 * "Had no effect" is a promise about the whole call: it does not hold when an earlier attempt may have had an effect. What the register has
 * recorded under the key is the answer to all attempts.
 */
const inDoubt = ({ executed, failure }: ClientAttempt.Verdict, call: Call): CommandFailure =>
  executed === "no" && call.isDoubtful
    ? new Unavailable({
        executed: "unknown",
        message: "The last attempt was refused, but an earlier one may have had its effect.",
        cause: failure,
        ...(failure._tag === "Unavailable" && failure.retryAfter !== undefined
          ? { retryAfter: failure.retryAfter }
          : {})
      })
    : failure

const toldOf = ({ attempts, key, problem }: Call) => ({
  attempts,
  ...(key === undefined ? {} : { key }),
  ...(problem === undefined ? {} : { problem })
})

const misread = (request: HttpClientRequest.HttpClientRequest, cause: unknown): ClientAttempt.Verdict => {
  const verdict = ClientAttempt.misunderstood(request, cause)
  return cause instanceof CannotFollow
    ? { ...verdict, failure: new Unavailable({ executed: "no", message: cause.message, cause }) }
    : verdict
}

/** Sends a request and reads its answer, or fails with what is known of the call. */
const answered = <A>(
  { http }: Mount,
  name: string,
  request: HttpClientRequest.HttpClientRequest,
  key: string | undefined,
  read: Reading<A>
): Effect.Effect<A, CommandFailure> =>
  Effect.suspend(() => {
    let last: readonly [HttpClientResponse.HttpClientResponse, Result.Result<A, unknown>] | undefined
    const understood = (response: HttpClientResponse.HttpClientResponse, body: string): Result.Result<A, unknown> => {
      if (last?.[0] !== response) last = [response, Result.flatMap(parsed(body), (json) => read(response, json))]
      return last[1]
    }
    const call = makeCall((response, body) => Result.isSuccess(understood(response, body)))
    call.key = key
    const failing = (verdict: ClientAttempt.Verdict) => {
      // A layer that repeats has noted it already.
      if (call.attempts === 0) ClientAttempt.note(call, verdict)
      return Effect.fail(ofCall(inDoubt(verdict, call), toldOf(call)))
    }
    return Effect.gen(function* () {
      const response = yield* Effect.flatMap(http.execute(request), (response) => settle(response, request))
      const body = yield* response.text
      if (response.status < 200 || response.status >= 300) {
        return yield* failing(ClientAttempt.ofResponse(request, response, body, yield* Clock.currentTimeMillis))
      }
      const answer = understood(response, body)
      return Result.isSuccess(answer) ? answer.success : yield* failing(misread(request, answer.failure))
    }).pipe(
      Effect.catchTag("HttpClientError", (error) => failing(ClientAttempt.ofError(request, error))),
      Effect.catchDefect((defect) => failing(ClientAttempt.misunderstood(request, defect))),
      Effect.provideService(CurrentCall, call),
      Effect.provideService(Headers.CurrentRedactedNames, redactedHeaders),
      Effect.withSpan(`effekten.${name}`, { kind: "client" })
    )
  })

/** Where an object is, or that there is none. */
const urlOf = (
  base: string,
  operation: Operation.Any,
  ids: ReadonlyArray<unknown>
): Result.Result<string, NotFound> => {
  const wrong = operation.ids.findIndex((schema, at) => !Schema.is(schema)(ids[at]))
  if (wrong >= 0) return Result.fail(noSuchObject(operation, wrong))
  const rest = [...ids]
  const [, path] = Operation.partsOf(operation.route!)
  return Result.succeed(base + path.replace(/:\w+/g, () => encodeURIComponent(String(rest.shift()))))
}

/** What is sent, and why it will be refused if it was not recorded before. */
interface Prepared {
  readonly body: unknown
  readonly refused: Rejection | undefined
}

/**
 * What the server would refuse as invalid is refused here, in the same words and without a call. Under a key of the caller's it is sent all
 * the same: the server may have recorded it by earlier lists.
 */
const prepared = (
  operation: Command,
  checks: Checking.Checks<unknown> | undefined,
  given: unknown,
  key: string | undefined
): Result.Result<Prepared, Rejection> => {
  const accepted = checks?.accept(given)
  const refused = accepted !== undefined && Result.isFailure(accepted) ? accepted.failure : undefined
  const isRecordable = key !== undefined && refused?.body !== undefined && operation.body !== "file"
  if (refused !== undefined && !isRecordable) return Result.fail(refused.rejection)
  if (key !== undefined && !isKey(key)) return Result.fail(invalidKey)
  if (refused !== undefined) return Result.succeed({ body: refused.body, refused: refused.rejection })
  const body = accepted !== undefined && Result.isSuccess(accepted) ? accepted.success.body : undefined
  return Result.succeed({ body, refused: undefined })
}

const withBody = (
  operation: Command,
  request: HttpClientRequest.HttpClientRequest,
  body: unknown
): Effect.Effect<HttpClientRequest.HttpClientRequest, CommandFailure> => {
  switch (operation.body) {
    case "none":
      return Effect.succeed(request)
    case "file":
      return Effect.map(formOf(body as Api.UploadDocument), ({ body, contentType }) =>
        HttpClientRequest.bodyUint8Array(request, body, contentType)
      )
    default:
      return Effect.succeed(HttpClientRequest.bodyJsonUnsafe(request, body))
  }
}

/** Whether an operation shows the object that its path names last: a reading of that path shows the same. */
const showsNamed = (operation: Command, siblings: ReadonlyArray<Operation.Any>): boolean =>
  siblings.some(
    (other) =>
      other._tag === "Read" &&
      other.answer === operation.answer &&
      Operation.partsOf(operation.route!)[1].startsWith(Operation.partsOf(other.route!)[1])
  )

/** An answer that does not name its object is about the object of the path, where it can be about no other. */
const named = (body: unknown, id: unknown): unknown =>
  typeof body === "object" && body !== null ? { id, ...body } : (body ?? { id })

const nothing = () => () => Result.succeed(undefined)

const commandOf = (operation: Command, mount: Mount): Method => {
  const read = operation.answer === undefined ? nothing : reader(operation.answer)
  const checks = operation.input === undefined ? undefined : Checking.checks(operation.input)
  const [method] = Operation.partsOf(operation.route!)
  const isNamed = showsNamed(operation, mount.siblings)
  return (...args) => {
    const ids = args.slice(0, operation.ids.length)
    const [given, options]: readonly [unknown, CommandOptions | undefined] =
      checks === undefined ? [undefined, args[ids.length]] : [args[ids.length], args[ids.length + 1]]
    const key = options?.key
    return Effect.gen(function* () {
      const { body, refused } = yield* Effect.fromResult(prepared(operation, checks, given, key))
      // Nothing is recorded under what cannot be an id, so an invalid input is refused as such.
      const url = yield* Effect.fromResult(
        Result.mapError(urlOf(mount.base, operation, ids), (missing) => refused ?? missing)
      )
      const headers = key === undefined ? {} : Object.fromEntries([toHeader(key)])
      const request = yield* withBody(operation, HttpClientRequest.make(method)(url, { headers }), body)
      return answered(mount, operation.operation, request, key, (response, json) =>
        read(versionOf(response))(isNamed ? named(json, ids.at(-1)) : json)
      ).pipe(
        // It was not recorded: the register's words for what is wrong, not those of a reader of JSON.
        Effect.mapError((failure) =>
          refused !== undefined && failure._tag === "Rejection" && failure.status === 400
            ? ofCall(refused, failure.call!)
            : failure
        )
      )
    }).pipe(
      Effect.mapError((refused) => ofCall(refused, { attempts: 0, ...(key === undefined ? {} : { key }) })),
      Effect.flatten
    )
  }
}

const notSent = (refused: CommandFailure) => Effect.fail(ofCall(refused, { attempts: 0 }))

const readOf = (operation: Read, mount: Mount): Method => {
  const read = reader(operation.answer)
  return (...ids) => {
    const url = urlOf(mount.base, operation, ids)
    return Result.isFailure(url)
      ? notSent(url.failure)
      : answered(mount, operation.reading, HttpClientRequest.get(url.success), undefined, (response, json) =>
          read(versionOf(response))(json)
        )
  }
}

const listOf = (operation: List, mount: Mount): Method => {
  const read = reader(operation.answer)
  const check = Checking.pages(operation)
  return (...args) => {
    const ids = args.slice(0, operation.ids.length)
    const checked = check(args[ids.length])
    if (Result.isFailure(checked)) return notSent(checked.failure)
    const page = checked.success
    const url = urlOf(mount.base, operation, ids)
    if (Result.isFailure(url)) return notSent(url.failure)
    const asked = HttpClientRequest.setUrlParams(HttpClientRequest.get(url.success), {
      ...Operation.askedOf(operation, ids),
      ...Operation.chosenOf(operation, page)
    })
    const request = HttpClientRequest.setUrlParams(asked, queryOf(page, operation.cursor))
    return answered(mount, operation.reading, request, undefined, (response, json) =>
      readPage(json, page, operation.cursor, read(versionOf(response)))
    )
  }
}

/** @category constructors */
export const methodOf = (operation: Operation.Any, mount: Mount): Method => {
  switch (operation._tag) {
    case "Command":
      return commandOf(operation, mount)
    case "Read":
      return readOf(operation, mount)
    case "List":
      return listOf(operation, mount)
  }
}
