/**
 * Shows objects: as the answer of an instruction, by id, and in lists. For the implementations of the services. Nothing personal may be
 * opened here without an access that says for what, and nothing that was forgotten.
 */
import { type Id, Refusal } from "@effekten/domain"
import type { EventStoreError, Position, Revealed } from "@effekten/event-store"
import { FoldOne, Placed, Projection, ReadModels } from "@effekten/projections"
import {
  type CommandFailure,
  NotFound,
  type Page,
  type ReadFailure,
  Rejection,
  Request,
  Unavailable
} from "@effekten/services"
import { Array as Arr, Context, Effect, Layer } from "effect"
import { newer, unanswered } from "../base/Failures.ts"
import { Secrets } from "../base/Secrets.ts"
import type { Answered, Instruction } from "../deciding/Instruction.ts"
import type { Access } from "../log/Access.ts"
import { Log, type RegisterLog } from "../log/Log.ts"
import * as EntityTag from "./EntityTag.ts"
import * as KeptObjects from "./KeptObjects.ts"
import type { Personal, Shown, View } from "./View.ts"

/** Subjects that one reading asks about: a page of a list may name many investors. */
const subjectsAtATime = 100

/** An answer in the version it is recorded in. @category models */
export interface Versioned {
  readonly version: number
  readonly answer: unknown
}

/** An object that has to be the platform's own. @category models */
export interface Owned {
  readonly projection: Projection.Projection<any>
  readonly key: string
  /** The code of the failure where there is no such object, or another platform has it. */
  readonly missing: Refusal.Code
  /** Whether it is the one that is spoken of. Default: it is. */
  readonly belongs?: (state: any) => boolean
  /** What has to be the caller's for this to be. The failure is the same. */
  readonly of?: (state: any) => Owned
}

/** @category services */
export class Showing extends Context.Service<
  Showing,
  {
    /**
     * The answer of an instruction that made an object: the fold of its own events. If the instruction is repeated, their personal parts are
     * opened.
     */
    readonly made: <S extends Shown, A>(
      access: Access,
      answered: Answered,
      view: View<S, A>
    ) => Effect.Effect<Versioned, Unavailable>
    /** The answer of an instruction that changed an object: its state at the instruction's last event. */
    readonly changed: <S extends Shown, A>(
      access: Access,
      answered: Answered,
      view: View<S, A>,
      key: string
    ) => Effect.Effect<Versioned, CommandFailure>
    /** Asks, inside a decision, whether an object is still as one of some entity tags says. */
    readonly unchanged: <S extends Shown, A>(
      platform: Id.PlatformId | undefined,
      view: View<S, A>,
      key: string,
      tags: ReadonlyArray<string>
    ) => Instruction["unchanged"]
    /** Fails unless the object is there and is this platform's. Opens nothing. */
    readonly own: (platform: Id.PlatformId | undefined, owned: Owned) => Effect.Effect<void, ReadFailure>
    /** One object as of the head, if the platform that asks has it. */
    readonly get: <S extends Shown, A>(
      access: Access,
      view: View<S, A>,
      key: string,
      missing: Refusal.Code,
      belongs: (state: S) => boolean
    ) => Effect.Effect<A, ReadFailure>
    readonly list: <S extends Shown, A>(
      access: Access,
      view: View<S, A>,
      scope: string,
      page: ReadModels.Listed
    ) => Effect.Effect<Page<A>, ReadFailure>
  }
>()("effekten/registrar/Showing") {
  static readonly layer: Layer.Layer<Showing, never, Log | ReadModels.ReadModels | Secrets> = Layer.effect(
    Showing,
    Effect.gen(function* () {
      const log = yield* Log
      const readModels = yield* ReadModels.ReadModels
      const secrets = yield* Secrets
      const tagOf = EntityTag.remembering(secrets)
      return Showing.of({
        ...ofInstructions(log, tagOf),
        ...ofReadings(log, readModels, tagOf),
        unchanged: (platform, view, key, tags) => EntityTag.unchanged(secrets, view, key, platform, tags)
      })
    })
  ).pipe(Layer.fresh)
}

/** From the erasing event on nothing personal is shown. The keys are destroyed a moment later. */
const erasedAmong = Effect.fnUntraced(function* (log: RegisterLog, subjects: Iterable<string>) {
  const erased = new Set<string>()
  for (const chunk of Arr.chunksOf(Arr.dedupe(subjects), subjectsAtATime)) {
    const events = yield* log.readAll(Arr.map(chunk, (subject) => ({ types: Projection.erasing, tags: [subject] })))
    for (const event of events) if (Projection.isErasing(event)) erased.add(Projection.erasedSubject(event))
  }
  return erased
})

