/**
 * Statements of the register over random histories: each entry and each change has its own. It tells what a fresh fold of the log tells. What is
 * missing, or should not be there, is found. For auditors.
 */
import { describe, expect, it } from "@effect/vitest"
import type { Id } from "@effekten/domain"
import { Projections, type StatementsDue, Views } from "@effekten/projections"
import { Log, StatementAudit } from "@effekten/registrar"
import { RegistryStatements } from "@effekten/services"
import { Effect } from "effect"
import { as } from "../packages/registrar/test/parts.ts"
import { dueIn, type History, isStatement, issued, type Statement } from "./StatementHistory.ts"

/** Each run walks elsewhere; the seed is printed. */
const first = 1 + Math.floor(Math.random() * 1_000_000)
console.log(`histories of the seeds ${first} to ${first + 9}`)

const platformsOf = (log: History): ReadonlyMap<string, Id.PlatformId | undefined> =>
  new Map(
    log.flatMap((event): ReadonlyArray<readonly [string, Id.PlatformId | undefined]> =>
      event.type === "InvestmentSigned"
        ? [[event.data.investmentId, event.meta.platform]]
        : event.type === "UnitsTransferred"
          ? [[event.data.recipientInvestmentId, event.data.recipientPlatform]]
          : []
    )
  )

/** What a fold of the log up to a position says of an entry. */
const foldedAt = (log: History, to: number, investmentId: Id.InvestmentId) => {
  const views = Views.make([Projections.investments, Projections.holdings])
  const frozen = new Set<string>()
  for (const event of log.slice(0, to)) {
    views.apply(event)
    if (event.type === "WalletFrozen") frozen.add(event.data.walletId)
    if (event.type === "WalletUnfrozen") frozen.delete(event.data.walletId)
  }
  const { productId, units, walletId } = views.get(Projections.investments, investmentId)!
  const holding = views.get(Projections.holdings, Projections.holdingKey(productId, walletId!))
  return {
    entry: { units, remaining_units: holding?.lots.find((lot) => lot.investmentId === investmentId)?.remaining ?? 0 },
    restrictions: { wallet_frozen: frozen.has(walletId!), units_frozen_in_wallet: holding?.frozen ?? 0 }
  }
}

/** What the feeds of all platforms tell of statements, in their order. */
const toldIn = (log: History) => {
  const views = Views.make([Projections.feed])
  for (const event of log) views.apply(event)
  return (platform: Id.PlatformId) =>
    views
      .keys(Projections.feed, platform)
      .map((key) => Projections.feedEntry(views.get(Projections.feed, key)!))
      .flatMap(({ investmentId, objectId, status, type }) =>
        type === "investment.statement_issued" ? [`${investmentId} ${objectId} ${status}`] : []
      )
}

describe("statements over random histories", () => {
  it.live(
    "promise 12: each entry and change has its own, and tells what a fresh fold of the log at its position tells",
    () =>
      Effect.gen(function* () {
        const causes = new Set<string>()
        for (let seed = first; seed < first + 10; seed++) {
          const { log, register } = yield* issued(seed)
          const stands = new Map<Statement, StatementsDue.Stand | undefined>()
          const due = dueIn(log, (event, stand) => stands.set(event, stand))
          expect(due.wrong, `seed ${seed}`).toEqual([])
          const platforms = platformsOf(log)
          const told = toldIn(log)
          // Without a platform there is no feed.
          for (const platform of new Set([...platforms.values()].filter((each) => each !== undefined)))
            expect(told(platform), `seed ${seed}`).toEqual(
              log
                .filter(isStatement)
                .filter(({ data }) => platforms.get(data.investmentId) === platform)
                .map(({ data }) => `${data.investmentId} ${data.statementId} ${data.cause}`)
            )
          for (const [event, stand] of stands) {
            const { about, asOf, cause, investmentId, statementId } = event.data
            causes.add(`${cause} ${log[Number(about) - 1]!.type}`)
            expect(stand).toBeDefined()
            const remade = Effect.flatMap(Log, (all) => StatementAudit.remake(all, event, stand))
            expect(yield* Effect.provideContext(remade, register), `seed ${seed}, ${event.position}`).toEqual([])
            const shown = Effect.flatMap(RegistryStatements, (statements) => statements.get(investmentId, statementId))
            const { content } = yield* Effect.provideContext(as(platforms.get(investmentId)!)(shown), register)
            expect(JSON.parse(content ?? ""), `seed ${seed}, ${event.position}`).toMatchObject(
              foldedAt(log, asOf, investmentId)
            )
          }
        }
        console.log([...causes].toSorted().join(", "))
        for (const cause of ["entry UnitsCredited", "entry UnitsTransferred", "change UnitsTransferred"])
          expect(causes).toContain(cause)
      }).pipe(Effect.scoped)
  )
})

