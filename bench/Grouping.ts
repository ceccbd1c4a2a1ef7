/**
 * Measures conditional appends of many callers whose commits are shared, beside the same store with a commit each. In turns, and as many
 * appends in each.
 */
import { Grouping, SqliteEventStore, type EventStoreShape } from "@effekten/event-store"
import { Array as Arr, Effect, Layer } from "effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { catalogue, type DcbEvent, event } from "../packages/event-store/test/Dcb.ts"
import { random, vaultIn } from "../packages/event-store/test/Harness.ts"
import { each, medians, type Result, timed, type Took } from "./Measure.ts"

const callers = 64

/** Each caller appends one event after the other, and each append has a condition of its own. */
const append = (store: EventStoreShape<DcbEvent>, times: number) =>
  Effect.forEach(
    Arr.range(1, callers),
    () =>
      Effect.forEach(
        Arr.range(1, times),
        () => {
          const username = crypto.randomUUID()
          return store.append([event("AccountRegistered", { username })], {
            failIfEventsMatch: [{ types: ["AccountRegistered"], tags: [`username:${username}`] }]
          })
        },
        { discard: true }
      ),
    { concurrency: "unbounded", discard: true }
  )

export const measure = Effect.fnUntraced(function* (options: {
  readonly root: string
  readonly rounds: number
  readonly quick: boolean
}) {
  const folder = join(options.root, "grouping")
  mkdirSync(folder)
  const context = yield* Layer.build(vaultIn(folder).pipe(Layer.provideMerge(random)))
  const plain = yield* SqliteEventStore.make({ filename: join(folder, "log.db"), catalogue }).pipe(
    Effect.provideContext(context)
  )
  const grouped = yield* Grouping.make(plain)
  const times = options.quick ? 2 : 40
  const alone: Array<Took> = []
  const together: Array<Took> = []
  for (let round = 0; round <= options.rounds; round++) {
    const took = {
      alone: each(yield* timed(append(plain, times)), callers * times),
      together: each(yield* timed(append(grouped, times)), callers * times)
    }
    if (round === 0 && options.rounds > 0) continue
    alone.push(took.alone)
    together.push(took.together)
  }
  const [one, all] = [medians(alone), medians(together)]
  const result: Result = {
    name: "conditional appends that share commits",
    shape: `${callers} callers, one event each time, SQLite`,
    figures: {
      "appends/s": 1 / all.seconds,
      "with a commit each": 1 / one.seconds,
      "CPU µs/append": all.cpuSeconds * 1e6,
      "CPU µs with a commit each": one.cpuSeconds * 1e6
    },
    ratios: { "a commit each": one.seconds / all.seconds }
  }
  return [result]
})
