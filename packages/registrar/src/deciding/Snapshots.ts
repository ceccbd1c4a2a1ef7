/**
 * Snapshots of decision models: states from which a fold goes on, instead of from the first event. For the executor, after a restart.
 *
 * They are derived and may be deleted. One is used only if it is of this fold (the model's version) and this history (the log still has its
 * event's leaf). It must also be as it was written. Its code under the register's pepper shows that: an intruder in the database cannot make
 * the register decide on what never happened. Any other snapshot is dropped, and the events are folded from the first.
 */
import type { Decision } from "@effekten/domain"
import { type Bookmark, type EventStoreError, Json, type Position } from "@effekten/event-store"
import { Context, Effect, Option, Schedule, type Scope, Stream } from "effect"
import { Secrets } from "../base/Secrets.ts"
import { Log } from "../log/Log.ts"
import { type DecisionCache, keyOf } from "./DecisionCache.ts"

/** A snapshot is worth its cost after so many further events of its model. @category values */
export const leastEvents = 64
/** At most so many characters of a state are written for each further event: a large state is written seldom. @category values */
export const charactersPerEvent = 1_024
/** Characters of a state as JSON; no snapshot of a larger one is kept. @category values */
export const maximumCharacters = 4 * 1_024 * 1_024
/** Characters of all states together, and their number; those longest unchanged go first. @category values */
export const maximumAllCharacters = 32 * 1_024 * 1_024
export const maximumSnapshots = 1_024
/** How often snapshots are made of what has moved on: a start after a crash folds what came since. */
const interval = "1 second"

/** A state to go on from. @category models */
export interface Start {
  /** The state is the fold of the events up to here. */
  readonly position: Position
  readonly state: unknown
}

/** @category models */
export interface SnapshotsShape {
  /** What is kept of a model and fits the log as it is up to `head`. */
  readonly take: (model: Decision.Model<unknown>, head: Position) => Effect.Effect<Start | undefined, EventStoreError>
  /** After how many further events a model is kept again: in the regular rounds, and at the end. */
  readonly due: (model: Decision.Model<unknown>) => { readonly now: number; readonly atEnd: number }
  /** The log was put back: what was seen of it is looked at again. */
  readonly lookAgain: Effect.Effect<void>
  /** Keeps states that are folds up to one place. */
  readonly keep: (
    at: Bookmark,
    states: ReadonlyArray<{ readonly model: Decision.Model<unknown>; readonly state: unknown }>
  ) => Effect.Effect<void, EventStoreError>
}

/** Keeps none. @category values */
export const noSnapshots: SnapshotsShape = {
  take: () => Effect.undefined,
  due: () => ({ now: Number.POSITIVE_INFINITY, atEnd: Number.POSITIVE_INFINITY }),
  lookAgain: Effect.void,
  keep: () => Effect.void
}

/** Keeps nothing, unless a layer is provided: a register in memory is gone with the process. @category services */
export const Snapshots = Context.Reference<SnapshotsShape>("effekten/registrar/Snapshots", {
  defaultValue: () => noSnapshots
})

/** A snapshot as it is stored. @category models */
export interface Stored {
  /** Name and tags of the model. */
  readonly model: string
  readonly version: number
  readonly position: Position
  /** Leaf of the event at the position, hexadecimal. */
  readonly leaf: string
  /** Canonical JSON. */
  readonly state: string
  readonly code: string
}

/**
 * Where snapshots outlive the process. An implementation must not fail: a snapshot that cannot be read or written counts as missing.
 *
 * @category models
 */
export interface Storage {
  readonly all: Effect.Effect<ReadonlyArray<Stored>>
  readonly put: (snapshots: ReadonlyArray<Stored>) => Effect.Effect<void>
  readonly remove: (models: ReadonlyArray<string>) => Effect.Effect<void>
}

/** @category constructors */
export const make = Effect.fnUntraced(function* (
  storage: Storage,
  options: { readonly leastEvents?: number } = {}
): Effect.fn.Return<SnapshotsShape, never, Log | Secrets> {
  const log = yield* Log
  const secrets = yield* Secrets
  const least = options.leastEvents ?? leastEvents
  const leaves = leavesOf(log)
  const kept = makeKept()
  const drop = (models: ReadonlyArray<string>) => {
    models.forEach(kept.forget)
    return models.length === 0 ? Effect.void : storage.remove(models)
  }

  const codeOf = ({ model, version, position, leaf, state }: Omit<Stored, "code">): string =>
    secrets.code("snapshot", Json.canonical([log.logId, model, version, position, leaf, state]))

  const unfit: Array<string> = []
  for (const snapshot of yield* storage.all) {
    // A table that was made by another program may return anything.
    if (typeof snapshot.state === "string") kept.remember(snapshot)
    else unfit.push(snapshot.model)
  }
  yield* drop([...unfit, ...kept.tooMany()])

  return {
    take: Effect.fnUntraced(function* (model, head) {
      const snapshot = kept.get(keyOf(model))
      if (snapshot === undefined) return undefined
      const { leaf, position, state, version } = snapshot
      const fits =
        version === model.version &&
        position <= head &&
        isCode(snapshot, codeOf) &&
        (yield* leaves.at(position)) === leaf
      if (fits) return { position, state: JSON.parse(state) as unknown }
      yield* drop([snapshot.model])
      return undefined
    }),
    due: (model) => ({
      now: Math.max(least, (kept.get(keyOf(model))?.state.length ?? 0) / charactersPerEvent),
      atEnd: least
    }),
    lookAgain: Effect.sync(leaves.forget),
    keep: Effect.fnUntraced(function* ({ leaf, position }, states) {
      if (position < 1) return
      const made: Array<Stored> = []
      const gone: Array<string> = []
      for (const { model, state } of states) {
        const text = textOf(state)
        if (text === undefined || model.version === undefined) gone.push(keyOf(model))
        else {
          const snapshot = { model: keyOf(model), version: model.version, position, leaf, state: text }
          made.push({ ...snapshot, code: codeOf(snapshot) })
        }
        // A caller that waits for a decision waits for at most one state.
        yield* Effect.yieldNow
      }
      made.forEach(kept.remember)
      yield* drop([...gone.filter((model) => kept.has(model)), ...kept.tooMany()])
      if (made.length > 0) yield* storage.put(made.filter(({ model }) => kept.has(model)))
    })
  }
})

