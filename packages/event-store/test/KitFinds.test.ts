/** Tests of the contract kit: stores that break one promise each, and the case that finds it. For a developer who changes the kit. */
import { Deferred, type Duration, Effect, Layer, Option, Result, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import * as fastCheck from "fast-check"
import { hash } from "node:crypto"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import {
  type AppendCondition,
  AppendConditionFailed,
  Codec,
  History,
  MemoryEventStore,
  Vault
} from "@effekten/event-store"
import { type Case, cases, type KitStore } from "@effekten/event-store/testing"
import { folder, storeIn } from "./Harness.ts"

type World = Parameters<Case["run"]>[0]

const vault = Vault.layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto))
const storages = new WeakMap<KitStore, MemoryEventStore.Storage>()
const storageOf = (store: KitStore) => storages.get(store)!

const over = (catalogue: Parameters<World["make"]>[0], storage: MemoryEventStore.Storage) =>
  Effect.map(Effect.provide(MemoryEventStore.make({ catalogue, storage }), vault), (store): KitStore => {
    storages.set(store, storage)
    return store
  })

/** Stores in memory. No caller waits for another there, so a late append happens when it commits. */
const honest: World = {
  make: (catalogue) =>
    Effect.flatMap(Effect.provide(MemoryEventStore.makeStorage, vault), (storage) => over(catalogue, storage)),
  reopen: (store, catalogue) => over(catalogue, storageOf(store)),
  appendLate: (store, event) => Effect.succeed(Effect.asVoid(store.append([event]))),
  writeElsewhere: () => Effect.void,
  rewind: (store) =>
    Effect.map(store.head, (head) => Effect.sync(() => MemoryEventStore.rewind(storageOf(store), head))),
  notify: (store) => Effect.sync(() => storageOf(store).wake.notify()),
  fastCheck,
  runs: 20
}

/** Stores whose rows can be edited; `leafAfter` says what becomes of the leaf beside an edited body. */
const onFiles = (leafAfter: (body: string, leaf: Uint8Array) => Uint8Array): World => {
  const paths = new WeakMap<KitStore, string>()
  return {
    make: (catalogue) =>
      Effect.gen(function* () {
        const path = yield* folder
        const store = yield* storeIn(path, { catalogue })
        paths.set(store, path)
        return store
      }),
    edit: (store, position, change) =>
      Effect.sync(() => {
        const database = new DatabaseSync(join(paths.get(store)!, "log.db"))
        const row = database.prepare("SELECT body, leaf FROM events WHERE position = ?").get(position)
        const body = change(String(row?.["body"]))
        database
          .prepare("UPDATE events SET body = ?, leaf = ? WHERE position = ?")
          .run(body, leafAfter(body, row?.["leaf"] as Uint8Array), position)
        database.close()
      }),
    fastCheck
  }
}

/** A world whose stores are wrong in one thing. */
const wrong = (change: (store: KitStore) => Partial<KitStore>, world: World = honest): World => {
  const altered = (store: KitStore): KitStore => {
    const made = { ...store, ...change(store) }
    storages.set(made, storageOf(store))
    return made
  }
  return {
    ...world,
    make: (catalogue) => Effect.map(world.make(catalogue), altered),
    ...(world.reopen === undefined
      ? {}
      : { reopen: (store, catalogue) => Effect.map(world.reopen!(store, catalogue), altered) })
  }
}

/** Hides the last event of the log from readers, as long as it is told to. */
const hiding = (store: KitStore, hides: () => boolean): Partial<KitStore> => ({
  readAll: (query, options) =>
    Effect.flatMap(store.head, (head) =>
      Effect.map(store.readAll(query, options), (events) =>
        hides() ? events.filter(({ position }) => position !== head - 1) : events
      )
    )
})

const afterOf = (condition: AppendCondition | undefined) => History.positionOf(condition?.after ?? 0)