/** Opens the parts at some positions, and adds them to the known ones. */
const opening = (
  log: RegisterLog,
  access: Access,
  known: Map<Position, Revealed>,
  shown: ReadonlyArray<Position>
): Effect.Effect<Personal, EventStoreError> =>
  shown.length === 0
    ? Effect.succeed(known)
    : Effect.map(log.reveal(access, shown), (revealed) => {
        shown.forEach((position, index) => known.set(position, revealed[index]!))
        return known
      })

/** The personal parts of states. Those of which it is not known whether they are erased are looked up. */
const reveal = Effect.fnUntraced(function* <S extends Shown>(
  log: RegisterLog,
  access: Access,
  projection: Projection.Projection<S>,
  states: ReadonlyArray<S>,
  isErased: (state: S) => boolean | undefined
): Effect.fn.Return<Personal, EventStoreError> {
  const named = states.filter((state) => (state.personalAt?.length ?? 0) > 0)
  const erased = yield* erasedAmong(
    log,
    named.flatMap((state) => (isErased(state) === undefined ? (projection.subject?.(state) ?? []) : []))
  )
  const personal = new Map<Position, Revealed>()
  const shown: Array<Position> = []
  for (const state of named) {
    const isGone = isErased(state) ?? erased.has(projection.subject?.(state) ?? "")
    for (const position of state.personalAt ?? []) {
      if (isGone) personal.set(position, { _tag: "Erased" })
      else shown.push(position)
    }
  }
  return yield* opening(log, access, personal, shown)
})

const nothingPersonal: Personal = new Map()

/** The personal parts of an object as of the head. */
const personalIn = <S extends Shown>(
  objects: KeptObjects.KeptObjects,
  access: Access,
  object: KeptObjects.KeptObject<S>
): Effect.Effect<Personal, EventStoreError> => {
  const positions = object.placed.state.personalAt ?? []
  if (positions.length === 0) return Effect.succeed(nothingPersonal)
  if (object.isErased) return Effect.succeed(new Map(positions.map((position) => [position, { _tag: "Erased" }])))
  return Effect.map(
    objects.reveal(access, object),
    (revealed) => new Map(positions.map((position, index) => [position, revealed[index]!]))
  )
}

const noneErased: ReadonlySet<string> = new Set()

/** The personal parts of an instruction's own events. A repeated answer shows no more than a read would. */
const revealOwn = (
  log: RegisterLog,
  access: Access,
  { events, replayed }: Answered
): Effect.Effect<Personal, EventStoreError> => {
  const open = (erased: ReadonlySet<string>) => {
    const personal = new Map<Position, Revealed>()
    const shown: Array<Position> = []
    for (const { personal: reference, position, revealed } of events) {
      if (reference === undefined) continue
      if (erased.has(reference.subject)) personal.set(position, { _tag: "Erased" })
      else if (revealed === undefined) shown.push(position)
      else personal.set(position, revealed)
    }
    return opening(log, access, personal, shown)
  }
  // A first answer is about what was just recorded.
  if (!replayed && events.every((event) => event.personal === undefined || event.revealed !== undefined))
    return open(noneErased)
  const subjects = events.flatMap((event) => event.personal?.subject ?? [])
  return Effect.flatMap(erasedAmong(log, subjects), open)
}

/** An object and the last event that changed it, on its way into an answer. */
interface Found<S> {
  readonly key: string
  readonly placed: Placed.Placed<S>
}

/** An object in one of the versions of its answer. A request is told the tag of just that. */
const rendered = <S extends Shown, A>(
  tagOf: EntityTag.TagOf,
  { answer, projection, renderers }: View<S, A>,
  version: number,
  { key, placed }: Found<S>,
  personal: Personal,
  beside?: Placed.Placed<unknown>
): Effect.Effect<Versioned, Unavailable> =>
  Effect.withFiber((fiber) => {
    const render = renderers[version]
    if (render === undefined) return Effect.fail(newer(answer.name, version))
    const { onEntityTag } = fiber.getRef(Request)
    if (onEntityTag !== undefined) {
      const erased = Array.from(personal.values()).some(({ _tag }) => _tag === "Erased")
      // Whichever of both changed last: a change of either one has a later position.
      const last = beside !== undefined && beside.position > placed.position ? beside : placed
      onEntityTag(tagOf(projection, key, last, { version, erased }))
    }
    return Effect.succeed({ version, answer: render(placed.state, personal, undefined, beside?.state) })
  })

/** The version of an instruction's answer, stored in its last event. @category computing */
export const versionOf = ({ events }: Answered): number => events[events.length - 1]?.meta.answer ?? 1

/** The object an instruction made: the fold of its own events. */
const firstMade = <S>(
  projection: Projection.Projection<Placed.Placed<S>>,
  { events }: Answered
): Found<S> | undefined => {
  for (const named of events) {
    for (const key of projection.keys(named)) {
      let placed: Placed.Placed<S> | undefined
      for (const event of events) placed = FoldOne.foldEvent(projection, key, placed, event)
      if (placed !== undefined) return { key, placed }
    }
  }
  return undefined
}

