/**
 * Implements a resource: makes a method of every described operation and of a few lines about what is particular to it. For the
 * implementations of the services, and for an application with a resource of its own. No operation may be named here.
 */
import type { Commands, Id } from "@effekten/domain"
import {
  Checking,
  type CommandFailure,
  type CommandOptions,
  ofCall,
  type IssuingService,
  type issuerResources,
  type Operation,
  type PlatformService,
  PlatformServices,
  type Receipt,
  type Repeated,
  Request,
  type Resource,
  type ServingIssuers
} from "@effekten/services"
import { Context, Effect, Result, type Schema } from "effect"
import type { Answered } from "../deciding/Instruction.ts"
import type { Access } from "../log/Access.ts"
import { commandsOf, type Given, type Told } from "./Members.ts"
import { type Begun, Intake, type Instructing, type Received, type Sent } from "./Intake.ts"
import {
  ifOwned,
  listMethod,
  type Method,
  type Pages,
  readMethod,
  type Reads,
  readsMethod,
  type Shows,
  type Within
} from "./Reading.ts"
import { Showing, type Versioned, versionOf } from "./Showing.ts"
import { type Answering, answerOf, guardOf, type IdsOf } from "./Answers.ts"
import { binding } from "./Binding.ts"

export { type Answering, changed, made, nothing, recorded } from "./Answers.ts"
export type { Instructing, Received } from "./Intake.ts"
export { consumed, dropped, type Given, type Told } from "./Members.ts"
export type { Owned } from "./Showing.ts"
export { type Pages, pages, type Reads, reads, type Shows, shows } from "./Reading.ts"
export { erased, type Personal, personalOf, type Shown, type View, view, viewBeside } from "./View.ts"

/** What a command is made of. @category models */
export interface Asked<I extends Operation.Ids, In> {
  /** By which actor, through which platform. */
  readonly instructing: Instructing
  /** Whether anything is recorded under its key. What was recorded is repeated: nothing has to be looked up for it. */
  readonly isRecorded: Failing<boolean>
  readonly ids: IdsOf<I>
  readonly input: In
  readonly newId: Effect.Effect<string>
}

type Failing<A> = Effect.Effect<A, CommandFailure>

/** An instruction as it comes in. @category models */
export interface Receiving {
  readonly begun: Begun
  /** The instruction, once its input is known. Default: the JSON form that the schema gives it. */
  readonly received: (body?: Schema.Json) => Failing<Received>
}

/** What is particular to a command. @category models */
export interface Instructs<I extends Operation.Ids, In, A> {
  readonly _tag: "Instructs"
  readonly carry: (receiving: Receiving, asked: Asked<I, In>, intake: Intake["Service"]) => Failing<Answered>
  readonly answers: Answering<I, A>
  readonly options: InstructOptions<I, In, A>
}

interface InstructOptions<I extends Operation.Ids, In, A> {
  /** Runs once the instruction is answered, before the caller has the answer. */
  readonly after?: (answered: Answered, answer: A) => Failing<void>
  /** What the caller has to own before anything is decided. */
  readonly within?: Within<I>
  /** The ids that belong to its identity, where they are fewer than those of its path. */
  readonly identity?: (ids: Asked<I, In>["ids"]) => ReadonlyArray<string>
}

type Described<I extends Operation.Ids, In, A, Op extends Commands.Operation> = Operation.Command<I, In, A, Op>

/** A command whose members are those of the input. @category constructors */
export const instructs = <I extends Operation.Ids, In, A, Op extends Commands.Operation, const M extends Told<In, Op>>(
  described: Described<I, In, A, Op>,
  told: {
    readonly members: M & { readonly [K in Exclude<keyof M, keyof Told<In, Op>>]: never }
    readonly given: (asked: Asked<I, In>) => Failing<Given<In, Op, M>>
    readonly answers: Answering<I, A>
  } & InstructOptions<I, In, A>
): Instructs<I, In, A> => {
  const commandOf = commandsOf(described.operation, told.members as { readonly [name: string]: string | symbol })
  return carries(described, {
    ...told,
    carry: (receiving, asked, intake) =>
      Effect.flatMap(receiving.received(), (received) =>
        Effect.flatMap(told.given(asked), (given) =>
          intake.execute({ ...received, command: commandOf(asked.input, given) })
        )
      )
  })
}

/** A command that the implementation carries out itself. @category constructors */
export const carries = <I extends Operation.Ids, In, A, Op extends Commands.Operation>(
  _described: Described<I, In, A, Op>,
  told: Pick<Instructs<I, In, A>, "carry" | "answers"> & InstructOptions<I, In, A>
): Instructs<I, In, A> => ({ _tag: "Instructs", carry: told.carry, answers: told.answers, options: told })