const stores: ReadonlyArray<readonly [what: string, found: string, wrong: World, right?: World]> = [
  [
    "looks at the condition, and appends a moment later",
    "promise 4: of appends racing under one condition exactly one wins",
    wrong((store) => ({
      append: (events, condition) =>
        Effect.gen(function* () {
          if (condition !== undefined) {
            const [conflict] = yield* store.readAll(condition.failIfEventsMatch, { from: afterOf(condition) + 1 })
            if (conflict !== undefined) return yield* new AppendConditionFailed({ message: "there is one" })
          }
          yield* Effect.yieldNow
          return yield* store.append(events)
        })
    }))
  ],
  [
    "decides on what was read before the lock",
    "promise 2: decisions under the lock never miss one another",
    wrong((store) => ({
      appendExclusive: (after, query, decide) =>
        Effect.gen(function* () {
          const news = yield* store.readAll(query, { from: History.positionOf(after) + 1 })
          yield* Effect.yieldNow
          return yield* store.appendExclusive(after, query, (_, head) => decide(news, head))
        })
    }))
  ],
  [
    "hands over all that is new, however little is asked for",
    "appendExclusive hands over so many of what is new as are asked for, from either end",
    wrong((store) => ({
      appendExclusive: (after, query, decide) => store.appendExclusive(after, query, decide)
    }))
  ],
  [
    "hands over the first where the last are asked for",
    "appendExclusive hands over so many of what is new as are asked for, from either end",
    wrong((store) => ({
      appendExclusive: (after, query, decide, { limit } = {}) =>
        store.appendExclusive(after, query, decide, limit === undefined ? {} : { limit })
    }))
  ],
  [
    "decides twice",
    "a decision under the lock is made once, and never after its append has ended, however that ends",
    wrong((store) => ({
      appendExclusive: (after, query, decide) =>
        store.appendExclusive(after, query, (news, head) => {
          decide(news, head)
          return decide(news, head)
        })
    }))
  ],
  [
    "decides once more when all is over",
    "a decision under the lock is made once, and never after its append has ended, however that ends",
    wrong((store) => ({
      appendExclusive: (after, query, decide) =>
        store.appendExclusive(after, query, (news, head) => {
          // A late decision that throws tells nobody.
          setTimeout(() => Result.try(() => decide(news, head)), 0)
          return decide(news, head)
        })
    }))
  ],
  [
    "forgets how far the log was that was decided on",
    "promise 4: creators of one thing that read, decide and append race: it is made once, and everyone else finds it",
    wrong((store) => ({
      append: (events, condition) =>
        Effect.flatMap(store.head, (head) =>
          store.append(events, condition === undefined ? undefined : { ...condition, after: head })
        )
    }))
  ],
  [
    "takes nothing more after it has refused something",
    "an append after a refused one works, and takes the next position",
    wrong((store) => {
      let broken = false
      return {
        append: (events, condition) =>
          Effect.tapError(
            broken ? Effect.die(new Error("the transaction is aborted")) : store.append(events, condition),
            () => Effect.sync(() => (broken = true))
          )
      }
    })
  ],
  [
    "leaves a gap where an append was refused",
    "an append after a refused one works, and takes the next position",
    wrong((store) => {
      let drawn = 0
      return {
        append: (events, condition) =>
          store.append(events, condition).pipe(
            Effect.map((appended) => ({ ...appended, first: appended.first + drawn })),
            Effect.tapError(() => Effect.sync(() => (drawn += 1)))
          )
      }
    })
  ],
  [
    "calls a position that it has not reached a conflict",
    "what goes on after a position beyond the head, or after another log's bookmark, is refused and writes nothing",
    wrong((store) => ({
      append: (events, condition) =>
        Effect.flatMap(store.head, (head) =>
          afterOf(condition) > head
            ? Effect.fail(new AppendConditionFailed({ message: "wrong expected position" }))
            : store.append(events, condition)
        )
    }))
  ],
  [
    "takes a position for a history, in a condition",
    "promise 6: what is known of a history is refused once the log was put back",
    wrong((store) => ({
      append: (events, condition) =>
        store.append(events, condition === undefined ? undefined : { ...condition, after: afterOf(condition) })
    }))
  ],
  [
    "takes a position for a history, under the lock",
    "promise 6: what is known of a history is refused once the log was put back",
    wrong((store) => ({
      appendExclusive: (after, query, decide) => store.appendExclusive(History.positionOf(after), query, decide)
    }))
  ],
  [
    "takes a position for a history, where it is asked for its head",
    "promise 6: what is known of a history is refused once the log was put back",
    wrong((store) => ({ bookmark: () => store.bookmark() }))
  ],
  [
    "goes on telling a subscriber of a log that was put back",
    "promise 7: a subscription ends with an error once the log was put back",
    wrong((store) => ({
      subscribe: (query, after) => Stream.catch(store.subscribe(query, after), () => store.subscribe(query, 0))
    }))
  ],
  [
    "appends after a position that is none",
    "what is no position is a defect that says so, wherever it is passed",
    wrong((store) => ({
      append: (events, condition) => Effect.catchDefect(store.append(events, condition), () => store.append(events))
    }))
  ],
  [
    "acknowledges one group of many and does not store it",
    "promise 5: of 100 groups appended at once, half of them conditional, every acknowledged one is stored and no other",
    wrong((store) => {
      let appends = 0
      return {
        append: (events, condition) =>
          ++appends === 40
            ? Effect.map(store.head, (head) => ({
                first: head + 1,
                last: head + events.length,
                recordedAt: "",
                leaf: ""
              }))
            : store.append(events, condition)
      }
    })
  ],
  [
    "refuses everybody of a group in which one is refused",
    "a success beside a conflict: an append that is refused takes no other along",
    wrong((store) => {
      let group: Deferred.Deferred<boolean> | undefined
      return {
        append: (events, condition) =>
          Effect.gen(function* () {
            const own = (group ??= yield* Deferred.make<boolean>())
            const conflicts =
              condition === undefined
                ? []
                : yield* store.readAll(condition.failIfEventsMatch, { from: afterOf(condition) + 1 })
            if (conflicts.length > 0) yield* Deferred.succeed(own, false)
            yield* Effect.yieldNow
            yield* Deferred.succeed(own, true)
            group = undefined
            if (!(yield* Deferred.await(own))) return yield* new AppendConditionFailed({ message: "one of the group" })
            return yield* store.append(events)
          })
      }
    })
  ],
  [
    "keeps no hash of what it has written",
    "promise 6: a body edited behind the store's back is found on read, on verification, by its position, and by nobody who does not read it",
    onFiles(Codec.leafOf),
    onFiles((_, leaf) => leaf)
  ],
  [
    "looks at an event again after it was prepared",
    "what is stored does not change with the caller's object, nor with what was read",
    wrong((store) => ({
      prepare: (event) => Effect.map(store.prepare(event), (prepared) => ({ ...prepared, event })),
      append: ([first, ...rest], condition) =>
        store.append(["event" in first ? first.event : first, ...rest], condition)
    }))
  ],
  [
    "gives a reader the object it gave another",
    "what is stored does not change with the caller's object, nor with what was read",
    wrong((store) => {
      const given = new Map<string, Effect.Success<ReturnType<KitStore["readAll"]>>[number]>()
      return {
        readAll: (query, options) =>
          Effect.map(store.readAll(query, options), (events) =>
            events.map((event) => {
              const known = given.get(event.id) ?? event
              given.set(event.id, known)
              return known
            })
          )
      }
    })
  ],
  [
    "draws positions before it commits",
    "promise 6: beside a transaction that commits late, a reader sees what came before it, and never a hole",
    (() => {
      let open = false
      const world = wrong((store) => hiding(store, () => open))
      return {
        ...world,
        appendLate: (store, event) =>
          Effect.map(store.append([event]), () => {
            open = true
            return Effect.sync(() => void (open = false))
          })
      }
    })()
  ],
  [
    "reads from a node that is not up to date",
    "promise 6: while several stores append to one log, a reader sees a beginning of it at every look, and never a hole",
    (() => {
      let looks = 0
      return wrong((store) => hiding(store, () => ++looks % 2 === 0))
    })()
  ],
  [
    "decides on the snapshot from before it waited",
    "promise 2: a conditional append that waited for a late commit is decided on what that has written",
    (() => {
      let open: Deferred.Deferred<void> | undefined
      const world = wrong((store) => ({
        append: (events, condition) =>
          Effect.gen(function* () {
            const holds = condition === undefined || (yield* store.readAll(condition.failIfEventsMatch)).length === 0
            if (open !== undefined && condition !== undefined) yield* Deferred.await(open)
            return yield* store.append(events, holds ? undefined : condition)
          })
      }))
      return {
        ...world,
        appendLate: (store, event) =>
          Effect.gen(function* () {
            const waiting = (open = yield* Deferred.make<void>())
            return Effect.andThen(store.append([event]), Deferred.succeed(waiting, undefined)).pipe(
              Effect.orDie,
              Effect.asVoid
            )
          })
      }
    })()
  ],
  [
    "shows nothing younger than the oldest transaction of its server",
    "a transaction that has written in another database of the server, and stays open, holds nobody up",
    (() => {
      let horizon: number | undefined
      const world = wrong((store) => ({
        readAll: (query, options) =>
          store.readAll(query, { ...options, ...(horizon === undefined ? {} : { to: horizon }) })
      }))
      return {
        ...world,
        writeElsewhere: (store) => Effect.map(store.head, (head) => void (horizon = head))
      }
    })()
  ],
  [
    "comes back without what was acknowledged last",
    "promise 5: a log opened again in the midst of appends holds every acknowledged one, whole and at its place",
    {
      ...honest,
      reopen: (store, catalogue) => {
        const storage = storageOf(store)
        return over(catalogue, { ...storage, log: storage.log.slice(0, -4) })
      }
    }
  ],
  [
    "tells a subscriber twice of where history ends and the present begins",
    "promise 7: subscribers see history and what comes meanwhile, each event once, in order",
    wrong((store) => ({
      subscribe: (query, after) =>
        Stream.unwrap(
          Effect.map(store.head, (head) =>
            Stream.concat(
              store.read(query, { from: History.positionOf(after) + 1, to: head }),
              store.subscribe(query, Math.max(History.positionOf(after), head - 1))
            )
          )
        )
    }))
  ],
  [
    "lets go of a subject's ciphertext and keeps its key",
    "D-14 nothing personal is written for a forgotten subject, not even what was prepared before",
    wrong(() => ({ forget: () => Effect.void }))
  ],
  [
    "hashes something else than the body",
    "promise 6: a body is canonical JSON with nothing beside it, and its leaf is the RFC 6962 hash of it",
    wrong((store) => ({
      readStored: (range) =>
        Stream.map(store.readStored(range), (stored) => ({ ...stored, leaf: hash("sha256", stored.body, "buffer") }))
    }))
  ]
]

/** What became of a case: nothing, or why it failed. A store that hangs is found by the patience with it. */
const outcomeOf = (name: string, world: World, patience: Duration.Input): Promise<Option.Option<unknown>> => {
  const found = cases.find((each) => each.name === name)
  if (found === undefined) throw new Error(`the kit has no case "${name}"`)
  return Effect.runPromise(
    Effect.scoped(found.run(world)).pipe(
      Effect.timeout(patience),
      Effect.sandbox,
      Effect.result,
      Effect.map(Result.match({ onSuccess: () => Option.none(), onFailure: Option.some }))
    )
  )
}

describe("the kit finds a store that", () => {
  for (const [what, name, world, right = honest] of stores)
    it(`${what}`, async () => {
      expect(await outcomeOf(name, right, "3 minutes")).toEqual(Option.none())
      expect(Option.isSome(await outcomeOf(name, world, "10 seconds"))).toBe(true)
    })
})
