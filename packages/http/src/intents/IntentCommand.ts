/**
 * The commands that can be intents, and their JSON forms: what is recorded before a call, and what is kept of its end. For `Intents`.
 *
 * A document is no intent: its bytes are in a file of the caller's already. Upload it with the digest of its bytes as the key.
 */
import {
  Answer,
  Checking,
  type CommandFailure,
  NotFound,
  type Operation,
  platformResources,
  type PlatformService,
  Rejection,
  type Resource,
  shape,
  Unavailable
} from "@effekten/services"
import { Context, Effect, Result, Schema } from "effect"
import { codeOf, statusSentence } from "../client/ClientProblem.ts"

/** The services whose commands can be intents. @category models */
export type Service = (typeof platformResources)[number]

type OperationsOf<S extends Service> = S["resource"] extends Resource.Resource<infer Operations> ? Operations : never

/** A command that takes JSON, or nothing. */
type Storable<O> =
  O extends Operation.Command<any, any, any, infer Op> ? ("UploadDocument" extends Op ? never : O) : never

/** The names of a service's commands. @category models */
export type Name<S extends Service> = {
  readonly [N in keyof OperationsOf<S>]: [Storable<OperationsOf<S>[N]>] extends [never] ? never : N
}[keyof OperationsOf<S>] &
  string

type Values<I extends Operation.Ids> = { readonly [At in keyof I]: I[At]["Type"] }

/** What a command takes: the ids of its path in order, then its input. @category models */
export type Arguments<S extends Service, N extends Name<S>> =
  OperationsOf<S>[N] extends Operation.Command<infer I, infer In, any>
    ? [In] extends [never]
      ? [...Values<I>]
      : [...Values<I>, input: In]
    : never

/** What a command answers. @category models */
export type Answered<S extends Service, N extends Name<S>> =
  OperationsOf<S>[N] extends Operation.Command<any, any, infer A> ? A : never

type Command = Operation.Command<Operation.Ids, any, unknown>

/** A command, found in the services. @category models */
export interface Found {
  readonly command: Command
  readonly checks: Checking.Checks<unknown> | undefined
  /** Reads the recorded form. Rules that came later than the intent are the register's to apply. */
  readonly inputOf: ((body: unknown) => Result.Result<unknown, unknown>) | undefined
  readonly service: string
  readonly name: string
}

const found = (service: string, name: string, command: Command): Found => ({
  command,
  checks: command.input === undefined ? undefined : Checking.checks(command.input),
  inputOf: command.input === undefined ? undefined : Schema.decodeUnknownResult(shape(command.input)),
  service,
  name
})

const commands: ReadonlyArray<Found> = platformResources.flatMap(({ key, resource }) =>
  Object.entries<Operation.Any>(resource.operations).flatMap(([name, operation]) =>
    operation._tag === "Command" && operation.body !== "file" ? [found(key, name, operation)] : []
  )
)

const byOperation = new Map(commands.map((each) => [each.command.operation as string, each]))
const byName = new Map(commands.map((each) => [`${each.service} ${each.name}`, each]))

/** The command of a service by its name. What has none is no program that the compiler accepted. @category computing */
export const ofName = (service: Service, name: string): Found => {
  const command = byName.get(`${service.key} ${name}`)
  if (command === undefined) throw new TypeError(`${service.resource.name}.${name} cannot be an intent`)
  return command
}

/** The command of a recorded operation; undefined where a newer program recorded it. @category computing */
export const ofOperation = (operation: string): Found | undefined => byOperation.get(operation)

/** What is recorded of an intent: ids of the path, and the input in its JSON form. @category schemas */
export const Recorded = Schema.Struct({ ids: Schema.Array(Schema.String), body: Schema.optionalKey(Schema.Json) })
export type Recorded = typeof Recorded.Type

/** Bytes of an input's JSON form: a register takes no more. */
const maximumInput = 256 * 1024

const tooLarge = new Rejection({
  code: "payload_too_large",
  status: 413,
  message: `The JSON form of an input has at most ${maximumInput} bytes.`
})

/** The arguments of a command in their JSON form. An input that the register would refuse as invalid is refused. @category conversions */
export const toRecorded = (
  { checks, command }: Found,
  args: ReadonlyArray<unknown>
): Effect.Effect<Recorded, Rejection> => {
  const ids = args.slice(0, command.ids.length).map(String)
  if (checks === undefined) return Effect.succeed({ ids })
  const accepted = checks.accept(args[command.ids.length])
  if (Result.isFailure(accepted)) return Effect.fail(accepted.failure.rejection)
  const { body } = accepted.success
  return Buffer.byteLength(JSON.stringify(body)) > maximumInput ? Effect.fail(tooLarge) : Effect.succeed({ ids, body })
}

