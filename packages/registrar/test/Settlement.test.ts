/**
 * A ledger task settles as the ledger says, and what is unknown stays so until a person resolves it. For developers that connect a ledger.
 */
import { assert, describe, it } from "@effect/vitest"
import { type LedgerOutcome, LedgerUnavailable } from "@effekten/registrar"
import { Credits, Redemptions, Resolutions } from "@effekten/services"
import { Clock, Effect } from "effect"
import { as, codeOf, kept, scriptedLedger, until } from "./parts.ts"
import {
  succeeded,
  failed,
  unknown,
  processing,
  silent,
  paid,
  creditOf,
  statusOf,
  remainingOf,
  settled,
  session
} from "./Paid.ts"

describe("a ledger task settles as the ledger says", () => {
  const cases: ReadonlyArray<
    readonly [name: string, script: Parameters<typeof scriptedLedger>[0], status: string, remaining: object]
  > = [
    [
      "succeeded",
      { submit: () => Effect.succeed(succeeded) },
      "succeeded",
      { status: "DELIVERED", remainingUnits: 10 }
    ],
    ["failed", { submit: () => Effect.succeed(failed) }, "failed", { status: "PAID", remainingUnits: 10 }],
    ["unknown", { submit: () => Effect.succeed(unknown) }, "unknown", { status: "PAID", remainingUnits: 10 }],
    [
      "no answer to the submission, which had arrived",
      { submit: () => Effect.fail(silent), find: () => Effect.succeed(succeeded) },
      "succeeded",
      { status: "DELIVERED", remainingUnits: 10 }
    ],
    [
      "no answer to the submission, which never arrived",
      { submit: () => Effect.fail(silent) },
      "unknown",
      { status: "PAID", remainingUnits: 10 }
    ],
    [
      "a ledger that throws instead of answering",
      {
        submit: () => {
          throw new Error("a bug in the adapter")
        }
      },
      "unknown",
      { status: "PAID", remainingUnits: 10 }
    ]
  ]
  for (const [name, script, status, remaining] of cases) {
    it.live(name, () =>
      Effect.gen(function* () {
        const ledger = scriptedLedger(script)
        yield* session(
          yield* kept,
          ledger,
          Effect.gen(function* () {
            const world = yield* paid
            const credit = yield* creditOf(world)
            assert.strictEqual(credit.status, "processing")
            assert.strictEqual((yield* settled(world, credit.id)).status, status)
            assert.deepStrictEqual(yield* remainingOf(world), remaining as never)
            assert.deepStrictEqual(ledger.submitted, [credit.id])
          })
        )
      }).pipe(Effect.scoped)
    )
  }

  it.live("processing, and asked until it is not; out of reach, and asked until it answers", () =>
    Effect.gen(function* () {
      const answers = [Effect.succeed(processing), Effect.fail(silent), Effect.die("a bug"), Effect.succeed(succeeded)]
      const ledger = scriptedLedger({
        submit: () => Effect.succeed(processing),
        find: () =>
          Effect.suspend(
            (): Effect.Effect<LedgerOutcome, LedgerUnavailable> => answers.shift() ?? Effect.succeed(succeeded)
          )
      })
      yield* session(
        yield* kept,
        ledger,
        Effect.gen(function* () {
          const world = yield* paid
          const credit = yield* creditOf(world)
          assert.strictEqual((yield* settled(world, credit.id)).status, "succeeded")
          assert.deepStrictEqual(ledger.submitted, [credit.id])
          assert.lengthOf(ledger.found, 4)
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("the answer waits for the outcome, but not forever, and a repeat does not wait at all", () =>
    Effect.gen(function* () {
      const ledger = scriptedLedger({ submit: () => Effect.never })
      const keep = yield* kept
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          const world = yield* paid
          const create = Effect.flatMap(Credits, (credits) => credits.create(world.investment, { key: "key" })).pipe(
            as(world.platform)
          )
          const start = yield* Clock.currentTimeMillis
          const credit = yield* create
          const answered = yield* Clock.currentTimeMillis
          assert.isAtLeast(answered - start, 1_900)
          // The quickest of several: a busy machine may hold any of them up.
          let quickest = Number.POSITIVE_INFINITY
          for (let repeat = 0, asked = answered; repeat < 5; repeat++) {
            assert.deepStrictEqual(yield* create, credit)
            const now = yield* Clock.currentTimeMillis
            quickest = Math.min(quickest, now - asked)
            asked = now
          }
          assert.isBelow(quickest, 1_900)
        })
      )
    }).pipe(Effect.scoped)
  )
})

describe("promise 11: unknown is never retried by itself", () => {
  const unresolved = Effect.fnUntraced(function* (ledger: ReturnType<typeof scriptedLedger>) {
    const world = yield* paid
    const credit = yield* creditOf(world)
    assert.strictEqual((yield* settled(world, credit.id)).status, "unknown")
    assert.strictEqual(codeOf(yield* Effect.result(creditOf(world))), "credit_in_flight")
    assert.deepStrictEqual(ledger.submitted, [credit.id])
    return { world, credit: credit.id }
  })

  for (const verdict of ["succeeded", "failed"] as const) {
    it.live(`a person resolves a credit as ${verdict}, once`, () =>
      Effect.gen(function* () {
        const ledger = scriptedLedger({ submit: () => Effect.succeed(unknown) })
        yield* session(
          yield* kept,
          ledger,
          Effect.gen(function* () {
            const { world, credit } = yield* unresolved(ledger)
            const resolutions = yield* Resolutions
            yield* resolutions.credit(world.investment, credit, verdict, { key: "key" })
            yield* resolutions.credit(world.investment, credit, verdict, { key: "key" })
            assert.strictEqual((yield* statusOf(world, credit)).status, verdict)
            for (const further of ["succeeded", "failed"] as const) {
              const result = yield* Effect.result(resolutions.credit(world.investment, credit, further))
              assert.strictEqual(codeOf(result), "nothing_to_resolve")
            }
            assert.strictEqual((yield* remainingOf(world)).status, verdict === "succeeded" ? "DELIVERED" : "PAID")
            assert.deepStrictEqual(ledger.submitted, [credit])
          })
        )
      }).pipe(Effect.scoped)
    )

    it.live(`the units of an unknown redemption stay reserved until a person says that it ${verdict}`, () =>
      Effect.gen(function* () {
        const ledger = scriptedLedger({ submit: ({ kind }) => Effect.succeed(kind === "credit" ? succeeded : unknown) })
        yield* session(
          yield* kept,
          ledger,
          Effect.gen(function* () {
            const world = yield* paid
            yield* settled(world, (yield* creditOf(world)).id)
            yield* Effect.gen(function* () {
              const redemptions = yield* Redemptions
              const input = { investorId: world.investor, productId: world.product, walletId: world.wallet, units: 7 }
              const { id } = yield* redemptions.create(input)
              yield* until(redemptions.get(id), ({ status }) => status === "unknown")
              assert.strictEqual(
                codeOf(yield* Effect.result(redemptions.create({ ...input, units: 4 }))),
                "insufficient_units"
              )
              assert.strictEqual((yield* remainingOf(world)).remainingUnits, 10)
              yield* (yield* Resolutions).redemption(id, verdict)
              assert.strictEqual((yield* remainingOf(world)).remainingUnits, verdict === "succeeded" ? 3 : 10)
              const again = yield* Effect.result((yield* Resolutions).redemption(id, "failed"))
              assert.strictEqual(codeOf(again), "nothing_to_resolve")
              const next = yield* Effect.result(redemptions.create({ ...input, units: 4 }))
              assert.strictEqual(codeOf(next), verdict === "succeeded" ? "insufficient_units" : undefined)
            }).pipe(as(world.platform))
          })
        )
      }).pipe(Effect.scoped)
    )
  }
})
