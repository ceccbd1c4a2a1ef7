/** What was seen is known again, and nothing else is. For the developer of an audit. */
import { createHash } from "node:crypto"
import { expect, it } from "vitest"
import * as SeenInstructions from "../src/SeenInstructions.ts"

const identity = (n: number) => createHash("sha256").update(String(n)).digest("hex")

it("knows each of a hundred thousand instructions again, and no other", () => {
  const seen = SeenInstructions.make()
  for (let n = 0; n < 100_000; n++) if (seen.add(identity(n))) expect.fail(`${n} was never added`)
  for (let n = 0; n < 100_000; n += 7) if (!seen.add(identity(n))) expect.fail(`${n} is not known`)
  expect(seen.add(identity(100_000))).toBe(false)
  expect([seen.add(""), seen.add("")]).toEqual([false, true])
})