/** Any command as its service has it. */
type Method = (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown, CommandFailure>

/** Sends a recorded command under a key. @category running */
export const send = (
  services: Context.Context<PlatformService>,
  found: Found,
  { body, ids }: Recorded,
  key: string
): Effect.Effect<unknown, CommandFailure> =>
  Effect.suspend(() => {
    const methods = services.mapUnsafe.get(found.service) as { readonly [name: string]: Method }
    const method = methods[found.name]!
    return found.inputOf === undefined
      ? method(...ids, { key })
      : Effect.flatMap(Effect.orDie(Effect.fromResult(found.inputOf(body))), (input) => method(...ids, input, { key }))
  })

/** The end of an intent: an answer in the version of the program that got it, or a refusal. @category schemas */
const End = Schema.Union([
  Schema.TaggedStruct("Answered", { version: Schema.Int, body: Schema.optionalKey(Schema.Json) }),
  Schema.TaggedStruct("Refused", { failure: Schema.Union([Rejection, NotFound]) })
])
type End = typeof End.Type

const EndText = Schema.fromJsonString(End)
const encodeEnd = Schema.encodeSync(EndText)
const decodeEnd = Schema.decodeResult(EndText)

/** The text of an answer, as it is kept. @category conversions */
export const answeredText = ({ command: { answer } }: Found, value: unknown): string =>
  encodeEnd(
    answer === undefined
      ? { _tag: "Answered", version: 1 }
      : {
          _tag: "Answered",
          version: answer.version,
          body: Schema.encodeUnknownSync(Answer.seen(answer, answer.version))(value)
        }
  )

/** The text of a refusal, as it is kept. @category conversions */
export const refusedText = (failure: Rejection | NotFound): string => encodeEnd({ _tag: "Refused", failure })

const answerOf = (
  { command: { answer } }: Found,
  { body, version }: Extract<End, { readonly _tag: "Answered" }>
): Result.Result<unknown, unknown> => {
  if (answer === undefined) return Result.succeed(undefined)
  const read = Schema.decodeUnknownResult(Answer.seen(answer, version))(body)
  return Result.map(read, (read) => answer.lift(read, version))
}

/** What a kept text says: the answer in today's form, or the refusal; undefined where it is neither. @category conversions */
export const readEnd = (
  found: Found,
  text: string
): { readonly _tag: "Answered"; readonly answer: unknown } | Extract<End, { _tag: "Refused" }> | undefined => {
  const end = decodeEnd(text)
  if (Result.isFailure(end)) return undefined
  if (end.success._tag === "Refused") return end.success
  const answer = answerOf(found, end.success)
  return Result.isFailure(answer) ? undefined : { _tag: "Answered", answer: answer.success }
}

const FailureText = Schema.fromJsonString(Schema.Union([Rejection, NotFound, Unavailable]))

/** A cause stays out of what is kept: it may hold the whole request. */
const withoutCause = (failure: CommandFailure): CommandFailure => {
  if (failure._tag !== "Unavailable") return failure
  const { call, executed, message, retryAfter } = failure
  return new Unavailable({
    executed,
    message,
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(call === undefined ? {} : { call })
  })
}

/** The text of the last failure of a pending intent. @category conversions */
export const failureText = (failure: CommandFailure): string => Schema.encodeSync(FailureText)(withoutCause(failure))

/** @category conversions */
export const readFailure = (text: string): CommandFailure | undefined => {
  const failure = Schema.decodeResult(FailureText)(text)
  return Result.isFailure(failure) ? undefined : failure.success
}

/** Statuses with which a register says that a request can never succeed as it is. */
const invalid: ReadonlySet<number> = new Set([400, 413, 415])
/** Statuses with which it says what it has decided, and what it has recorded under the key. */
const decided: ReadonlySet<number> = new Set([409, 422])

/** Whether a refusal has a code of its own, as a register's have. A proxy says no more than its status, or says it in words. */
const isCoded = ({ code, status }: Rejection): boolean => code !== codeOf(status) && /^[a-z][a-z0-9_]*$/.test(code)

/** Whether a refusal is about this request: that of a token, without which the request is not sent, is not. */
const isAnswer = ({ call, status }: Rejection): boolean => call === undefined || call.problem?.status === status

const endsWith = (refusal: Rejection): boolean =>
  isAnswer(refusal) &&
  ((invalid.has(refusal.status) && isCoded(refusal)) ||
    (decided.has(refusal.status) &&
      refusal.code !== "idempotency_in_progress" &&
      (isCoded(refusal) || refusal.message !== statusSentence(refusal.status))))

/**
 * Whether a failure is the end of an intent. It is where the register has answered, or where the request can never succeed.
 *
 * Missing rights are no end: an operator mends them. Neither is an answer of something that is not the register, such as a proxy: an earlier
 * attempt may have had its effect.
 *
 * @category predicates
 */
export const isEnd = (failure: CommandFailure): failure is Rejection | NotFound => {
  switch (failure._tag) {
    case "Unavailable":
      return false
    case "Rejection":
      return endsWith(failure)
    case "NotFound":
      // What was not sent has an id that can be none.
      return failure.code !== codeOf(404) || (failure.call?.attempts ?? 0) === 0
  }
}
