/**
 * The README's program is the one that is compiled and run here. For the author of the README.
 */
import { SqliteClient } from "@effekten/event-store"
import { Effect } from "effect"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { logOf } from "./Logs.ts"
import { program } from "./ReadmeExample.ts"
import { choices, makeWorld } from "./World.ts"

const textOf = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8")

it("the README quotes code that is compiled", () => {
  const blocks = [...textOf("../README.md").matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code)
  expect(blocks).toEqual([textOf("./ReadmeExample.ts")])
})

it("and that does what it says", async () => {
  const { events } = makeWorld(fc.sample(choices(300), { seed: 1, numRuns: 1 })[0]!)
  const credited = events.find((event) => event.type === "UnitsCredited")!
  const signed = events.find((event) => event.type === "InvestmentSigned")!
  const { investmentId, productId, walletId } = credited.data
  const ids = { investment: investmentId, product: productId, wallet: walletId, platform: signed.meta.platform! }
  const answers = await program(logOf(events), ids, credited.position).pipe(
    Effect.provide(SqliteClient.layer({ filename: ":memory:" })),
    Effect.runPromise
  )
  expect(answers.investment?.id).toBe(investmentId)
  expect(answers.before?.status).toBe("DELIVERED")
  expect(answers.holding?.held).toBe(credited.data.units)
  expect(answers.page.results.length).toBeGreaterThan(0)
  expect(answers.violations).toEqual([])
})
