/**
 * Where instructions come in and answers go out: the part all services share. For the services' implementations.
 */
import { type Command, type Meta, type PlatformId, type RejectionCode, rejections } from "@effekten/domain"
import type { EventStoreError, Json, Position, Revealed } from "@effekten/event-store"
import {
  erasedSubject,
  erasing,
  fold,
  foldEvent,
  isErasing,
  type Projection,
  ReadModels,
  type ReadModelsUnavailable,
  type InvalidPage
} from "@effekten/projections"
import {
  type CommandFailure,
  type CommandOptions,
  NotFound,
  type Page,
  type PageOptions,
  type ReadFailure,
  Rejection,
  Request,
  Unavailable
} from "@effekten/services"
import { Array as Arr, Context, Effect, Layer, Result, Schema } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Access } from "../log/Access.ts"
import { Executor } from "../deciding/Executor.ts"
import { failureOf, keyInvalid, unanswered } from "../base/Failures.ts"
import type { Answered, Instruction } from "../deciding/Instruction.ts"
import { Log } from "../log/Log.ts"
import type { Personal } from "./Render.ts"
import { Secrets } from "../base/Secrets.ts"

/** 1 to 255 visible ASCII characters. */
const keyPattern = /^[\x21-\x7e]{1,255}$/

/** Who instructs, and through which platform. @category models */
export interface Instructing {
  readonly actor: Meta["actor"]
  readonly platform: PlatformId | undefined
}

/** What is asked for. @category models */
export interface Asked {
  readonly operation: Command["operation"]
  /** Ids in the path: they belong to the identity of the instruction. */
  readonly ids: ReadonlyArray<string>
  /** The input in its JSON form, of which the fingerprint is taken unless a request tells what was received. */
  readonly body: Json.Json
  readonly options: CommandOptions | undefined
}

/** Subjects that one reading asks about: a page of a list may name many investors. */
const subjectsAtATime = 100

/** A state with its personal parts, to be rendered. @category models */
export type Renderer<S, A> = (state: S, personal: Personal) => A

/** @category services */
export class Desk extends Context.Service<
  Desk,
  {
    /** Makes an instruction of what is asked. The command is made later: an instruction that is recorded needs none. */
    readonly receive: (who: Instructing, asked: Asked) => Effect.Effect<Omit<Instruction, "command">, CommandFailure>
    /** Decides and records; a recorded refusal fails as it did the first time. */
    readonly execute: (instruction: Instruction) => Effect.Effect<Answered, CommandFailure>
    /** What is recorded of an instruction already. */
    readonly find: (instruction: Omit<Instruction, "command">) => Effect.Effect<Answered | undefined, CommandFailure>
    /** The answer of an instruction that made an object: the fold of its own events. Of a repeated one their personal parts are opened. */
    readonly made: <S, A>(
      access: Access,
      answered: Answered,
      projection: Projection<S>,
      render: Renderer<S, A>
    ) => Effect.Effect<A, Unavailable>
    /** The answer of an instruction that changed an object: its state at the instruction's last event. */
    readonly changed: <S extends Joined, A>(
      access: Access,
      answered: Answered,
      projection: Projection<S>,
      key: string,
      render: Renderer<S, A>
    ) => Effect.Effect<A, CommandFailure>
    /** That there is such an object, and that it is this platform's. Nothing of it is opened. */
    readonly own: <S extends Joined>(
      platform: PlatformId | undefined,
      projection: Projection<S>,
      key: string,
      missing: RejectionCode
    ) => Effect.Effect<void, ReadFailure>
    /** One object as of the head, if it is that of the platform that asks. */
    readonly get: <S extends Joined, A>(
      access: Access,
      projection: Projection<S>,
      key: string,
      missing: RejectionCode,
      render: Renderer<S, A>
    ) => Effect.Effect<A, ReadFailure>
    readonly list: <S extends Joined, A>(
      access: Access,
      projection: Projection<S>,
      scope: string,
      page: PageOptions | undefined,
      render: Renderer<S, A>
    ) => Effect.Effect<Page<A>, ReadFailure>
    /** A new id, a UUID of version 7. */
    readonly newId: Effect.Effect<string>
  }
