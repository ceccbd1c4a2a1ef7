/**
 * The README's programs are the ones that are compiled here. For the author of the README.
 */
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { program as client } from "./GuideClient.ts"
import { program } from "./GuideIntents.ts"
import { redeem } from "./ReadmeClient.ts"
import { serve } from "./ReadmeServer.ts"

const textOf = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8")

it("the README quotes code that is compiled", () => {
  const blocks = [...textOf("../README.md").matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code)
  expect(blocks).toEqual([textOf("./ReadmeServer.ts"), textOf("./ReadmeClient.ts")])
  expect([serve, redeem].map((each) => typeof each)).toEqual(["function", "function"])
})

it("the guide to the client begins with code that is compiled", () => {
  const [, first] = /^```ts\n([^]*?)^```$/m.exec(textOf("../../../docs/guide/client.md"))!
  expect(first).toBe(textOf("./GuideClient.ts"))
  expect(typeof client).toBe("function")
})

it("the guide to intents begins with code that is compiled", () => {
  const [, first] = /^```ts\n([^]*?)^```$/m.exec(textOf("../../../docs/guide/intents.md"))!
  expect(first).toBe(textOf("./GuideIntents.ts"))
  expect(typeof program).toBe("function")
})
