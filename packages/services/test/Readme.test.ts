/**
 * The README's resource is the one that is compiled and described here. For the author of the README.
 */
import { Id } from "@effekten/domain"
import { Effect, Result } from "effect"
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { Checking } from "../src/index.ts"
import { create, Wallets } from "./ReadmeExample.ts"

const textOf = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8")

it("the README quotes code that is compiled", () => {
  const blocks = [...textOf("../README.md").matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code)
  expect(blocks).toEqual([textOf("./ReadmePages.ts"), textOf("./ReadmeExample.ts")])
})

it("and its description is one that can be used", async () => {
  const { createGeneric, get } = Wallets.resource.operations
  expect([createGeneric.key, get._tag]).toEqual(["required", "Read"])
  expect(Result.isSuccess(Checking.checks(createGeneric.input!).decode(createGeneric.example))).toBe(true)

  const asked: Array<unknown> = []
  await Effect.runPromise(
    create(Id.InvestorId.make("i"), { address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" }).pipe(
      Effect.provideService(Wallets, {
        createGeneric: (...given) => {
          asked.push(...given)
          return Effect.die("asked")
        },
        get: () => Effect.die("not asked")
      }),
      Effect.exit
    )
  )
  expect(asked).toEqual(["i", { address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed" }, { key: "order-4711" }])
})