/** Leaves of the log, hexadecimal. Nearly all snapshots are of the same few positions, so a few leaves are kept. */
const leavesOf = (log: Pick<Log["Service"], "readLeaves">) => {
  const leaves = new Map<Position, string>()
  const at = Effect.fnUntraced(function* (position: Position) {
    const known = leaves.get(position)
    if (known !== undefined) return known
    const found = yield* Stream.runHead(log.readLeaves({ from: position, to: position }))
    const leaf = Option.isNone(found) ? "" : Buffer.from(found.value.hashes).toString("hex")
    if (leaves.size >= leavesKept) leaves.clear()
    leaves.set(position, leaf)
    return leaf
  })
  return { at, forget: () => leaves.clear() }
}
const leavesKept = 64

/** What is kept, all in memory: a look-up must not wait for a database in which other nodes write. */
const makeKept = () => {
  const kept = new Map<string, Stored>()
  let characters = 0
  const forget = (model: string): void => {
    characters -= kept.get(model)?.state.length ?? 0
    kept.delete(model)
  }
  return {
    get: (model: string) => kept.get(model),
    has: (model: string) => kept.has(model),
    forget,
    remember: (snapshot: Stored): void => {
      forget(snapshot.model)
      kept.set(snapshot.model, snapshot)
      characters += snapshot.state.length
    },
    /** Forgets those that are too many, the one longest unchanged first. */
    tooMany: (): ReadonlyArray<string> => {
      const gone: Array<string> = []
      for (const model of kept.keys()) {
        if (kept.size <= maximumSnapshots && characters <= maximumAllCharacters) break
        forget(model)
        gone.push(model)
      }
      return gone
    }
  }
}

/** A member of another type, in a table that another program made, changes the code or makes it fail: it never fits. */
const isCode = (snapshot: Stored, codeOf: (snapshot: Stored) => string): boolean => {
  try {
    return codeOf(snapshot) === snapshot.code
  } catch {
    return false
  }
}

/** A state as text; nothing where there is none yet, or where it is too large. */
const textOf = (state: unknown): string | undefined => {
  if (state === undefined) return undefined
  const text = Json.canonical(state as Json.Json)
  return text.length > maximumCharacters ? undefined : text
}

/** What a model is up to `head`, and how many events had to be folded for it. @category projections */
export const load = Effect.fnUntraced(function* (
  log: Pick<Log["Service"], "read">,
  snapshots: SnapshotsShape,
  model: Decision.Model<unknown>,
  head: Position
): Effect.fn.Return<{ readonly state: unknown; readonly events: number }, EventStoreError> {
  const foldFrom = ({ position, state }: Start) => {
    let events = 0
    return log.read([{ types: model.types, tags: model.tags }], { from: position + 1, to: head }).pipe(
      Stream.runFold(
        () => state,
        (before, event) => {
          events += 1
          return model.evolve(before, event)
        }
      ),
      Effect.map((after) => ({ state: after, events }))
    )
  }
  const whole = foldFrom({ position: 0, state: model.initial })
  const start = model.version === undefined ? undefined : yield* snapshots.take(model, head)
  if (start === undefined) return yield* whole
  if (start.position === head) return { state: start.state, events: 0 }
  // A fold that throws from the snapshot on may succeed from the first event.
  return yield* Effect.catchDefect(foldFrom(start), () => whole)
})

/** Keeps the states of the cache that have moved on: in regular rounds, and a last time at the end. @category projections */
export const keeping = (cache: DecisionCache, snapshots: SnapshotsShape): Effect.Effect<void, never, Scope.Scope> => {
  // Without a place for snapshots, a look every second is wasted.
  if (snapshots === noSnapshots) return Effect.void
  const keep = Effect.fnUntraced(
    function* (isDue: (model: Decision.Model<unknown>, events: number) => boolean) {
      const states = cache.moved(isDue)
      if (states.length > 0) yield* snapshots.keep(cache.at, states)
    },
    Effect.catchCause((cause) => Effect.logDebug("No snapshots could be kept", cause))
  )
  const nowAndThen = keep((model, events) => events >= snapshots.due(model).now)
  return Effect.gen(function* () {
    yield* Effect.addFinalizer(() => keep((model, events) => events >= snapshots.due(model).atEnd))
    yield* Effect.forkScoped(Effect.repeat(Effect.delay(nowAndThen, interval), Schedule.forever))
  })
}

/** Snapshots in memory, to hand from one register to the next in a simulation of a restart. @category constructors */
export const makeMemoryStorage = (): Storage & { readonly snapshots: Map<string, Stored> } => {
  const snapshots = new Map<string, Stored>()
  return {
    snapshots,
    all: Effect.sync(() => [...snapshots.values()]),
    put: (made) => Effect.sync(() => made.forEach((snapshot) => snapshots.set(snapshot.model, snapshot))),
    remove: (models) => Effect.sync(() => models.forEach((model) => snapshots.delete(model)))
  }
}
