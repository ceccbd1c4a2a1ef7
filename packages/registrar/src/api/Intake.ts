/**
 * The intake of instructions: makes an instruction of a request, has it decided and recorded, and finds it again. For the implementations of
 * the services. Answers are not made here; see {@link Showing}.
 */
import { type Commands, type Event, type Id, Refusal } from "@effekten/domain"
import type { Json } from "@effekten/event-store"
import { type CommandFailure, Rejection, Request } from "@effekten/services"
import { Clock, Context, Effect, Layer, Result } from "effect"
import { SecureRandom } from "effect/crypto"
import { failureOf, keyInvalid, newer } from "../base/Failures.ts"
import * as Ids from "../base/Ids.ts"
import { Secrets } from "../base/Secrets.ts"
import { Executor } from "../deciding/Executor.ts"
import type { Answered, Instruction } from "../deciding/Instruction.ts"

/** 1 to 255 visible ASCII characters. */
const keyPattern = /^[\x21-\x7e]{1,255}$/

/** The actor that instructs, and the platform it instructs through. @category models */
export interface Instructing {
  readonly actor: Event.Meta["actor"]
  readonly platform: Id.PlatformId | undefined
  /** The issuer, where its client is the caller. */
  readonly issuer?: Id.IssuerId
}

/** What a caller asks for, as it came in. @category models */
export interface Sent {
  readonly operation: Commands.Command["operation"]
  /** Ids in the path: they belong to the identity of the instruction. */
  readonly ids: ReadonlyArray<string>
  /** The version of the answer that the operation has today. */
  readonly answer: number
  readonly key: string
}

/** An instruction before its command is made. A recorded instruction needs no command. @category models */
export type Received = Omit<Instruction, "command">

/** An instruction before its input is known. A content that comes piece by piece has a fingerprint only at its end. @category models */
export type Begun = Omit<Received, "fingerprint">

/** @category services */
export class Intake extends Context.Service<
  Intake,
  {
    /** Begins an instruction of what is asked, in a request. */
    readonly begin: (instructing: Instructing, request: Request, sent: Sent) => Result.Result<Begun, Rejection>
    /** Makes it an instruction: with the fingerprint of the body as the request received it, or else of the input in its JSON form. */
    readonly receive: (begun: Begun, request: Request, body: Json.Json) => Result.Result<Received, Rejection>
    /** Whether anything is recorded under its key, of this input or another. */
    readonly isRecorded: (begun: Begun) => Effect.Effect<boolean, CommandFailure>
    /** A key for a caller that has none. */
    readonly newKey: Effect.Effect<string>
    /** Decides and records; a recorded refusal fails as it did the first time. */
    readonly execute: (instruction: Instruction) => Effect.Effect<Answered, CommandFailure>
    /** What is recorded of an instruction already. */
    readonly find: (received: Received) => Effect.Effect<Answered | undefined, CommandFailure>
    /** A new id, a UUID of version 7. */
    readonly newId: Effect.Effect<string>
  }
>()("effekten/registrar/Intake") {
  static readonly layer: Layer.Layer<Intake, never, Executor | Secrets | SecureRandom.SecureRandom> = Layer.effect(
    Intake,
    Effect.gen(function* () {
      const executor = yield* Executor
      const secrets = yield* Secrets
      const random = yield* SecureRandom.SecureRandom
      const ids = yield* Ids.make
      return Intake.of({
        newId: Effect.withFiberSucceed((fiber) => ids.next(fiber.getRef(Clock.Clock))),
        newKey: random.uuidV4(),
        begin: (instructing, request, sent) => beginning(secrets, instructing, request, sent),
        receive: (begun, request, body) => receiving(secrets, begun, request, body),
        isRecorded: ({ identity }) => executor.isRecorded(identity),
        execute: (instruction) => Effect.flatMap(executor.execute(instruction), refusing),
        find: Effect.fnUntraced(function* (received) {
          const found = yield* executor.find(received)
          return found === undefined ? undefined : yield* refusing(found)
        })
      })
    })
  ).pipe(Layer.fresh)
}

const beginning = (
  secrets: Secrets["Service"],
  { actor, issuer, platform }: Instructing,
  { correlation }: Request,
  { answer, ids, key, operation }: Sent
): Result.Result<Begun, Rejection> => {
  if (!keyPattern.test(key)) return Result.fail(keyInvalid())
  return orNoCanonicalForm(() => {
    const identity = secrets.identity({ platform: platform ?? issuer, operation, ids, key })
    return { identity, platform, actor, correlation, answer }
  })
}

const receiving = (
  secrets: Secrets["Service"],
  begun: Begun,
  { body: asReceived }: Request,
  body: Json.Json
): Result.Result<Received, Rejection> =>
  orNoCanonicalForm(() => ({
    ...begun,
    fingerprint: secrets.fingerprint(asReceived === undefined ? body : (asReceived as Json.Json))
  }))

const orNoCanonicalForm = <A>(make: () => A): Result.Result<A, Rejection> =>
  Result.try({ try: make, catch: () => noCanonicalForm })

const noCanonicalForm = new Rejection({
  code: "invalid_request",
  status: 400,
  message: "The request has no canonical JSON form."
})

/** A recorded refusal is an answer: it has a receipt, and fails. */
const refusing = (answered: Answered): Effect.Effect<Answered, CommandFailure> => {
  const last = answered.events[answered.events.length - 1]
  if (last?.type !== "InstructionRejected") return Effect.succeed(answered)
  const version = last.meta.answer ?? 1
  if (version > Refusal.wordsVersion) return Effect.fail(newer("a refusal", version))
  return Effect.flatMap(Request, (request) => {
    request.onReceipt?.({ replayed: answered.replayed, version })
    return Effect.fail(failureOf(last.data, version))
  })
}
