/**
 * Ledger tasks are submitted at most once, through crashes and a ledger that fails. For developers that connect a ledger.
 */
import { assert, describe, it } from "@effect/vitest"
import { type LedgerOutcome, LedgerUnavailable, Progress } from "@effekten/registrar"
import { Credits, Investments, Redemptions, Resolutions } from "@effekten/services"
import { Clock, Context, Effect, Stream } from "effect"
import { EventStoreError, History } from "@effekten/event-store"
import { offering, onboarded, signedAt } from "./fixture.ts"
import { as, codeOf, gate, type Kept, kept, open, scriptedLedger, until, wholeLog } from "./parts.ts"

const succeeded: LedgerOutcome = { _tag: "Succeeded" }
const failed: LedgerOutcome = { _tag: "Failed" }
const unknown: LedgerOutcome = { _tag: "Unknown" }
const processing: LedgerOutcome = { _tag: "Processing" }
const silent = new LedgerUnavailable({ message: "no answer" })

/** A paid investment with a wallet, in a register of its own. */
const paidWith = Effect.fnUntraced(function* (units: number) {
  const { platform, product, campaign } = yield* offering()
  return yield* Effect.gen(function* () {
    const holder = yield* onboarded
    const investment = yield* (yield* Investments).create({
      campaignId: campaign,
      investorId: holder.investor,
      units,
      signedAt,
      acceptedAt: signedAt,
      paidAt: signedAt,
      wallet: holder.wallet
    })
    return { platform, product, ...holder, investment: investment.id }
  }).pipe(as(platform))
})

const paid = paidWith(10)

type Paid = Effect.Success<typeof paid>

const creditOf = (world: Paid) =>
  Effect.flatMap(Credits, (credits) => credits.create(world.investment)).pipe(as(world.platform))
const statusOf = (world: Paid, id: string) =>
  Effect.flatMap(Credits, (credits) => credits.get(world.investment, id as never)).pipe(as(world.platform))
const remainingOf = (world: Paid) =>
  Effect.map(
    Effect.flatMap(Investments, (investments) => investments.get(world.investment)),
    ({ status, remainingUnits }) => ({ status, remainingUnits })
  ).pipe(as(world.platform))

const settled = (world: Paid, id: string) => until(statusOf(world, id), ({ status }) => status !== "processing")

/** Opens a register on kept parts, runs, and closes it again. */
const session = <A, E, R>(
  keep: Kept,
  ledger: ReturnType<typeof scriptedLedger>,
  run: Effect.Effect<A, E, R>,
  wrap?: Parameters<typeof open>[1] extends infer _ ? NonNullable<Parameters<typeof open>[1]>["wrap"] : never
) =>
  Effect.scoped(
    Effect.flatMap(open(keep, { ledger: ledger.layer, ...(wrap === undefined ? {} : { wrap }) }), (register) =>
      Effect.provideContext(run, register)
    )
  )

const typesOf = Effect.map(wholeLog, (events) =>
  events.map(({ type }) => type).filter((type) => /Credit|Redemption|Redeemed/.test(type))
)

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