>()("effekten/registrar/Desk") {
  static readonly layer: Layer.Layer<Desk, never, Executor | Log | ReadModels | Secrets | SecureRandom.SecureRandom> =
    Layer.effect(
      Desk,
      Effect.gen(function* () {
        const executor = yield* Executor
        const log = yield* Log
        const readModels = yield* ReadModels
        const secrets = yield* Secrets
        const random = yield* SecureRandom.SecureRandom

        /** From the event on that says so nothing personal is shown, although keys are destroyed a moment later. */
        const erasedAmong = Effect.fnUntraced(function* (subjects: Iterable<string>) {
          const erased = new Set<string>()
          for (const chunk of Arr.chunksOf(Arr.dedupe(subjects), subjectsAtATime)) {
            const events = yield* log.readAll(chunk.map((subject) => ({ types: erasing, tags: [subject] })))
            for (const event of events) if (isErasing(event)) erased.add(erasedSubject(event))
          }
          return erased
        })

        /** The personal parts of states; `asOfHead` where the states are, so that what they say of erasure is the latest. */
        const reveal = Effect.fnUntraced(function* <S extends Joined>(
          access: Access,
          projection: Projection<S>,
          states: ReadonlyArray<S>,
          asOfHead: boolean
        ): Effect.fn.Return<Personal, EventStoreError> {
          const isKnown = (state: S) => state.erased === true || (asOfHead && state.erased !== undefined)
          const named = states.filter((state) => (state.personalAt?.length ?? 0) > 0)
          const erased = yield* erasedAmong(
            named.flatMap((state) => (isKnown(state) ? [] : (projection.subject?.(state) ?? [])))
          )
          const personal = new Map<Position, Revealed>()
          const shown: Array<Position> = []
          for (const state of named) {
            const isErased = state.erased === true || erased.has(projection.subject?.(state) ?? "")
            for (const position of state.personalAt ?? []) {
              if (isErased) personal.set(position, { _tag: "Erased" })
              else shown.push(position)
            }
          }
          if (shown.length === 0) return personal
          const revealed = yield* log.reveal(access, shown)
          shown.forEach((position, index) => personal.set(position, revealed[index]!))
          return personal
        })

        /** The personal parts of an instruction's own events. A repeated answer says no more than a read would. */
        const revealOwn = Effect.fnUntraced(function* (access: Access, { events, replayed }: Answered) {
          const personal = new Map<Position, Revealed>()
          const sealed = events.filter((event) => event.personal !== undefined && event.revealed === undefined)
          // A first answer is about what was just recorded.
          const erased =
            replayed || sealed.length > 0
              ? yield* erasedAmong(events.flatMap((event) => event.personal?.subject ?? []))
              : new Set<string>()
          const shown: Array<Position> = []
          for (const { personal: reference, position, revealed } of events) {
            if (reference === undefined) continue
            if (erased.has(reference.subject)) personal.set(position, { _tag: "Erased" })
            else if (revealed === undefined) shown.push(position)
            else personal.set(position, revealed)
          }
          if (shown.length === 0) return personal
          const opened = yield* log.reveal(access, shown)
          shown.forEach((position, index) => personal.set(position, opened[index]!))
          return personal
        }, Effect.mapError(unanswered))

        const stateAt = <S>(projection: Projection<S>, key: string, to?: Position) =>
          fold(log, projection, key, to === undefined ? {} : { to })

        const ownState = Effect.fnUntraced(function* <S extends Joined>(
          platform: PlatformId | undefined,
          projection: Projection<S>,
          key: string,
          missing: RejectionCode
        ) {
          const state = yield* stateAt(projection, key)
          if (state === undefined || platform === undefined || state.platform !== platform)
            return yield* notFound(missing)
          return state
        })

        const report = (answered: Answered): Effect.Effect<Answered, CommandFailure> =>
          Effect.flatMap(Request, (request): Effect.Effect<Answered, CommandFailure> => {
            request.onReceipt?.({ replayed: answered.replayed })
            const last = answered.events[answered.events.length - 1]
            if (last?.type === "InstructionRejected") return Effect.fail(failureOf(last.data))
            return Effect.succeed(answered)
          })

        return Desk.of({
          newId: random.uuidV7(),
          receive: Effect.fnUntraced(function* ({ actor, platform }, { operation, ids, body, options }) {
            const request = yield* Request
            const key = options?.key ?? (yield* random.uuidV4())
            if (!keyPattern.test(key)) return yield* keyInvalid()
            const received = request.body === undefined ? body : (request.body as Json.Json)
            try {
              return {
                identity: secrets.identity({ platform, operation, ids, key }),
                fingerprint: secrets.fingerprint(received),
                platform,
                actor,
                correlation: request.correlation,
                answer: 1
              }
            } catch {
              return yield* new Rejection({
                code: "invalid_request",
                status: 400,
                message: "The request has no canonical JSON form."
              })
            }
          }),
          execute: (instruction) => Effect.flatMap(executor.execute(instruction), report),
          find: Effect.fnUntraced(function* (instruction) {
            const found = yield* executor.find(instruction)
            return found === undefined ? undefined : yield* report(found)
          }),
          made: Effect.fnUntraced(function* (access, answered, projection, render) {
            const { events } = answered
            for (const named of events) {
              for (const key of projection.keys(named)) {
                let state: Parameters<typeof render>[0] | undefined
                for (const event of events) state = foldEvent(projection, key, state, event)
                if (state !== undefined) return render(state, yield* revealOwn(access, answered))
              }
            }
            return yield* Effect.die(new Error(`the instruction made no object of ${projection.name}`))
          }),
          changed: Effect.fnUntraced(
            function* (access, answered, projection, key, render) {
              const state = yield* stateAt(projection, key, answered.position)
              if (state === undefined)
                return yield* Effect.die(new Error(`${projection.name} ${key} was changed and is not there`))
              return render(state, yield* reveal(access, projection, [state], false))
            },
            Effect.catchTag("EventStoreError", (error) => Effect.fail(unanswered(error)))
          ),
          own: (platform, projection, key, missing) =>
            Effect.asVoid(
              Effect.catchTag(ownState(platform, projection, key, missing), "EventStoreError", unavailableForReads)
            ),
          get: Effect.fnUntraced(
            function* (access, projection, key, missing, render) {
              const state = yield* ownState(access.platform, projection, key, missing)
              return render(state, yield* reveal(access, projection, [state], true))
            },
            Effect.catchTag("EventStoreError", unavailableForReads)
          ),
          list: Effect.fnUntraced(
            function* (access, projection, scope, page, render) {
              const { results, ...rest } = yield* readModels.page(projection, scope, page)
              const personal = yield* reveal(access, projection, results, true)
              return { ...rest, results: results.map((state) => render(state, personal)) }
            },
            Effect.catchTags({
              EventStoreError: unavailableForReads,
              ReadModelsUnavailable: unavailableForReads,
              InvalidPage: (error) => Effect.fail(invalidPage(error))
            })
          )
        })
      })
    )
}

