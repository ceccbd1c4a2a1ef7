/**
 * A property over every input that the register takes: for a program that keeps an investor in a form of its own.
 */
import { Api } from "@effekten/services"
import { Arbitrary, Effect, Equal, Schema } from "effect"
import assert from "node:assert/strict"
import { test } from "node:test"

/** The program under test: how it stores what a person typed. */
const stored = (investor: Api.CreateInvestor): string => JSON.stringify(Schema.encodeSync(Api.CreateInvestor)(investor))
const read = (text: string): Api.CreateInvestor => Schema.decodeUnknownSync(Api.CreateInvestor)(JSON.parse(text))

test("an investor is read as it was stored", async () => {
  const investors = Arbitrary.schema(Api.CreateInvestor)
  const result = await Effect.runPromise(
    Arbitrary.checkEffect(investors, (investor) => Equal.equals(read(stored(investor)), investor), { runs: 200 })
  )
  // What failed is shrunk, and its message says how to repeat it.
  assert.equal(Arbitrary.formatCheckFailure(result), undefined)
})