/** @category models */
export type Implementing<O> =
  O extends Operation.Command<infer I, infer In, infer A>
    ? Instructs<I, In, A>
    : O extends Operation.Read<infer I, infer A>
      ? Shows<I, A> | Reads<I, A>
      : O extends Operation.List<infer I, infer A>
        ? Pages<I, A>
        : never

/** A resource, implemented. @category models */
export interface Implementation<Ops> {
  readonly key: string
  /** Its service, for an actor and a platform. */
  readonly bind: (instructing: Instructing) => Operation.Methods<Ops>
  /** What is recorded of one of its commands under a key. */
  readonly repeat: (instructing: Instructing, repeated: Repeated) => Effect.Effect<Receipt | undefined, CommandFailure>
}

/** @category constructors */
export const implement = <const Ops extends Resource.Operations>(
  { key, operations }: { readonly key: string; readonly operations: Ops },
  implementing: { readonly [Name in keyof Ops]: Implementing<Ops[Name]> },
  context: Context.Context<Intake | Showing>
): Implementation<Ops> => {
  const parts: Parts = { intake: Context.get(context, Intake), showing: Context.get(context, Showing) }
  const methods = new Map<string, (instructing: Instructing) => Method>()
  const repeats = new Map<string, ReturnType<typeof repeatOf>>()
  for (const [name, described] of Object.entries<Operation.Any>(operations)) {
    const particular = implementing[name] as
      Instructs<any, any, any> | Shows<any, any> | Reads<any, any> | Pages<any, any>
    if (described._tag === "Command" && particular._tag === "Instructs") {
      methods.set(name, commandMethod(parts, described, particular))
      repeats.set(name, repeatOf(parts, described, particular))
    }
    if (described._tag === "Read" && particular._tag === "Shows")
      methods.set(name, readMethod(parts.showing, described, particular))
    if (described._tag === "Read" && particular._tag === "Reads")
      methods.set(name, readsMethod(parts.showing, described.reading as Access["purpose"], particular))
    if (described._tag === "List" && particular._tag === "Pages")
      methods.set(name, listMethod(parts.showing, described, particular))
  }
  return {
    key,
    bind: (instructing) =>
      Object.fromEntries(
        Array.from(methods, ([name, method]) => [name, method(instructing)])
      ) as Operation.Methods<Ops>,
    repeat: (instructing, repeated) =>
      Effect.suspend(() => repeats.get(repeated.operation)?.(instructing, repeated) ?? Effect.undefined)
  }
}

/** The implementations of some resources, one for each and in their order. @category models */
export type ImplementationsOf<R extends ReadonlyArray<Resource.AnyService>> = {
  readonly [At in keyof R]: R[At] extends { readonly resource: Resource.Resource<infer Ops> }
    ? Implementation<Ops>
    : never
}

/** The services of any platform, of resources that are all implemented. @category constructors */
export const servicesOf = <const R extends ReadonlyArray<Resource.AnyService>>(
  _resources: R,
  implemented: ImplementationsOf<R>
): PlatformServices["Service"] => {
  const { of, repeat } = binding<Id.PlatformId, PlatformService>(implemented, (platform) => ({
    actor: "platform",
    platform
  }))
  return PlatformServices.of({ forPlatform: of, repeat })
}

/** The services of any issuer, likewise. @category constructors */
export const issuerServicesOf = (implemented: ImplementationsOf<typeof issuerResources>): ServingIssuers => {
  const { of, repeat } = binding<Id.IssuerId, IssuingService>(implemented, (issuer) => ({
    actor: "issuer",
    platform: undefined,
    issuer
  }))
  return { forIssuer: of, repeat }
}

interface Parts {
  readonly intake: Intake["Service"]
  readonly showing: Showing["Service"]
}

type AnyCommand = Extract<Operation.Any, { readonly _tag: "Command" }>
type AnyInstructs = Instructs<Operation.Ids, any, any>

const accessOf = (instructing: Instructing, { operation }: AnyCommand): Access => ({
  ...instructing,
  purpose: operation
})

const receiptOf = (answered: Answered, versioned: Versioned | undefined): Receipt => ({
  replayed: answered.replayed,
  ...(versioned ?? { version: versionOf(answered) })
})

const noInput: Result.Result<Checking.Accepted<any>, Checking.Refused> = Result.succeed({
  input: undefined,
  body: null
})