describe("nothing is ever submitted twice, also across a restart", () => {
  for (const [name, find, status] of [
    ["is found at the ledger", () => Effect.succeed(succeeded), "succeeded"],
    ["failed at the ledger", () => Effect.succeed(failed), "failed"],
    ["the ledger has never heard of is unknown", () => Effect.undefined, "unknown"]
  ] as ReadonlyArray<readonly [string, () => Effect.Effect<LedgerOutcome | undefined>, string]>) {
    it.live(`a claim without an outcome that ${name}`, () =>
      Effect.gen(function* () {
        const keep = yield* kept
        const reached = gate()
        const ledger = scriptedLedger({ submit: () => Effect.andThen(reached.pass, Effect.succeed(succeeded)), find })
        const { world, credit } = yield* session(
          keep,
          ledger,
          Effect.gen(function* () {
            const world = yield* paid
            yield* Effect.forkChild(creditOf(world), { startImmediately: true })
            yield* reached.reached
            const requested = (yield* wholeLog).find(({ type }) => type === "CreditRequested")!
            // And the process ends here.
            return { world, credit: (requested.data as { readonly creditId: string }).creditId }
          })
        )
        yield* session(
          keep,
          ledger,
          Effect.gen(function* () {
            assert.strictEqual((yield* settled(world, credit)).status, status)
            assert.deepStrictEqual(ledger.submitted, [credit])
            assert.deepStrictEqual(ledger.found, [credit])
          })
        )
      }).pipe(Effect.scoped)
    )
  }

  it.live("a claim of an earlier run does not pass for a new one, even when no append says how it ended", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const reached = gate()
      const ledger = scriptedLedger({ submit: () => Effect.andThen(reached.pass, Effect.succeed(succeeded)) })
      const world = yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          const world = yield* paid
          yield* Effect.forkChild(creditOf(world), { startImmediately: true })
          yield* reached.reached
          return world
        })
      )
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          yield* until(typesOf, (types) => types.includes("CreditOutcomeUnknown"))
          assert.lengthOf(ledger.submitted, 1)
          assert.strictEqual((yield* remainingOf(world)).status, "PAID")
        }),
        (log) => ({
          ...log,
          append: (events, condition) =>
            Effect.andThen(
              log.append(events, condition),
              Effect.fail(new EventStoreError({ reason: "unknown", message: "the connection broke" }))
            )
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a task that was requested, and not claimed, is submitted after the restart", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const ledger = scriptedLedger({ submit: () => Effect.succeed(succeeded) })
      const blind = { ...scriptedLedger({ submit: () => Effect.die("not reached") }) }
      const world = yield* session(
        keep,
        blind,
        Effect.gen(function* () {
          const world = yield* paid
          yield* Effect.forkChild(creditOf(world), { startImmediately: true })
          yield* until(typesOf, (types) => types.includes("CreditRequested"))
          return world
        }),
        (log) => ({ ...log, subscribe: () => Stream.never })
      )
      assert.deepStrictEqual(blind.submitted, [])
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          yield* until(remainingOf(world), ({ status }) => status === "DELIVERED")
          assert.lengthOf(ledger.submitted, 1)
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a fault of reading the log interrupts no task under way, and the next one is seen", () =>
    Effect.gen(function* () {
      const waiting = gate()
      let broken = false
      const ledger = scriptedLedger({
        submit: () =>
          ledger.submitted.length === 1
            ? Effect.andThen(waiting.pass, Effect.succeed(succeeded))
            : Effect.succeed(succeeded)
      })
      yield* session(
        yield* kept,
        ledger,
        Effect.gen(function* () {
          const one = yield* paid
          const other = yield* paid
          yield* Effect.forkChild(creditOf(one), { startImmediately: true })
          yield* waiting.reached
          broken = true
          const second = yield* creditOf(other)
          yield* settled(other, second.id)
          yield* waiting.open
          yield* until(remainingOf(one), ({ status }) => status === "DELIVERED")
          assert.lengthOf(new Set(ledger.submitted), 2)
          assert.lengthOf(ledger.submitted, 2)
          assert.deepStrictEqual(ledger.found, [])
          assert.isFalse(broken)
        }),
        (log) => ({
          ...log,
          subscribe: (query, after) =>
            log.subscribe(query, after).pipe(
              Stream.tap(() =>
                Effect.suspend(() => {
                  if (!broken) return Effect.void
                  broken = false
                  return Effect.fail(new EventStoreError({ reason: "unavailable", message: "torn off" }))
                })
              )
            )
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a restart goes on where the last one came to, and asks nothing about what was settled before", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const progress = Context.get(keep.context, Progress)
      const ledger = scriptedLedger({ submit: () => Effect.succeed(succeeded) })
      const last = yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          for (let n = 0; n < 3; n++) {
            const world = yield* paid
            yield* settled(world, (yield* creditOf(world)).id)
          }
          const requests = (yield* wholeLog).filter(({ type }) => type === "CreditRequested")
          const last = requests[requests.length - 1]!.position
          yield* until(progress.get("settlement"), (at) => History.positionOf(at) >= last)
          return last
        })
      )
      const asked: Array<number> = []
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          const world = yield* paid
          yield* settled(world, (yield* creditOf(world)).id)
        }),
        (log) => ({
          ...log,
          subscribe: (query, after) => {
            asked.push(History.positionOf(after))
            return log.subscribe(query, after)
          }
        })
      )
      assert.isAtLeast(asked[0]!, last)
      assert.lengthOf(ledger.submitted, 4)
      assert.deepStrictEqual(ledger.found, [])
    }).pipe(Effect.scoped)
  )

  it.live("progress does not pass a task that is under way, however many are settled after it", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const progress = Context.get(keep.context, Progress)
      const waiting = gate()
      const ledger = scriptedLedger({
        submit: () =>
          ledger.submitted.length === 2
            ? Effect.andThen(waiting.pass, Effect.succeed(succeeded))
            : Effect.succeed(succeeded)
      })
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          const world = yield* paidWith(400)
          yield* settled(world, (yield* creditOf(world)).id)
          const redeem = Effect.flatMap(Redemptions, (redemptions) =>
            redemptions.create({
              investorId: world.investor,
              productId: world.product,
              walletId: world.wallet,
              units: 1
            })
          ).pipe(as(world.platform))
          yield* Effect.forkChild(redeem, { startImmediately: true })
          yield* waiting.reached
          const stuck = (yield* wholeLog).find(({ type }) => type === "RedemptionRequested")!.position
          yield* Effect.all(
            Array.from({ length: 300 }, () => redeem),
            { concurrency: "unbounded" }
          )
          assert.isBelow(History.positionOf(yield* progress.get("settlement")), stuck)
          yield* waiting.open
          yield* until(progress.get("settlement"), (at) => History.positionOf(at) > stuck)
        })
      )
    }).pipe(Effect.scoped)
  )

  it.live("a late contradiction of the ledger changes nothing", () =>
    Effect.gen(function* () {
      const keep = yield* kept
      const ledger = scriptedLedger({ submit: () => Effect.succeed(succeeded), find: () => Effect.succeed(failed) })
      const world = yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          const world = yield* paid
          yield* settled(world, (yield* creditOf(world)).id)
          return world
        })
      )
      yield* Context.get(keep.context, Progress).set("settlement", { position: 0, leaf: keep.storage.logId })
      yield* session(
        keep,
        ledger,
        Effect.gen(function* () {
          yield* until(wholeLog, (events) => events[events.length - 1]!.type === "InstructionRejected")
          assert.deepStrictEqual(yield* remainingOf(world), { status: "DELIVERED", remainingUnits: 10 })
          const types = (yield* wholeLog).map(({ type }) => type)
          assert.lengthOf(
            types.filter((type) => type === "CreditSubmitted"),
            1
          )
        })
      )
      assert.lengthOf(ledger.submitted, 1)
    }).pipe(Effect.scoped)
  )
})
