/**
 * Objects that are kept in memory are what a fold of the log gives, whatever is written, put back and dropped meanwhile. For a developer
 * that changes what is kept.
 */
import { assert, describe, it } from "@effect/vitest"
import { Events } from "@effekten/domain"
import { type EventStoreShape, MemoryEventStore, Vault } from "@effekten/event-store"
import { FoldOne, Placed, Projection, Projections, Views } from "@effekten/projections"
import { Effect, Layer } from "effect"
import { SecureRandom } from "effect/crypto"
import * as fc from "fast-check"
import { logOf } from "../packages/projections/test/Logs.ts"
import { type Choice, choices, makeWorld, type World } from "../packages/projections/test/World.ts"
import { looking } from "../packages/registrar/test/parts.ts"
import { recording } from "../packages/registrar/src/log/Log.ts"
import * as KeptObjects from "../packages/registrar/src/api/KeptObjects.ts"
import type { Shown } from "../packages/registrar/src/api/View.ts"

type Store = EventStoreShape<Events.RegisterEvent>

type Any = Projection.Projection<Shown>

const vault = Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))

/** What is read by id, and what is folded only on request. */
const projections = [...Projections.all, Projections.holdings] as ReadonlyArray<Projection.Any>

const keysIn = (world: World): ReadonlyArray<readonly [Any, string]> => {
  const views = Views.make(projections)
  for (const event of world.events) views.apply(event)
  return projections.flatMap((projection) => [...views.all(projection).keys()].map((key) => [projection, key] as const))
}

/** The same without anything kept. */
const foldedAt = (store: Projection.Log, projection: Any, key: string, to: number) =>
  Effect.gen(function* () {
    const placed = yield* FoldOne.fold(store, Placed.placed(projection), key, { to })
    if (placed === undefined) return undefined
    const subject = projection.subject?.(placed.state)
    const events = yield* store.readAll([{ types: Projection.erasing }], { to })
    const isErased = events.some((event) => Projection.isErasing(event) && Projection.erasedSubject(event) === subject)
    return { placed, isErased: (placed.state.personalAt?.length ?? 0) > 0 && isErased }
  })

const shown = (kept: Pick<KeptObjects.KeptObject<Shown>, "placed" | "isErased"> | undefined) =>
  kept && { placed: kept.placed, isErased: (kept.placed.state.personalAt?.length ?? 0) > 0 && kept.isErased }

const isErasedAmong = <S>(events: World["events"], projection: Projection.Projection<S>): boolean => {
  const views = Views.make([projection])
  for (const event of events) views.apply(event)
  const isErased = (subject: string | undefined) =>
    events.some((event) => Projection.isErasing(event) && Projection.erasedSubject(event) === subject)
  return [...views.all(projection).values()].some((state) => isErased(projection.subject?.(state)))
}

const unrecorded = { record: () => Effect.void, page: () => Effect.succeed([]) }

/** A log of which nothing personal is asked. */
const unopened = (log: Projection.Log) => ({
  ...log,
  sealed: () => Effect.die("nothing is sealed"),
  open: () => Effect.die("nothing is opened")
})

/** Whatever is asked of the log, others may come in between. */
const yielding = (store: Store): Store => {
  const around = <A, X>(effect: Effect.Effect<A, X>) =>
    Effect.yieldNow.pipe(Effect.andThen(effect), Effect.tap(Effect.yieldNow))
  return {
    ...store,
    bookmark: (known) => around(store.bookmark(known)),
    readAll: (query, options) => around(store.readAll(query, options))
  }
}

type Step =
  | { readonly _tag: "Append"; readonly groups: number }
  | { readonly _tag: "Read"; readonly objects: ReadonlyArray<number> }
  | { readonly _tag: "PutBack"; readonly part: number }
  /** Reads, and meanwhile one of the others. */
  | { readonly _tag: "Meanwhile"; readonly objects: ReadonlyArray<number>; readonly part: number | undefined }

const objects = fc.array(fc.nat(), { minLength: 1, maxLength: 24 })
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("Append" as const), groups: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 6, arbitrary: fc.record({ _tag: fc.constant("Read" as const), objects }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("PutBack" as const), part: fc.nat({ max: 99 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      _tag: fc.constant("Meanwhile" as const),
      objects,
      part: fc.option(fc.nat({ max: 99 }), { nil: undefined, freq: 4 })
    })
  }
)

const limits = fc.constantFrom<KeptObjects.Limits | undefined>(
  undefined,
  { objects: 3, size: 1_000_000 },
  { objects: 1_000, size: 3_000 },
  { objects: 0, size: 0 }
)

interface Play {
  readonly worlds: ReadonlyArray<World>
  readonly steps: ReadonlyArray<Step>
  readonly limit: KeptObjects.Limits | undefined
  /** Of which projection objects are read; of all, if none is named. */
  readonly name: string | undefined
}

