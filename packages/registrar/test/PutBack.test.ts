/**
 * A log that is put back behind running registers: they decide on what the log has, and on nothing else. For a developer that changes what is
 * kept of the log between two decisions.
 */
import { assert, describe, it } from "@effect/vitest"
import { MemoryEventStore } from "@effekten/event-store"
import { type Instruction, Snapshots } from "@effekten/registrar"
import { Context, Effect, Layer, Logger } from "effect"
import * as fc from "fast-check"
import { type Kept, kept, logLayer, openExecutor } from "./parts.ts"
import { refusalOf, signing, sold } from "./sale.ts"

const allocation = 3
const tooMany = allocation + 1

interface PutBack {
  readonly _tag: "PutBack"
  /** How many instructions are left, and for how many units a third node, which is faster, then gives others. */
  readonly left: number
  readonly others: ReadonlyArray<number>
  readonly when: "now" | "append" | "lock"
}
type Step = { readonly _tag: "Sign"; readonly node: 0 | 1; readonly key: number } | PutBack

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      _tag: fc.constant("Sign" as const),
      node: fc.constantFrom(0 as const, 1 as const),
      key: fc.nat({ max: 7 })
    })
  },
  {
    weight: 1,
    arbitrary: fc.record({
      _tag: fc.constant("PutBack" as const),
      left: fc.nat({ max: allocation }),
      others: fc.array(fc.constantFrom(1, allocation, tooMany), { maxLength: allocation + 2 }),
      when: fc.constantFrom("now" as const, "append" as const, "lock" as const)
    })
  }
)

/** Two executors over one log, and what is done to the log when one of them next comes to it. */
const nodes = Effect.fnUntraced(function* (keep: Kept, storage: Snapshots.Storage) {
  const next: Record<"append" | "lock", Effect.Effect<void>> = { append: Effect.void, lock: Effect.void }
  const take = (what: keyof typeof next) =>
    Effect.suspend(() => {
      const act = next[what]
      next[what] = Effect.void
      return act
    })
  const snapshots = yield* Effect.provide(
    Snapshots.make(storage, { leastEvents: 1 }),
    Layer.provideMerge(logLayer(keep), Layer.succeedContext(keep.context))
  )
  const keeping = { ...keep, context: Context.add(keep.context, Snapshots.Snapshots, snapshots) }
  const open = openExecutor(keeping, (log) => ({
    ...log,
    append: (events, condition) => Effect.andThen(take("append"), log.append(events, condition)),
    appendExclusive: (after, query, decide) => Effect.andThen(take("lock"), log.appendExclusive(after, query, decide))
  }))
  return { executors: [yield* open, yield* open] as const, next }
})

/** The same for more units: as many instructions then leave other units than before. */
const forUnits = (instruction: Instruction, units: number): Instruction => {
  const { command } = instruction
  return { ...instruction, command: { ...command, input: { ...command.input, units } } as typeof command }
}

/** What each instruction of a log came to, oldest first: how many units it took. */
const recordedIn = (keep: Kept) =>
  keep.storage.log.flatMap(({ body }) => {
    const { data, meta, type } = JSON.parse(body) as {
      type: string
      data: { units: number }
      meta: { operation: string; instruction: string }
    }
    const units = type === "InvestmentSigned" ? data.units : 0
    return meta.operation === "SignInvestment" ? [{ units, instruction: meta.instruction }] : []
  })

const unitsOf = (recorded: ReturnType<typeof recordedIn>) => recorded.reduce((sum, { units }) => sum + units, 0)

const play = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
  const keep = yield* kept
  const sale = yield* sold(keep, allocation)
  const first = keep.storage.log.length
  const { executors, next } = yield* nodes(keep, Snapshots.makeMemoryStorage())
  const faster = yield* openExecutor(keep)
  let other = 100
  const putBack = ({ left, others }: PutBack) =>
    Effect.gen(function* () {
      MemoryEventStore.rewind(keep.storage, first + Math.min(left, keep.storage.log.length - first))
      for (const units of others) yield* faster.execute(forUnits(signing(keep, sale, other++), units))
    }).pipe(Effect.orDie)
  for (const each of steps) {
    if (each._tag === "PutBack") {
      if (each.when === "now") yield* putBack(each)
      else next[each.when] = putBack(each)
      continue
    }
    const instruction = signing(keep, sale, each.key)
    const answered = yield* executors[each.node].execute(instruction)
    const recorded = recordedIn(keep)
    const place = recorded.findIndex((found) => found.instruction === instruction.identity)
    assert.isAtLeast(place, 0, "what is answered is recorded")
    assert.strictEqual(first + place + 1, answered.position)
    if (place < recorded.length - 1) assert.isTrue(answered.replayed, "what is recorded is not recorded again")
    const left = allocation - unitsOf(recorded.slice(0, place))
    assert.strictEqual(refusalOf(answered), left > 0 ? undefined : "allocation_exhausted")
    assert.isAtMost(unitsOf(recorded), allocation)
  }
})