const commandMethod = (parts: Parts, described: AnyCommand, particular: AnyInstructs) => {
  const { intake } = parts
  const { answer, ids: idSchemas, input: schema } = described
  const { after, identity = (ids) => ids, within } = particular.options
  const accept = schema === undefined ? undefined : Checking.checks(schema).accept
  const repeat = repeatOf(parts, described, particular)

  /** An input that is invalid today may have been accepted before, under its key. */
  const recordedBefore = Effect.fnUntraced(function* (
    instructing: Instructing,
    ids: ReadonlyArray<string>,
    { body, rejection }: Checking.Refused,
    options: CommandOptions | undefined
  ) {
    // What is recorded of a file is not the JSON form of its input.
    if (options?.key === undefined || body === undefined || described.body === "file") return yield* rejection
    const receipt = yield* repeat(instructing, { ids, key: options.key, body })
    return receipt ?? (yield* rejection)
  })

  const lifted = (versioned: Versioned | undefined) =>
    versioned === undefined || answer === undefined ? undefined : answer.lift(versioned.answer, versioned.version)

  const answering = (call: Call, answered: Answered) =>
    Effect.flatMap(answerOf(parts.showing, particular.answers, call.access, answered, call.ids), (versioned) => {
      const today = lifted(versioned)
      const done = () => {
        call.request.onReceipt?.(receiptOf(answered, versioned))
        return today
      }
      return after === undefined ? Effect.succeed(done()) : Effect.map(after(answered, today), done)
    })

  const carryOut = (call: Call, key: string): Failing<any> => {
    const { ids, instructing, request, sent } = call
    const started = intake.begin(instructing, request, sentAs(described, identity(ids), key))
    if (Result.isFailure(started)) return Effect.fail(started.failure)
    const guard = guardOf(parts.showing, particular.answers, instructing.platform, ids, request.ifMatch)
    if (Result.isFailure(guard)) return Effect.fail(guard.failure)
    const begun = guard.success === undefined ? started.success : { ...started.success, unchanged: guard.success }
    const received = (body = request.body ?? sent.body) =>
      Effect.fromResult(intake.receive(begun, request, body as never))
    const asked = { instructing, isRecorded: intake.isRecorded(begun), ids, input: sent.input, newId: intake.newId }
    const carried = Effect.suspend(() => particular.carry({ begun, received }, asked, intake))
    const answered = Effect.flatMap(carried, (answered) => answering(call, answered))
    return repeatable(key, ifOwned(parts.showing, within, ids, instructing, answered))
  }

  return (instructing: Instructing): Method => {
    const access = accessOf(instructing, described)
    return (...args) =>
      Effect.withFiber((fiber) => {
        const ids: ReadonlyArray<string> = args.slice(0, idSchemas.length)
        const options: CommandOptions | undefined = args[accept === undefined ? ids.length : ids.length + 1]
        const request = fiber.getRef(Request)
        const checked = accept?.(args[ids.length]) ?? noInput
        if (Result.isFailure(checked))
          return Effect.map(recordedBefore(instructing, ids, checked.failure, options), (receipt) => {
            request.onReceipt?.(receipt)
            return lifted("answer" in receipt ? (receipt as Versioned) : undefined)
          })
        const call: Call = { instructing, access, ids, request, sent: checked.success }
        return options?.key === undefined
          ? Effect.flatMap(intake.newKey, (key) => carryOut(call, key))
          : carryOut(call, options.key)
      })
  }
}

/** A call of a command, its input checked. */
interface Call {
  readonly instructing: Instructing
  readonly access: Access
  readonly ids: ReadonlyArray<string>
  readonly request: Request
  readonly sent: Checking.Accepted<any>
}

/** A command that is unavailable names its key: the caller may have given none, and needs it to learn the answer. */
const repeatable = <A>(key: string, effect: Failing<A>): Failing<A> =>
  Effect.mapError(effect, (failure) =>
    failure._tag === "Unavailable" ? ofCall(failure, { key, attempts: 1 }) : failure
  )

const sentAs = ({ answer, operation }: AnyCommand, ids: ReadonlyArray<string>, key: string): Sent => ({
  operation,
  ids,
  key,
  answer: answer?.recorded ?? 1
})

const repeatOf = (parts: Parts, described: AnyCommand, particular: AnyInstructs) => {
  const { identity = (ids: ReadonlyArray<string>) => ids } = particular.options
  return Effect.fnUntraced(function* (
    instructing: Instructing,
    { ids, key, body }: Pick<Repeated, "ids" | "key" | "body">
  ): Effect.fn.Return<Receipt | undefined, CommandFailure> {
    const request = yield* Request
    const sent = sentAs(described, identity(ids), key)
    const begun = yield* Effect.fromResult(parts.intake.begin(instructing, request, sent))
    const received = yield* Effect.fromResult(parts.intake.receive(begun, request, body as never))
    const answered = yield* parts.intake.find(received)
    if (answered === undefined) return undefined
    return receiptOf(
      answered,
      yield* answerOf(parts.showing, particular.answers, accessOf(instructing, described), answered, ids)
    )
  })
}
