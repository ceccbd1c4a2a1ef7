/**
 * Statements over a log of then read as they did, byte for byte: neither renderers nor what they are folded from changes what was issued. For
 * an author of a fold or of a renderer. `GOLDEN=write` stores a log, where there is none, and what is missing of its statements.
 */
import { expect, it } from "@effect/vitest"
import { Matching } from "@effekten/event-store"
import { type Projection, Projections } from "@effekten/projections"
import { Effect, Stream } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { gather, unopened } from "../packages/registrar/src/api/StatementFacts.ts"
import { renderers } from "../packages/registrar/src/base/StatementText.ts"
import { isStatement, issued } from "./StatementHistory.ts"

const golden = (name: string) => new URL(`../packages/registrar/test/golden/statements/${name}`, import.meta.url)
const isWriting = process.env["GOLDEN"] === "write"

const { holdings, investments, investors, products, wallets } = Projections
const read = new Set<string>([
  ...[holdings, investments, investors, products, wallets].flatMap(({ types }) => types),
  "IssuerRegistered",
  "TermsDeposited",
  "WalletFrozen",
  "WalletUnfrozen",
  "RegistryStatementIssued"
])

/** The events of then that a statement reads, at their positions. */
const eventsOfThen = Effect.gen(function* () {
  const file = golden("log.json")
  if (isWriting && !existsSync(file)) {
    const { log } = yield* issued(39)
    const told = log.filter(({ type }) => read.has(type)).map((event) => JSON.stringify(event))
    writeFileSync(file, `[\n${told.join(",\n")}\n]\n`)
  }
  return JSON.parse(readFileSync(file, "utf8")) as ReadonlyArray<Projection.LoggedEvent>
})

/** A log with holes. */
const logOf = (events: ReadonlyArray<Projection.LoggedEvent>): Projection.Log => {
  const head = events.at(-1)!.position
  const readAll: Projection.Log["readAll"] = (query, { backwards, from = 1, limit, to = head } = {}) =>
    Effect.sync(() => {
      const found = events.filter(
        (event) => event.position >= from && event.position <= to && Matching.matches(query, event)
      )
      return (backwards === true ? found.toReversed() : found).slice(0, limit) as never
    })
  return {
    head: Effect.succeed(head),
    logId: "then",
    readAll,
    read: (query, options) => Stream.unwrap(Effect.map(readAll(query, options), Stream.fromArray)),
    bookmark: () => Effect.succeed({ position: head, leaf: "then" }),
    readLeaves: () => Stream.empty
  }
}

it.live("promise 12: what was issued then reads the same today, to the byte, by every renderer", () =>
  Effect.gen(function* () {
    const events = yield* eventsOfThen
    const log = logOf(events)
    const statements = events.filter(isStatement)
    const about = (position: string) => events.find((event) => event.position === Number(position))?.type
    const causes = new Set(statements.map(({ data }) => `${data.cause} ${about(data.about)}`))
    expect(causes).toContain("entry UnitsTransferred")
    for (const type of ["RegisterChangeReversed", "UnitsRedeemed", "UnitsTransferred", "WalletFrozen"])
      expect(causes).toContain(`change ${type}`)
    for (const [version, render] of Object.entries(renderers)) {
      const written = yield* Effect.forEach(statements, (event) => {
        const { investmentId, statementId } = event.data
        const key = Projections.statementKey(investmentId, statementId)
        const state = Projections.statements.evolve(undefined, event, key)!
        const told = { ...state, renderer: Number(version) }
        return Effect.map(gather(log, unopened, told), (facts) => render(facts).content)
      })
      const text = `[\n${written.join(",\n")}\n]\n`
      const file = golden(`log.v${version}.json`)
      if (isWriting && !existsSync(file)) writeFileSync(file, text)
      expect(text).toBe(readFileSync(file, "utf8"))
    }
  }).pipe(Effect.scoped)
)
