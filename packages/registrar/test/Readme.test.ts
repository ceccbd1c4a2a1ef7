/**
 * The examples of the README are the ones that compile and run here. For a developer that changes either.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { program } from "./ReadmeExample.ts"

const textOf = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8")

describe("the README", () => {
  it("quotes code that is compiled", () => {
    const blocks = [...textOf("../README.md").matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code)
    assert.deepStrictEqual(blocks, [textOf("./ReadmeExample.ts"), textOf("./ReadmeLedger.ts")])
  })

  it.live("and that does what it says", () =>
    Effect.gen(function* () {
      const folder = mkdtempSync(join(tmpdir(), "effekten-readme-"))
      const document = yield* program(folder).pipe(
        Effect.ensuring(Effect.sync(() => rmSync(folder, { recursive: true, force: true })))
      )
      assert.strictEqual(document.fileName, "order.pdf")
    })
  )
})
