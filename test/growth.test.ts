/**
 * What it takes to grow: the source files that a resource touches, counted by redemptions and by transfers, which came after them. For an author
 * of a new resource, and for an author of a change that makes the next one dearer.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { root } from "./Modules.ts"

interface Resource {
  /** Files that it touches at most. The number may only fall. */
  readonly most: number
  /** Files that speak of it and would not change for another resource, each with what they say. */
  readonly mentions: { readonly [path: string]: string }
}

const resources: { readonly [name: string]: Resource } = {
  redemption: {
    most: 20,
    mentions: {
      "packages/cli/src/SandboxReversal.ts": "a sandbox undoes and resolves it",
      "packages/cli/src/SandboxTaking.ts": "the registrar of a sandbox instructs it",
      "packages/cli/src/SandboxControl.ts": "the help of a sandbox",
      "packages/cli/src/SandboxTriggers.ts": "the help of a sandbox",
      "packages/cli/src/SandboxCommands.ts": "the help of a command",
      "packages/cli/src/GuideSteps.ts": "the guide redeems",
      "packages/cli/src/ServeCommands.ts": "the help of a command",
      "packages/domain/src/Reversal.ts": "a reversal undoes it",
      "packages/domain/src/events/ReversalEvents.ts": "a reversal undoes it",
      "packages/projections/src/Reversing.ts": "a reversal undoes it",
      "packages/services/src/Reversals.ts": "a reversal undoes it",
      "packages/services/src/RegistrarTasks.ts": "the registrar instructs it",
      "packages/registrar/src/api/RegistrarTasksApi.ts": "the registrar instructs it",
      "packages/cli/src/RegistrarTasks.ts": "the registrar instructs it",
      "packages/cli/src/ReverseCommands.ts": "the help of a command",
      "packages/domain/src/Refusal.ts": "a refusal of its own",
      "packages/http/src/server/DocsPage.ts": "the order of the guide",
      "packages/http/src/contract/OpenApiWords.ts": "the sentences of two scopes and a tag"
    }
  },
  transfer: {
    most: 27,
    mentions: {
      "packages/cli/src/SandboxReversal.ts": "a sandbox undoes and resolves it",
      "packages/cli/src/SandboxTaking.ts": "the registrar of a sandbox instructs it",
      "packages/cli/src/SandboxControl.ts": "the help of a sandbox",
      "packages/cli/src/SandboxTriggers.ts": "the help of a sandbox",
      "packages/cli/src/SandboxCommands.ts": "the help of a command",
      "packages/cli/src/OfferingCommands.ts": "the help of a command",
      "packages/domain/src/Refusal.ts": "refusals of its own",
      "packages/domain/src/Reversal.ts": "a reversal undoes it",
      "packages/domain/src/events/ReversalEvents.ts": "a reversal undoes it",
      "packages/services/src/Reversals.ts": "a reversal undoes it",
      "packages/services/src/RegistrarTasks.ts": "the registrar instructs it",
      "packages/registrar/src/api/RegistrarTasksApi.ts": "the registrar instructs it",
      "packages/cli/src/RegistrarTasks.ts": "the registrar instructs it",
      "packages/cli/src/RegistrarTaskCommands.ts": "the registrar instructs it",
      "packages/cli/src/Main.ts": "the list of commands",
      "packages/registrar/src/base/StatementText.ts": "what a redemption is for the register",
      "packages/cli/src/ReverseCommands.ts": "the help of a command",
      "packages/http/src/contract/OpenApiWords.ts": "the sentences of two scopes and a tag",
      "packages/http/src/contract/ProblemTypes.ts": "the coding of a body",
      "packages/http/src/server/Acceptable.ts": "the coding of a body",
      "packages/http/src/server/RequestBody.ts": "the coding of a body",
      "packages/registrar/src/backup/BackupFiles.ts": "an array that is handed over"
    }
  }
}

const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")

/** The simulation plays what exists: no resource needs it. */
const sources = globSync("packages/!(simulation)/src/**/*.ts", { cwd: root })
  .map((path) => ({ path, text: withoutComments(readFileSync(join(root, path), "utf8")) }))
  .toSorted((a, b) => (a.path < b.path ? -1 : 1))

const naming = (name: string) => sources.flatMap(({ path, text }) => (new RegExp(name, "i").test(text) ? path : []))

it.each(Object.entries(resources))(
  "a %s, a task of the ledger that moves units, touches few source files",
  (name, { mentions, most }) => {
    const touched = naming(name).filter((path) => !(path in mentions))
    console.log(`source files of a ${name}: ${touched.length} of at most ${most}`)
    if (touched.length > most) expect(touched).toEqual([])
  }
)

it.each(Object.entries(resources))("what only mentions a %s still does", (name, { mentions }) => {
  expect(naming(name)).toEqual(expect.arrayContaining(Object.keys(mentions)))
})
