/**
 * What it takes to grow: the source files that a resource touches, counted by redemptions. For an author of a new resource, and for an author
 * of a change that makes the next one dearer.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { root } from "./Modules.ts"

/** Files of a resource at most. The number may only fall. */
const most = 20

/** Files that speak of redemptions and would not change for another resource, each with what they say. */
const mentions: { readonly [path: string]: string } = {
  "packages/cli/src/GuideSteps.ts": "the guide redeems",
  "packages/cli/src/ServeCommands.ts": "the help of a command",
  "packages/domain/src/Fifo.ts": "the file of a type",
  "packages/domain/src/Refusal.ts": "a refusal of its own",
  "packages/http/src/server/DocsPage.ts": "the order of the guide",
  "packages/http/src/contract/OpenApiWords.ts": "the sentences of two scopes and a tag"
}

const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")

/** The simulation plays what exists: no resource needs it. */
const naming = globSync("packages/!(simulation)/src/**/*.ts", { cwd: root })
  .filter((path) => /redemption/i.test(withoutComments(readFileSync(join(root, path), "utf8"))))
  .toSorted()

it(`a resource that is a task of the ledger and moves units touches at most ${most} source files`, () => {
  const touched = naming.filter((path) => !(path in mentions))
  console.log(`source files of a resource: ${touched.length} of at most ${most}`)
  if (touched.length > most) expect(touched).toEqual([])
})

it("what only mentions it still does", () => {
  expect(naming).toEqual(expect.arrayContaining(Object.keys(mentions)))
})