/** What a read needs of a state: whose it is, and where its personal parts are. */
interface Joined {
  readonly platform: PlatformId | null
  readonly personalAt?: ReadonlyArray<Position>
  /** Where the projection itself knows. */
  readonly erased?: boolean
}

const unavailableForReads = (error: EventStoreError | ReadModelsUnavailable): Effect.Effect<never, Unavailable> =>
  Effect.fail(new Unavailable({ executed: "no", message: error.message, cause: error }))

const invalidPage = (error: InvalidPage): Rejection =>
  new Rejection({
    code: "invalid_request",
    status: 400,
    message: error.message,
    errors: [{ pointer: `/${error.member}`, code: "invalid", message: error.message }]
  })

/** @category constructors */
export const notFound = (code: RejectionCode): NotFound => new NotFound({ code, message: rejections[code].message })

/** An input as it is recorded, and its JSON form, of which the fingerprint is taken. @category models */
export interface Accepted<A> {
  readonly input: A
  readonly body: Json.Json
}

/**
 * Checks an input: embedded callers hand over values that no wire has looked at. What comes back is read from the JSON form, as it would be
 * from the wire: it holds nothing that the schema does not name, and nothing the caller can still change.
 *
 * @category encoding
 */
export const accepting = <A, I>(schema: Schema.Codec<A, I>) => {
  const encode = Schema.encodeUnknownResult(schema)
  const decode = Schema.decodeUnknownResult(schema)
  return (given: A): Effect.Effect<Accepted<A>, Rejection> =>
    Effect.suspend(() => {
      const body = encode(given)
      if (Result.isFailure(body)) return Effect.fail(invalidInput(body.failure))
      const input = decode(body.success)
      return Result.isFailure(input)
        ? Effect.fail(invalidInput(input.failure))
        : Effect.succeed({ input: input.success, body: body.success as Json.Json })
    })
}

const invalidInput = ({ message }: { readonly message: string }): Rejection =>
  new Rejection({ code: "invalid_request", status: 400, message })
