/**
 * One plan on two stores: the store under test and the store in memory must return and hold the same. For the contract kit.
 */
import { deepStrictEqual } from "node:assert/strict"
import { Effect, Layer, Result, Stream } from "effect"
import { SecureRandom } from "effect/crypto"
import type { Arbitrary } from "fast-check"
import { nonEmpty } from "../building/Attempt.ts"
import { make as makeMemory } from "../memory/MemoryEventStore.ts"
import type { NewEvent } from "../port/Event.ts"
import type { AppendCondition, Query } from "../port/Query.ts"
import { layerMemory } from "../vault/Vault.ts"
import { type Case, type KitStore, property, type World } from "./Case.ts"
import { type KitEvent, kitCatalogue, name, note, opened, subjectOf } from "./KitEvent.ts"

type Step =
  | {
      readonly _tag: "Append"
      readonly events: ReadonlyArray<NewEvent<KitEvent>>
      readonly condition?: AppendCondition<KitEvent>
    }
  | { readonly _tag: "Exclusive"; readonly query: Query<KitEvent>; readonly after: number; readonly most: number }
  | { readonly _tag: "Forget"; readonly account: string }

const steps = (fc: World["fastCheck"]): Arbitrary<ReadonlyArray<Step>> => {
  const account = fc.constantFrom("a", "b", "c")
  const tag = fc.constantFrom("account:a", "account:b", "x", "y")
  const event: Arbitrary<NewEvent<KitEvent>> = fc.oneof(
    fc.uniqueArray(tag, { maxLength: 3 }).map((tags) => note(tags)),
    fc.tuple(account, fc.string({ unit: "binary", maxLength: 8 })).map(([of, text]) => name(of, text)),
    account.map((of) => opened(of))
  )
  const item = fc.record(
    {
      types: fc.uniqueArray(fc.constantFrom("Opened", "Named", "Noted"), { minLength: 1, maxLength: 2 }).map(nonEmpty),
      tags: fc.uniqueArray(tag, { maxLength: 2 })
    },
    { requiredKeys: [] }
  )
  const query: Arbitrary<Query<KitEvent>> = fc.oneof(
    fc.constant("all" as const),
    fc.array(item, { minLength: 1, maxLength: 2 }).map(nonEmpty)
  )
  const condition = fc.record(
    { failIfEventsMatch: query, after: fc.integer({ min: 0, max: 12 }) },
    { requiredKeys: ["failIfEventsMatch"] }
  )
  const step: Arbitrary<Step> = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record(
        { _tag: fc.constant("Append" as const), events: fc.array(event, { minLength: 1, maxLength: 3 }), condition },
        { requiredKeys: ["_tag", "events"] }
      )
    },
    {
      weight: 2,
      arbitrary: fc.record({
        _tag: fc.constant("Exclusive" as const),
        query,
        after: fc.integer({ min: 0, max: 12 }),
        most: fc.integer({ min: 0, max: 4 })
      })
    },
    { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Forget" as const), account }) }
  )
  return fc.array(step, { maxLength: 10 })
}

/** What a store says to a step: outcomes without what is random or the clock's. */
const take = (store: KitStore, step: Step): Effect.Effect<unknown> =>
  Effect.map(
    Effect.result(
      Effect.gen(function* (): Effect.fn.Return<unknown, { readonly _tag: string; readonly reason?: string }> {
        switch (step._tag) {
          case "Append": {
            const { first, last } = yield* store.append(nonEmpty(step.events), step.condition)
            return [first, last]
          }
          case "Exclusive": {
            const { answer, appended } = yield* store.appendExclusive(
              step.after,
              step.query,
              (news, { position: head }) =>
                news.length <= step.most
                  ? Result.succeed({
                      events: news.length % 2 === 0 ? [note(["x"], `${news.length}`)] : [],
                      answer: [head, news.map(({ id }) => id)]
                    })
                  : Result.fail({ _tag: "TooMany", reason: String(news.length) })
            )
            return [answer, appended?.first, appended?.last]
          }
          case "Forget":
            return yield* store.forget(subjectOf(step.account))
        }
      })
    ),
    Result.match({
      onSuccess: (said) => said,
      onFailure: ({ _tag, reason }) => [_tag, reason]
    })
  )

/** All a store holds, without the hashes of what is encrypted at random. */
const holds = (store: KitStore) =>
  Effect.gen(function* () {
    const events = yield* store.readAll("all")
    const stored = yield* Stream.runCollect(store.readStored())
    return {
      head: yield* store.head,
      events: events.map(({ position, type, tags, data, version }) => ({ position, type, tags, data, version })),
      positions: stored.map(({ position }) => position),
      revealed: yield* store.reveal(events.map(({ position }) => position))
    }
  })

/** @category values */
export const differentialCases: ReadonlyArray<Case> = [
  {
    name: "property: any plan of appends, decisions under the lock and forgetting goes as on the store in memory",
    run: (world) =>
      property(world, steps(world.fastCheck), (plan) =>
        Effect.gen(function* () {
          const reference: KitStore = yield* makeMemory({ catalogue: kitCatalogue }).pipe(
            Effect.provide(layerMemory.pipe(Layer.provideMerge(SecureRandom.layerWebCrypto)))
          )
          const store = yield* world.make(kitCatalogue)
          for (const step of plan) {
            const expected = yield* take(reference, step)
            const said = yield* take(store, step)
            // Ids of what the steps make themselves differ between the stores: a decision's own events are counted on.
            deepStrictEqual(withoutMadeIds(said), withoutMadeIds(expected))
          }
          deepStrictEqual(yield* holds(store), yield* holds(reference))
        })
      )
  }
]

const withoutMadeIds = (said: unknown): unknown =>
  JSON.parse(
    JSON.stringify(said ?? null, (_, value) =>
      typeof value === "string" ? value.replace(/^event-\d+$/, "event") : value
    )
  )