const play = Effect.fnUntraced(function* ({ limit, name, steps, worlds }: Play) {
  const storage = yield* MemoryEventStore.makeStorage
  const store = yield* MemoryEventStore.make<Events.RegisterEvent>({ catalogue: Events.catalogue, storage })
  const kept = KeptObjects.make(recording(yielding(store), unrecorded), limit)
  const keys = worlds.flatMap(keysIn).filter(([projection]) => name === undefined || projection.name === name)
  let [world, next, history] = [0, 0, 0]
  const append = (groups: number) =>
    Effect.gen(function* () {
      for (let left = groups; left > 0; left--) {
        // No id is drawn a second time.
        const group = worlds[world]!.groups[next]?.map((event) => ({ ...event, id: `${event.id}-${history}` })) ?? []
        const [first, ...rest] = group
        if (first === undefined) return
        next += 1
        yield* store.append([first, ...rest])
      }
    })
  /** Instructions are lost, and others follow: of the other world, in which the same ids stand for other objects. */
  const putBack = (part: number) =>
    Effect.sync(() => {
      next = Math.floor((next * part) / 100)
      history += 1
      MemoryEventStore.rewind(storage, worlds[world]!.groups.slice(0, next).flat().length)
      const before = worlds[world]!.groups.slice(0, next)
      const other = (world + 1) % worlds.length
      if (JSON.stringify(worlds[other]!.groups.slice(0, next)) === JSON.stringify(before)) world = other
    })
  const read = (index: number) =>
    Effect.gen(function* () {
      const [projection, key] = keys[index % keys.length]!
      const from = yield* store.head
      const found = yield* kept.get(projection, key)
      const revealed = found === undefined || found.isErased ? [] : yield* kept.reveal(looking, found)
      return { projection, key, from, found: shown(found), revealed }
    })
  for (const each of steps) {
    if (each._tag === "Append") yield* append(each.groups)
    else if (each._tag === "PutBack") yield* Effect.andThen(putBack(each.part), append(3))
    else if (keys.length === 0) continue
    else {
      const { part } = each._tag === "Meanwhile" ? each : { part: undefined }
      const change = part === undefined ? append(2) : Effect.andThen(putBack(part), append(5))
      const [found] = yield* Effect.all(
        [
          Effect.forEach(each.objects, read, { concurrency: "unbounded" }),
          each._tag === "Meanwhile" ? Effect.andThen(Effect.yieldNow, change) : Effect.void
        ],
        { concurrency: "unbounded" }
      )
      // Of two histories at once nothing is said, but that nothing of it is kept.
      if (part !== undefined) continue
      const to = yield* store.head
      for (const { found: of, from, key, projection, revealed } of found) {
        const possible: Array<unknown> = []
        for (let position = from; position <= to; position++)
          possible.push(yield* foldedAt(store, projection, key, position))
        const what = `${projection.name} ${key}`
        if (from < to) {
          assert.include(
            possible.map((one) => JSON.stringify(one)),
            JSON.stringify(of),
            what
          )
          continue
        }
        assert.deepStrictEqual(of, possible[0], what)
        if (of?.isErased === false)
          assert.deepStrictEqual(revealed, yield* store.reveal(of.placed.state.personalAt ?? []), what)
      }
    }
  }
})

describe("objects that are kept", () => {
  it.live("promise 7: an object is the fold of its events at the head, whatever was written and put back since", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(
          choices(150),
          choices(80),
          choices(80),
          fc.array(step, { minLength: 10, maxLength: 60, size: "max" }),
          limits,
          fc.constantFrom(undefined, "investments", "investments", "identifications"),
          (common: ReadonlyArray<Choice>, one, other, steps, limit, name) =>
            play({
              worlds: [makeWorld([...common, ...one]), makeWorld([...common, ...other])],
              steps,
              limit,
              name
            }).pipe(Effect.provide(vault), Effect.runPromise)
        ),
        { numRuns: 150, endOnFailure: true }
      )
    )
  )

  it.live("promise 9: what is personal of a kept object is erased from the erasing event on", () =>
    Effect.gen(function* () {
      // The first of these in which an identified investor is erased.
      const erasing = fc
        .sample(choices(150), { seed: 1, numRuns: 300 })
        .find((all) => isErasedAmong(makeWorld(all).events, Projections.identifications))!
      const world = makeWorld(erasing)
      const log = logOf(world.events, 1)
      const kept = KeptObjects.make(unopened(log))
      const named = keysIn(world).filter(([projection]) => projection.subject !== undefined)
      const erased = new Set<string>()
      for (const event of world.events) {
        log.visible = event.position
        for (const [projection, key] of named) {
          const found = shown(yield* kept.get(projection, key))
          assert.strictEqual(found?.isErased, (yield* foldedAt(log, projection, key, log.visible))?.isErased)
          if (found?.isErased === true) erased.add(projection.name)
        }
      }
      assert.includeMembers([...erased], ["investors", "identifications"])
    })
  )

  it.live("promise 7: what was read while the log was another one for a moment is not kept", () =>
    Effect.gen(function* () {
      const world = makeWorld(Array.from({ length: 60 }, (_, index) => [index * 37, index, index, index, index]))
      const [projection, key] = keysIn(world).find(([{ name }]) => name === "investments")!
      const log = logOf(world.events)
      const whole = log.visible
      const first = world.events.find((event) => projection.keys(event).includes(key))!.position
      let isBehind = true
      const during: Projection.Log = {
        ...log,
        // A standby that is behind answers, and the log that was known comes back.
        readAll: (query, options) =>
          Effect.andThen(
            Effect.sync(() => isBehind && (log.visible = first)),
            log.readAll(query, options)
          )
      }
      const kept = KeptObjects.make(unopened(during))
      const early = yield* kept.get(projection, key)
      log.visible = whole
      const late = yield* KeptObjects.make(unopened(log)).get(projection, key)
      assert.notDeepEqual(early?.placed, late?.placed)
      isBehind = false
      assert.deepStrictEqual((yield* kept.get(projection, key))?.placed, late?.placed)
    })
  )
})