const ofInstructions = (log: RegisterLog, tagOf: EntityTag.TagOf): Pick<Showing["Service"], "made" | "changed"> => ({
  made: (access, answered, view) =>
    Effect.suspend(() => {
      const found = firstMade(view.placed, answered)
      if (found === undefined) return Effect.die(new Error(`the instruction made no object of ${view.projection.name}`))
      return Effect.flatMap(Effect.mapError(revealOwn(log, access, answered), unanswered), (personal) =>
        rendered(tagOf, view, versionOf(answered), found, personal)
      )
    }),
  changed: Effect.fnUntraced(
    function* (access, answered, view, key) {
      const { projection } = view
      const placed = yield* FoldOne.fold(log, view.placed, key, { to: answered.position })
      if (placed === undefined)
        return yield* Effect.die(new Error(`${projection.name} ${key} was changed and is not there`))
      const personal = yield* reveal(log, access, projection, [placed.state], ({ erased }) => erased || undefined)
      return yield* rendered(tagOf, view, versionOf(answered), { key, placed }, personal)
    },
    Effect.catchTag("EventStoreError", (error) => Effect.fail(unanswered(error)))
  )
})

const ofReadings = (
  log: RegisterLog,
  readModels: ReadModels.ReadModels["Service"],
  tagOf: EntityTag.TagOf
): Pick<Showing["Service"], "own" | "get" | "list"> => {
  const objects = KeptObjects.make(log)
  const owned = <S extends Shown>(
    platform: Id.PlatformId | undefined,
    projection: Projection.Projection<S>,
    key: string,
    missing: Refusal.Code
  ) =>
    Effect.flatMap(objects.get(projection, key), (kept) =>
      // What no platform has, the issuer's side sees, and no platform.
      kept === undefined || kept.placed.state.platform !== (platform ?? null)
        ? Effect.fail(notFound(missing))
        : Effect.succeed(kept)
    )
  /** A reading shows today's version. */
  const today = <S, A>({ answer, renderers }: View<S, A>) =>
    renderers[answer.version] as (state: S, personal: Personal, place?: string, beside?: unknown) => A
  /** The object that is shown beside another one. */
  const placedBeside = <S, A>({ beside }: View<S, A>, state: S) =>
    beside === undefined
      ? Effect.undefined
      : Effect.map(objects.get(beside.projection, beside.key(state)), (kept) => kept?.placed)

  const own: Showing["Service"]["own"] = (platform, { belongs = () => true, key, missing, of, projection }) =>
    Effect.flatMap(owned(platform, projection, key, missing), ({ placed }) => {
      if (!belongs(placed.state)) return Effect.fail(notFound(missing))
      return of === undefined ? Effect.void : own(platform, { ...of(placed.state), missing })
    }).pipe(Effect.catchTag("EventStoreError", unavailableForReads))
  return {
    own,
    get: Effect.fnUntraced(
      function* <S extends Shown, A>(
        access: Access,
        view: View<S, A>,
        key: string,
        missing: Refusal.Code,
        belongs: (state: S) => boolean
      ) {
        const object = yield* owned(access.platform, view.projection, key, missing)
        const { placed } = object
        if (!belongs(placed.state)) return yield* notFound(missing)
        const personal = yield* personalIn(objects, access, object)
        const beside = yield* placedBeside(view, placed.state)
        const { answer } = yield* rendered(tagOf, view, view.answer.version, { key, placed }, personal, beside)
        return answer as A
      },
      Effect.catchTag("EventStoreError", unavailableForReads)
    ),
    list: Effect.fnUntraced(
      function* (access, view, scope, page) {
        const { places, results, ...rest } = yield* readModels.page(view.projection, scope, page)
        const personal = yield* reveal(log, access, view.projection, results, ({ erased }) => erased)
        const beside = yield* Effect.forEach(results, (state) => placedBeside(view, state))
        return {
          ...rest,
          results: results.map((state, at) => today(view)(state, personal, places[at], beside[at]?.state))
        }
      },
      Effect.catchTags({
        EventStoreError: unavailableForReads,
        ReadModelsUnavailable: unavailableForReads,
        InvalidPage: (error) => Effect.fail(invalidPage(error))
      })
    )
  }
}

const unavailableForReads = (
  error: EventStoreError | ReadModels.ReadModelsUnavailable
): Effect.Effect<never, Unavailable> =>
  Effect.fail(new Unavailable({ executed: "no", message: error.message, cause: error }))

const invalidPage = (error: ReadModels.InvalidPage): Rejection =>
  new Rejection({
    code: "invalid_request",
    status: 400,
    message: error.message,
    errors: [{ pointer: `/${error.member}`, code: "invalid", message: error.message }]
  })

/** @category constructors */
export const notFound = (code: Refusal.Code): NotFound => new NotFound({ code, message: Refusal.byCode[code].message })
