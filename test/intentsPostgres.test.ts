/**
 * Intents in PostgreSQL, beside the rows of the application and of several programs. For an application of a platform that has a database.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import { Intents } from "@effekten/http/intents"
import { type Context, Effect, Exit, Fiber, Layer, Redacted, Result, Schedule, Scope, String } from "effect"
import { SqlClient } from "effect/sql"
import { expect, it } from "vitest"
import { useServer } from "../packages/event-store/test/PgServer.ts"
import {
  answer,
  find,
  pending,
  type Register,
  register,
  silent,
  submit,
  unavailable
} from "../packages/http/test/IntentsHarness.ts"

const postgres = useServer()
const key = Redacted.make(new Uint8Array(32).fill(3))

type Own = Intents.Intents | SqlClient.SqlClient

/** A program over a schema. Its own rows are named otherwise in the program than in the database: intents must not mind. */
const started = (
  schema: string,
  own: Register,
  options: Intents.IntentsOptions = {}
): Effect.Effect<Context.Context<Own>, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const client = PgClient.layer({
      ...postgres.server(),
      startupParameters: { search_path: schema },
      transformResultNames: String.snakeToCamel,
      transformQueryNames: String.camelToSnake
    })
    const intents = Intents.layer({
      key,
      base: "5 millis",
      maximum: "50 millis",
      lease: "500 millis",
      ...options
    })
    const made = Layer.effectDiscard(
      Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE SCHEMA IF NOT EXISTS ${sql(schema)}`)
    )
    return yield* Layer.build(
      Layer.fresh(intents.pipe(Layer.provide(made), Layer.provideMerge(client), Layer.provide(own.layer)))
    )
  })

const running = <A>(effect: Effect.Effect<A, unknown, Scope.Scope>): Promise<A> =>
  Effect.runPromise(effect.pipe(Effect.scoped, Effect.provide(silent)))

/** A server that was killed is back soon. */
const untilItRuns = Schedule.spaced("20 millis")

const at = (context: Context.Context<Own>) => Effect.provideContext(context)

it("promise 4: what is recorded is sent once, answered to every program, and kept under its key", () =>
  running(
    Effect.gen(function* () {
      const own = register()
      const one = yield* started("once", own, { lease: "1 hour" })
      const other = yield* started("once", own)
      yield* submit("order-1").pipe(at(one))
      yield* submit("order-1").pipe(at(other))
      const answers = yield* Effect.all([answer("order-1").pipe(at(one)), answer("order-1").pipe(at(other))])
      expect(answers[0]).toEqual(answers[1])
      expect((yield* Effect.flip(submit("order-1", 4).pipe(at(other))))._tag).toBe("IntentConflict")
      expect(own.asked.map(({ key }) => key)).toEqual(["order-1"])
      expect(yield* find("order-1").pipe(at(other))).toMatchObject({ state: "ended", attempts: 1 })
      const refused = yield* Effect.flip(started("once", own, { key: Redacted.make(new Uint8Array(32)) }))
      expect(refused).toMatchObject({ _tag: "IntentsRefused", reason: "wrong_key" })
    })
  ))

it("of many submissions at once from two programs, exactly so many are recorded as there is room for", () =>
  running(
    Effect.gen(function* () {
      const own = register()
      own.answers = () => unavailable("no")
      const programs = yield* Effect.forEach([1, 2], () => started("bound", own, { capacity: 20 }))
      const submitted = yield* Effect.forEach(
        Array.from({ length: 64 }, (_, i) => i),
        (i) => Effect.result(submit(`order-${i % 48}`).pipe(at(programs[i % 2]!))),
        { concurrency: 32 }
      )
      const refused = submitted.filter(Result.isFailure).map(({ failure }) => failure._tag)
      expect(new Set(refused)).toEqual(new Set(["TooManyIntents"]))
      const recorded = yield* pending.pipe(at(programs[0]!))
      expect(recorded.length).toBe(20)
      own.answers = () => Effect.void
      yield* Effect.forEach(recorded, ({ id }) => answer(id).pipe(at(programs[1]!)), { concurrency: 20 })
      expect([...own.effects.keys()].toSorted()).toEqual(recorded.map(({ id }) => id).toSorted())
    })
  ))

it("a submission is part of the application's transaction", () =>
  running(
    Effect.gen(function* () {
      const own = register()
      const context = yield* started("outbox", own)
      yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* sql`CREATE TABLE orders (id text PRIMARY KEY)`
        const ordered = (id: string) => Effect.andThen(sql`INSERT INTO orders VALUES (${id})`, submit(id))
        yield* Effect.ignore(sql.withTransaction(Effect.andThen(ordered("order-1"), Effect.fail("no"))))
        yield* sql.withTransaction(ordered("order-2"))
        yield* answer("order-2")
        expect((yield* Effect.flip(answer("order-1")))._tag).toBe("IntentUnknown")
      }).pipe(at(context))
      expect(own.asked.map(({ key }) => key)).toEqual(["order-2"])
    })
  ))

it("promise 5: a server that dies at any moment loses nothing that was recorded, and nothing happens twice", () =>
  running(
    Effect.gen(function* () {
      const own = register()
      const one = yield* started("crash", own)
      const scope = yield* Scope.make()
      yield* Scope.provide(started("crash", own), scope)
      const recorded: Array<string> = []
      const submitting = Effect.forEach(
        Array.from({ length: 60 }, (_, i) => `order-${i}`),
        (id) =>
          submit(id).pipe(
            Effect.tap(() => Effect.sync(() => void recorded.push(id))),
            // The outcome may be lost: the same id is submitted again.
            Effect.retry(untilItRuns)
          ),
        { concurrency: 8 }
      ).pipe(at(one))
      const fiber = yield* Effect.forkChild(submitting)
      for (const number of [10, 30]) {
        yield* Effect.raceFirst(
          Effect.repeat(Effect.sleep("2 millis"), { until: () => recorded.length >= number }),
          Fiber.join(fiber)
        )
        yield* Effect.promise(() => postgres.crash())
      }
      yield* Fiber.join(fiber)
      yield* Scope.close(scope, Exit.void)
      const answers = yield* Effect.forEach(recorded, (id) =>
        answer(id).pipe(
          Effect.retry({ schedule: untilItRuns, while: ({ _tag }) => _tag === "IntentsUnavailable" }),
          at(one)
        )
      )
      expect(recorded.length).toBe(60)
      expect(new Set(answers.map(({ id }) => id)).size).toBe(60)
      expect(own.effects.size).toBe(60)
    })
  ))