describe("a log that is put back behind running registers", () => {
  it.live("promise 2: every decision is the one that the log as it is then gives", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 24 }), (steps) =>
          play(steps).pipe(Effect.scoped, Effect.provide(Logger.layer([])), Effect.runPromise)
        ),
        { numRuns: 200 }
      )
    )
  )

  it.live("promise 2: what is decided when another node is faster to the same position is decided again", () =>
    Effect.gen(function* () {
      for (const units of [1, allocation, tooMany])
        for (let others = 0; others <= allocation + 1; others++)
          for (const when of ["append", "lock"] as const)
            yield* play([
              { _tag: "Sign", node: 0, key: 0 },
              { _tag: "Sign", node: 0, key: 1 },
              // The lock is taken by a node that has lost.
              ...(when === "lock" ? [{ _tag: "PutBack", left: 2, others: [1], when: "append" } as const] : []),
              { _tag: "PutBack", left: 0, others: Array.from({ length: others }, () => units), when },
              { _tag: "Sign", node: 0, key: 2 },
              { _tag: "Sign", node: 0, key: 0 },
              { _tag: "Sign", node: 0, key: 3 }
            ]).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
    })
  )

  it.live("promise 7: no decision goes on from a snapshot whose leaf was looked at before the log was put back", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const sale = yield* sold(keep, allocation)
      const first = keep.storage.log.length
      const storage = Snapshots.makeMemoryStorage()
      const earlier = Effect.flatMap(nodes(keep, storage), ({ executors }) =>
        executors[0].execute(signing(keep, sale, 0))
      )
      // A snapshot of one unit sold is kept at the end.
      yield* Effect.scoped(earlier)
      assert.isNotEmpty(yield* storage.all)
      const { executors } = yield* nodes(keep, storage)
      // It is taken, so its leaf is known.
      yield* executors[0].execute(signing(keep, sale, 1))
      MemoryEventStore.rewind(keep.storage, first)
      const faster = yield* openExecutor(keep)
      yield* faster.execute(forUnits(signing(keep, sale, 2), allocation))
      const refused = yield* executors[0].execute(signing(keep, sale, 3))
      assert.strictEqual(refusalOf(refused), "allocation_exhausted")
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([])))
  )

  it.live("it says so once, aloud, with both places, and goes on", () =>
    Effect.gen(function* () {
      const said: Array<{ readonly level: string; readonly message: string }> = []
      const logger = Logger.make(
        ({ logLevel, message }) => void said.push({ level: logLevel, message: String(message) })
      )
      yield* Effect.gen(function* () {
        const keep = yield* kept
        const sale = yield* sold(keep, allocation)
        const first = keep.storage.log.length
        const { executors } = yield* nodes(keep, Snapshots.makeMemoryStorage())
        for (let n = 0; n < 3; n++) yield* executors[0].execute(signing(keep, sale, n))
        assert.strictEqual(refusalOf(yield* executors[0].execute(signing(keep, sale, 3))), "allocation_exhausted")
        MemoryEventStore.rewind(keep.storage, first + 1)
        for (let n = 4; n < 8; n++) yield* executors[0].execute(signing(keep, sale, n))
        assert.strictEqual(unitsOf(recordedIn(keep)), allocation)
        const loud = said.filter(({ level }) => level === "Error")
        assert.lengthOf(loud, 1)
        assert.include(loud[0]?.message, `it knew position ${first + 4} with leaf `)
        assert.include(loud[0]?.message, `the log ends at position ${first + 1} with leaf `)
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
    })
  )
})
