/**
 * The seven examples of dcb.events, each raced by 64 callers on three stores: the rule holds, and every caller learns what became of its own.
 */
import { Effect, Layer, Result, type Scope } from "effect"
import { describe, expect, it } from "vitest"
import { type EventStoreShape, Grouping, MemoryEventStore, SqliteEventStore, Vault } from "@effekten/event-store"
import { PgEventStore } from "@effekten/event-store/postgres"
import { join } from "node:path"
import * as Dcb from "./Dcb.ts"
import { folder, random, run, vaultIn } from "./Harness.ts"
import { vaultAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const { catalogue, event } = Dcb
type Log = EventStoreShape<Dcb.DcbEvent>

const postgres = useServer()
let made = 0

const stores: ReadonlyArray<readonly [string, () => Effect.Effect<Log, unknown, Scope.Scope>]> = [
  [
    "memory",
    () => MemoryEventStore.make({ catalogue }).pipe(Effect.provide(Vault.layerMemory.pipe(Layer.provideMerge(random))))
  ],
  [
    "SQLite",
    Effect.fnUntraced(function* () {
      const path = yield* folder
      const context = yield* Layer.build(vaultIn(path).pipe(Layer.provideMerge(random)))
      return yield* SqliteEventStore.make({ filename: join(path, "log.db"), catalogue }).pipe(
        Effect.provideContext(context)
      )
    })
  ],
  [
    "PostgreSQL",
    Effect.fnUntraced(function* () {
      const schema = `dcb_${++made}`
      const context = yield* Layer.build(vaultAt(postgres.server(), schema))
      return yield* PgEventStore.make({ server: postgres.server(), schema, catalogue }).pipe(
        Effect.provideContext(context)
      )
    })
  ]
]

/** 64 callers at once, and what each of them is told. */
const race = <A, X>(caller: (index: number) => Effect.Effect<A, X>) =>
  Effect.forEach(Array.from({ length: 64 }), (_, index) => Effect.result(caller(index)), { concurrency: "unbounded" })

const refusals = <A, X>(outcomes: ReadonlyArray<Result.Result<A, X>>): ReadonlyArray<X> =>
  outcomes.filter(Result.isFailure).map(({ failure }) => failure)

const eventsOf = <T extends Dcb.DcbEvent["type"]>(log: Log, ...types: readonly [T, ...Array<T>]) =>
  log.readAll([{ types }])

describe.each(
  stores.flatMap(([name, make]) => [
    [name, make] as const,
    [`${name}, in groups`, () => Effect.flatMap(make(), (log) => Grouping.make(log))] as const
  ])
)("64 callers at once on %s", (_, make) => {
  const on = (test: (log: Log) => Effect.Effect<void, unknown, Scope.Scope>) => () => run(Effect.flatMap(make(), test))

  it(
    "a course takes as many students as it has places, and a student five courses",
    on((log) =>
      Effect.gen(function* () {
        for (const course of ["a", "b", "c", "d", "e", "f"])
          yield* log.append([event("CourseDefined", { course, capacity: course === "a" ? 10 : 100 })])
        const full = yield* race((index) => Dcb.subscribe(log, "a", `student ${index}`))
        expect(refusals(full)).toEqual(Array.from({ length: 54 }, () => "course_full"))
        const many = yield* race((index) => Dcb.subscribe(log, "bcdef"[index % 5]!, "one"))
        expect(refusals(many)).toEqual([])
        expect(refusals([yield* Effect.result(Dcb.subscribe(log, "a", "one"))])).toEqual(["course_full"])
        yield* Dcb.changeCapacity(log, "a", 1)
        expect(refusals([yield* Effect.result(Dcb.subscribe(log, "a", "one"))])).toEqual(["too_many_courses"])
        expect(yield* eventsOf(log, "StudentSubscribed")).toHaveLength(15)
      })
    )
  )

  it(
    "a username belongs to one account, and is free again when that has another",
    on((log) =>
      Effect.gen(function* () {
        const taken = yield* race(() => Dcb.register(log, "anna"))
        expect(refusals(taken)).toEqual(Array.from({ length: 63 }, () => "username_taken"))
        const renamed = yield* race((index) => Dcb.rename(log, "anna", `anna ${index}`))
        expect(refusals(renamed)).toEqual(Array.from({ length: 63 }, () => "no_such_account"))
        yield* Dcb.register(log, "anna")
      })
    )
  )

  it(
    "invoices have the numbers 1 to 64",
    on((log) =>
      Effect.gen(function* () {
        const numbers = yield* race(() => Effect.map(Dcb.invoice(log), ({ answer }) => answer))
        const sorted = numbers.map(Result.getOrThrow).toSorted((a, b) => a - b)
        expect(sorted).toEqual(Array.from({ length: 64 }, (_, index) => index + 1))
      })
    )
  )

  it(
    "a token opts in once, by its address, within an hour",
    on((log) =>
      Effect.gen(function* () {
        yield* log.append([event("SignUpInitiated", { email: "anna@example.org", otp: "1234", minute: 100 })])
        const confirm = (otp: string, minute: number) => Dcb.confirm(log, "anna@example.org", otp, minute)
        expect(yield* Effect.flip(confirm("4321", 100))).toBe("no_such_token")
        expect(yield* Effect.flip(confirm("1234", 161))).toBe("token_expired")
        const used = yield* race(() => confirm("1234", 160))
        expect(refusals(used)).toEqual(Array.from({ length: 63 }, () => "token_used"))
      })
    )
  )

  it(
    "a price that was shown holds for ten minutes",
    on((log) =>
      Effect.gen(function* () {
        const product = "book"
        yield* log.append([event("ProductDefined", { product, price: 10 })])
        yield* log.append([event("PriceChanged", { product, price: 12, minute: 100 })])
        const ordered = yield* race((index) => Dcb.order(log, product, [10, 12, 11, 10][index % 4]!, 110 + (index % 4)))
        expect(ordered.map(Result.isSuccess)).toEqual(
          Array.from({ length: 16 }, () => [true, true, false, false]).flat()
        )
      })
    )
  )

  it(
    "an aggregate changes in steps, none of which is lost",
    on((log) =>
      Effect.gen(function* () {
        yield* log.append([event("CourseDefined", { course: "a", capacity: 0 })])
        expect(refusals(yield* race(() => Dcb.changeCapacity(log, "a", 1)))).toEqual([])
        const [last] = yield* log.readAll([{ types: ["CourseCapacityChanged"] }], { backwards: true, limit: 1 })
        expect(last?.data).toEqual({ course: "a", capacity: 64 })
      })
    )
  )

  it(
    "an order is placed once, and each of its senders learns of the one that was placed",
    on((log) =>
      Effect.gen(function* () {
        const orders = yield* race((index) => Dcb.place(log, "token", `order ${index}`))
        const placed = yield* eventsOf(log, "OrderPlaced")
        expect([...new Set(orders.map(Result.getOrThrow))]).toEqual(
          placed.map(({ data }) => "order" in data && data.order)
        )
        expect(yield* log.head).toBe(1)
      })
    )
  )
})