describe("a statement that is not as it should be", () => {
  const made = Effect.gen(function* () {
    const { log, register } = yield* issued(7)
    const statements = log.filter(isStatement)
    expect(statements.length).toBeGreaterThan(4)
    return { log, register, statements, victim: statements[1]! }
  })
  const messages = (log: History) => dueIn(log).wrong.map(({ message }) => message.replaceAll(/\d+/g, "…"))
  const altered = (event: Statement, at: number, change: Partial<Statement["data"]>): Statement => ({
    ...event,
    position: at,
    data: { ...event.data, ...change }
  })

  it.live("promise 12: is found: it is missing, there twice, of what was never entered, or without a reason", () =>
    Effect.gen(function* () {
      const { log, statements, victim } = yield* made
      const { investmentId } = victim.data
      const without = dueIn(log.filter((event) => event !== victim))
      expect(without.due()).toMatchObject([{ investmentId, position: Number(victim.data.about), passed: true }])
      // Nothing came later: it only waits.
      const last = statements.at(-1)!
      expect(dueIn(log.filter((event) => event !== last)).due()).toMatchObject([{ passed: false }])
      const next = log.length + 1
      const more = (change: Partial<Statement["data"]>) => messages([...log, altered(victim, next, change)])
      expect(more({})).toEqual([expect.stringContaining("or it was told before")])
      expect(more({ investmentId: "none" as Id.InvestmentId })).toEqual([expect.stringContaining("never entered")])
      expect(more({ cause: "change", about: "1" })).toEqual([expect.stringContaining("is a reason for change")])
      expect(more({ cause: "request", about: "1" })).toEqual([expect.stringContaining("the request is about")])
      expect(more({ cause: "yearly", about: "2026" })).toEqual([expect.stringContaining("not entered before")])
      expect(more({ asOf: next as Statement["data"]["asOf"] })).toEqual([expect.stringContaining("tells up to")])
    }).pipe(Effect.scoped)
  )

  it.live("is found: it tells what the log does not come to, or has a renderer that is not known", () =>
    Effect.gen(function* () {
      const { log, register, victim } = yield* made
      let stand: StatementsDue.Stand | undefined
      dueIn(log, (event, its) => (stand = event === victim ? its : stand))
      const remade = (event: Statement, its: StatementsDue.Stand | undefined) =>
        Effect.provideContext(
          Effect.flatMap(Log, (all) => StatementAudit.remake(all, event, its)),
          register
        )
      expect(yield* remade(victim, stand)).toEqual([])
      expect(yield* remade(victim, { ...stand!, remaining: -1 })).toEqual([
        expect.stringContaining("remaining is told")
      ])
      const newer = altered(victim, victim.position, { renderer: 99 as Statement["data"]["renderer"] })
      expect(yield* remade(newer, stand)).toBe("newer")
      const early = altered(victim, victim.position, { asOf: 1 as Statement["data"]["asOf"] })
      expect(yield* remade(early, undefined)).toEqual([expect.stringContaining("not in the log")])
    }).pipe(Effect.scoped)
  )
})
