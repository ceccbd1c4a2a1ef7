/**
 * Yearly statements of the register, where several nodes share it in PostgreSQL. Each holder has one for each year, whichever node dies. For
 * operators of several nodes.
 */
import { assert, describe, it } from "@effect/vitest"
import { StatementsDue } from "@effekten/projections"
import { Log } from "@effekten/registrar"
import { Credits, Investments } from "@effekten/services"
import { Clock, Effect } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { offering, onboarded, signedAt } from "../packages/registrar/test/fixture.ts"
import { as } from "../packages/registrar/test/parts.ts"
import { lateClock } from "./LateClock.ts"
import { at, type Node, soon, useNodes } from "./Nodes.ts"

const { holders, node, postgres } = useNodes()

const hour = 3_600_000
const day = 24 * hour

/** Noon of the last day of a year that is over by every clock. */
const year = new Date().getUTCFullYear() - 2
const lastDay = Date.UTC(year, 11, 31, 12)

/** So many entries of a crypto security. */
const entered = Effect.fnUntraced(function* (many: number) {
  const { campaign, platform } = yield* offering({ ewpg: true })
  const subscribe = Effect.gen(function* () {
    const { investor, wallet } = yield* onboarded
    const investments = yield* Investments
    const credits = yield* Credits
    const input = { campaignId: campaign, investorId: investor, units: 1, signedAt, acceptedAt: signedAt }
    const one = Effect.gen(function* () {
      const { id } = yield* investments.create({ ...input, paidAt: signedAt, wallet })
      yield* credits.create(id)
      return id
    })
    return yield* Effect.replicateEffect(one, many, { concurrency: 50 })
  })
  return yield* as(platform)(subscribe)
})

const wholeLog = (node: Node) => at(node)(Effect.flatMap(Log, (log) => log.readAll("all")))

/** What was issued for a reason: the investments, each as often as it was. */
const issuedAt = (node: Node, ...causes: ReadonlyArray<string>) =>
  at(node)(
    Effect.flatMap(Log, (log) => log.readAll([{ types: ["RegistryStatementIssued"] }])).pipe(
      Effect.map((events) =>
        events.flatMap((event) =>
          event.type === "RegistryStatementIssued" && causes.includes(event.data.cause) ? [event.data.investmentId] : []
        )
      )
    )
  )

/** A node in a process of its own. */
const started = (schema: string, maximum: number, behind: number) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = spawn(
        process.execPath,
        ["--conditions=@effekten/source", "--disable-warning=ExperimentalWarning"].concat(
          join(import.meta.dirname, "YearlyNode.ts"),
          postgres.url(),
          schema,
          String(maximum),
          String(behind)
        ),
        { stdio: ["pipe", "pipe", "inherit"] }
      )
      await once(child.stdout, "data")
      return child
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

describe("yearly statements, over several nodes", () => {
  it.live(
    "promise 12: kill -9 of the node that issues them: another goes on, within the bound of a turn, and each comes once",
    () =>
      Effect.gen(function* () {
        const schema = "yearly"
        const [many, maximum] = [240, 100]
        const behind = Date.now() - lastDay
        const first = yield* started(schema, maximum, behind)
        yield* soon("the first node has the lease", holders(schema, "yearly-statements"), (rows) => rows[0]?.[0] === 1)
        const { clock, setBehind } = lateClock(yield* Clock.Clock)
        setBehind(behind)
        const late = Effect.provideService(Clock.Clock, clock)
        const second = yield* late(node(schema, { maximumYearlyPerTurn: maximum }))
        const investments = yield* late(at(second)(entered(many)))
        yield* soon("each entry is told of", issuedAt(second, "entry"), ({ length }) => length === many)
        assert.deepStrictEqual(yield* issuedAt(second, "yearly"), [])

        // The year ends, for both of them.
        setBehind(behind - day)
        first.stdin.write("now")
        const yearly = issuedAt(second, "yearly")
        yield* soon("the first are issued", yearly, ({ length }) => length >= 20)
        first.kill("SIGKILL")
        yield* soon("another node has the lease", holders(schema, "yearly-statements"), (rows) => rows[0]?.[0] === 1)
        console.log(`issued before the lease had changed hands: ${(yield* yearly).length} of ${many}`)
        yield* soon("a turn is full", yearly, ({ length }) => length >= maximum)
        // The first node has had at most a turn, and so has the second.
        assert.isAtMost((yield* yearly).length, 2 * maximum)

        // An hour later the next turn begins. A node that was not asleep yet is woken by the next hour; no clock is believed for many days.
        const isAll = (ids: ReadonlyArray<string>) => new Set(ids).size === many
        for (let turn = 1; turn <= 30 && !isAll(yield* yearly); turn++) {
          setBehind(behind - day - turn * 2 * hour)
          yield* Effect.timeoutOption(soon("all turns are over", yearly, isAll), "2 seconds")
        }
        yield* soon("all turns are over", yearly, isAll)
        assert.sameMembers(yield* yearly, investments)
        const due = StatementsDue.make()
        for (const event of yield* wholeLog(second)) due.apply(event)
        assert.deepStrictEqual([due.wrong, due.due()], [[], []])
        assert.deepStrictEqual(yield* holders(schema, "yearly-statements"), [[1]])
      }).pipe(Effect.scoped)
  )
})
