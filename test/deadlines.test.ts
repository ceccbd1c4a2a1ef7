/**
 * Payments that are missed, where several nodes share a register in PostgreSQL. Each ends its subscription once, whichever node dies. No
 * wrong clock ends another. For platforms and issuers.
 */
import { assert, describe, it } from "@effect/vitest"
import { Timestamp } from "@effekten/domain"
import { Log } from "@effekten/registrar"
import { Investments } from "@effekten/services"
import { Clock, Duration, Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { offering, onboarded } from "../packages/registrar/test/fixture.ts"
import * as SandboxClock from "../packages/cli/src/SandboxClock.ts"
import { as, turn } from "../packages/registrar/test/parts.ts"
import { lateClock } from "./LateClock.ts"
import { at, type Node, soon, useNodes } from "./Nodes.ts"

const { holders, node, postgres, query } = useNodes()

const day = 86_400_000

/** So many subscriptions that are accepted now, and have to be paid within so many days. */
const accepted = Effect.fnUntraced(function* (many: number, paymentDays: number) {
  const { campaign, platform } = yield* offering({ paymentDays })
  const signedAt = Timestamp.instantOfMicros((yield* Clock.currentTimeMillis) * 1000).text
  const subscribe = Effect.gen(function* () {
    const { investor } = yield* onboarded
    const { create } = yield* Investments
    const input = { campaignId: campaign, investorId: investor, units: 1, signedAt, acceptedAt: signedAt }
    return yield* Effect.replicateEffect(create(input), many, { concurrency: 50 })
  })
  return (yield* as(platform)(subscribe)).map(({ id }) => id)
})

/** The investments that were ended, each as often as it was. */
const endedAt = (node: Node) =>
  at(node)(
    Effect.flatMap(Log, (log) => log.readAll([{ types: ["InvestmentEnded"] }])).pipe(
      Effect.map((events) => events.flatMap((event) => (event.type === "InvestmentEnded" ? [event.data] : [])))
    )
  )

/** A node in a process of its own. */
const started = (schema: string, maximum: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const script = join(import.meta.dirname, "DeadlineNode.ts")
      const child = spawn(
        process.execPath,
        ["--conditions=@effekten/source", "--disable-warning=ExperimentalWarning"].concat(
          script,
          postgres.url(),
          schema,
          String(maximum)
        ),
        { stdio: ["pipe", "pipe", "inherit"] }
      )
      await once(child.stdout, "data")
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

describe("payments that are missed, over several nodes", () => {
  it.live(
    "promise 4: kill -9 of the node that ends them: another goes on, within the bound of a turn, none twice",
    () =>
      Effect.gen(function* () {
        const schema = "unpaid"
        const [many, maximum] = [240, 160]
        const first = yield* started(schema, maximum)
        yield* soon("the first node has the lease", holders(schema, "payment-deadlines"), (rows) => rows[0]?.[0] === 1)
        const { clock, setBehind } = lateClock(yield* Clock.Clock)
        const second = yield* Effect.provideService(node(schema, { maximumUnpaidPerTurn: maximum }), Clock.Clock, clock)
        const made = yield* at(second)(Effect.all([accepted(many, 2), accepted(1, 14)])).pipe(
          Effect.provideService(Clock.Clock, clock)
        )
        const [unpaid, patient] = made
        assert.deepStrictEqual(yield* endedAt(second), [])

        // Three days pass, for both of them.
        setBehind(0)
        first.stdin.write("now")
        yield* soon("the first payments are missed", endedAt(second), ({ length }) => length >= 40)
        first.kill("SIGKILL")
        yield* soon("another node has the lease", holders(schema, "payment-deadlines"), (rows) => rows[0]?.[0] === 1)
        const before = yield* endedAt(second)
        console.log(`ended before the lease had changed hands: ${before.length} of ${many}`)
        const within = yield* soon("a turn is full", endedAt(second), ({ length }) => length >= maximum)
        // What the first node had under way may be committed while the second one counts.
        assert.isAtMost(within.length, maximum + 16)

        // An hour later the next turn begins. The clock is weeks ahead, which the database's does not confirm: what is due later stays.
        setBehind(-20 * day)
        const all = yield* soon("the next turn ends the rest", endedAt(second), ({ length }) => length >= many)
        assert.sameMembers(
          all.map(({ investmentId }) => investmentId),
          unpaid
        )
        assert.notIncludeMembers(
          all.map(({ investmentId }) => investmentId),
          patient
        )
        assert.deepStrictEqual([...new Set(all.map(({ status }) => status))], ["PAYMENT_MISSING"])
        assert.deepStrictEqual(yield* holders(schema, "payment-deadlines"), [[1]])
      }).pipe(Effect.scoped)
  )
})

describe("the clock of a sandbox", () => {
  it.live("lets payments be missed, and takes no lease from the node that has it", () =>
    Effect.gen(function* () {
      const schema = "sandbox"
      const { ahead, clock, setAhead } = SandboxClock.make(yield* Clock.Clock)
      const one = yield* Effect.provideService(node(schema, { clockAhead: ahead }), Clock.Clock, clock)
      // A node that would take a lease that is given up.
      yield* node(schema, { enforcePaymentDeadlines: false })
      const sessions = query(
        "SELECT pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND application_name LIKE $1 ORDER BY pid",
        [`${schema}%leases`]
      )
      const held = yield* soon("the leases are held", sessions, ({ length }) => length >= 3)
      const [late] = yield* at(one)(accepted(1, 14)).pipe(Effect.provideService(Clock.Clock, clock))
      for (let hours = 1; hours <= 20 * 24; hours++) {
        yield* setAhead(Duration.hours(hours))
        yield* turn
      }
      const ended = yield* soon("the payment is missed", endedAt(one), ({ length }) => length === 1)
      assert.strictEqual(ended[0]?.investmentId, late)
      assert.deepStrictEqual(yield* sessions, held)
    }).pipe(Effect.scoped)
  )
})
