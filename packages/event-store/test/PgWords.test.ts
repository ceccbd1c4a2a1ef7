/** How much of the index in PostgreSQL a query walks along: no more than its rarest word has, whatever the order of its tags. */
import type { PgConnection } from "@effect/sql-pg"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import type { Query } from "@effekten/event-store"
import { type KitEvent, note, opened } from "@effekten/event-store/testing"
import { encodeQuery, ofType, wordOf } from "../src/postgres/PgWords.ts"
import { run } from "./Harness.ts"
import { nodeAt, sessionAt } from "./PgHarness.ts"
import { useServer } from "./PgServer.ts"

const postgres = useServer()

/** Events that all have the frequent tag, of which a few have a rare tag or type too. */
const EVENTS = 60_000
const RARE = 10

/** Puts entries into the index past the store: bodies play no part in how far it is walked. */
const fill = (session: PgConnection.PgConnection, schema: string) =>
  Effect.gen(function* () {
    const entries = (word: bigint, type: string, which: string) =>
      session.query(
        `INSERT INTO ${schema}.words (word, position, type)
         SELECT ${word}, n, ${ofType(type).number} FROM generate_series(1, ${EVENTS}) AS n WHERE ${which} ON CONFLICT DO NOTHING`
      )
    const isRare = `n % ${EVENTS / RARE} = 0`
    yield* entries(wordOf("tag", "frequent"), "Noted", `NOT ${isRare}`)
    yield* entries(wordOf("tag", "frequent"), "Opened", isRare)
    yield* entries(wordOf("tag", "rare"), "Opened", isRare)
    yield* entries(ofType("Opened").word, "Opened", isRare)
    yield* entries(ofType("Noted").word, "Noted", `NOT ${isRare}`)
    yield* session.query(`VACUUM ANALYZE ${schema}.words`)
  })

/** Pages that the statement looked at, as the server counts them. */
const pagesOf = (session: PgConnection.PgConnection, schema: string, query: Query<KitEvent>, backwards: boolean) =>
  Effect.gen(function* () {
    const encoded = encodeQuery(query)
    if (typeof encoded === "string") throw new Error("the query has words")
    const [row] = yield* session.queryValues(
      `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT * FROM ${schema}.find_${backwards ? "desc" : "asc"}($1, 1, ${EVENTS}, 1000)`,
      [encoded.items]
    )
    const said = typeof row?.[0] === "string" ? JSON.parse(row[0]) : row?.[0]
    const plan = (said as ReadonlyArray<{ readonly Plan: { readonly [name: string]: number } }>)[0]!.Plan
    return { rows: plan["Actual Rows"]!, pages: plan["Shared Hit Blocks"]! + plan["Shared Read Blocks"]! }
  })

describe("the index in PostgreSQL", () => {
  it("is walked along the rarest word, whatever the order of the tags, and by a rare type where no tag is rare", () =>
    run(
      Effect.gen(function* () {
        const schema = "walked"
        const store = yield* nodeAt(postgres.server(), { schema })
        const session = yield* sessionAt(postgres.server())
        yield* fill(session, schema)
        const queries: ReadonlyArray<Query<KitEvent>> = [
          [{ tags: ["frequent", "rare"] }],
          [{ tags: ["rare", "frequent"] }],
          [{ tags: ["rare", "frequent"], types: ["Opened", "Noted"] }],
          [{ tags: ["frequent"], types: ["Opened"] }],
          [{ tags: ["rare", "frequent"] }, { tags: ["frequent", "rare"] }]
        ]
        for (const setting of ["enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"])
          yield* session.query(`SET ${setting} = off`)
        for (const query of queries)
          for (const backwards of [false, true]) {
            const { pages, rows } = yield* pagesOf(session, schema, query, backwards)
            expect([query, rows]).toEqual([query, RARE])
            // Along the frequent word it would be more than one for each of its entries.
            expect(pages).toBeLessThan(EVENTS / 10)
          }
        // A condition under the writer lock asks the same way, and says what is right.
        yield* session.query(`TRUNCATE ${schema}.words`)
        yield* store.append([note(["frequent"]), opened("x"), note(["frequent", "rare"])])
        for (const tags of [
          ["frequent", "rare"],
          ["rare", "frequent"],
          ["frequent", "frequent", "rare"]
        ]) {
          expect((yield* store.readAll([{ tags, types: ["Noted"] }])).map(({ position }) => position)).toEqual([3])
          const refused = yield* Effect.flip(store.append([note([])], { failIfEventsMatch: [{ tags }], after: 1 }))
          expect(refused).toMatchObject({ _tag: "AppendConditionFailed", position: 3 })
        }
        expect(yield* store.readAll([{ tags: ["frequent"], types: ["Opened"] }])).toEqual([])
      })
    ))
})
