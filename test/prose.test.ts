/**
 * The prose of the house keeps to its style, docs/contributing/style.md, as far as a machine can tell. For every author.
 */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { root } from "./Modules.ts"
import { commentsOf, namelessActor, sentencesOf, wordsIn } from "./Prose.ts"

const longestSentence = 25

/** How many are left. A number may only fall: lower it with what you mend. */
const budgets = { whoever: 0, actors: 0, pages: 0, sentences: 0 }

/** Pages that a newcomer reads first. */
const first = [
  "README.md",
  "CONTRIBUTING.md",
  "ARCHITECTURE.md",
  "SECURITY.md",
  ...globSync("docs/{guide,contributing}/*.md", { cwd: root })
]
/** The table of what not to write quotes it. */
const style = "docs/contributing/style.md"

const read = (path: string): string => readFileSync(join(root, path), "utf8")
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "ARCHITECTURE.md",
  "SECURITY.md",
  ...globSync(["docs/**/*.md", "packages/*/README.md"], { cwd: root })
].filter((page) => page !== style)
const modules = globSync(["packages/*/{src,test,bin}/**/*.{ts,js}", "{test,bench,examples,scripts}/**/*.{ts,mjs}"], {
  cwd: root
}).filter((path) => !/^test\/[Pp]rose/.test(path))

const prose = [
  ...pages.flatMap((page) => sentencesOf(read(page)).map((sentence) => ({ page, sentence }))),
  ...modules.flatMap((page) =>
    commentsOf(read(page)).flatMap((comment) => sentencesOf(comment).map((sentence) => ({ page, sentence })))
  )
]

const within = (
  what: keyof typeof budgets,
  found: ReadonlyArray<{ readonly page: string; readonly sentence: string }>
): void => {
  console.log(`prose, ${what} to mend: ${found.length} of at most ${budgets[what]}`)
  if (found.length > budgets[what]) expect(found.map(({ page, sentence }) => `${page}: ${sentence}`)).toEqual([])
}

describe("a sentence that breaks the style is found", () => {
  it("in comments and on pages, but not in code", () => {
    expect(
      commentsOf('const a = "// no"\n/** First one. Second. */\n  // And\n  // so on.\nconst b = 1 // no')
    ).toEqual(["First one. Second. ", "And\nso on.\n"])
    expect(
      sentencesOf("# Title\n\nOne. Two `a.B` three:\n\n* item\n\n```ts\n// no\n```\n| a cell | another |")
    ).toEqual(["One.", "Two Code three:", "item", "a cell", "another"])
    expect(wordsIn("issued = held + redeemed, of course")).toBe(5)
  })

  it("whose actor has no name", () => {
    for (const bad of ["Who comes too late is refused.", "It is told to who asked.", "If one can, it does."])
      expect([bad, namelessActor(bad)]).toEqual([bad, true])
    for (const good of [
      "A client who waits is told.",
      "Who owns what?",
      "It records who opened what: who reads, and when.",
      "Only one can win.",
      "One of them may fail."
    ])
      expect([good, namelessActor(good)]).toEqual([good, false])
  })
})

describe("the prose of the house", () => {
  it("finds what it is about to judge", () => {
    expect(prose.length).toBeGreaterThan(3_000)
  })

  it('says "whoever" nowhere', () => {
    within(
      "whoever",
      prose.filter(({ sentence }) => /\bwho(?:m?ever)\b/i.test(sentence))
    )
  })

  it("names its actors", () => {
    within(
      "actors",
      prose.filter(({ sentence }) => namelessActor(sentence))
    )
  })

  it(`says on the pages that are read first at most ${longestSentence} words in a sentence`, () => {
    within(
      "pages",
      prose.filter(({ page, sentence }) => first.includes(page) && wordsIn(sentence) > longestSentence)
    )
  })

  it("and everywhere else", () => {
    within(
      "sentences",
      prose.filter(({ page, sentence }) => !first.includes(page) && wordsIn(sentence) > longestSentence)
    )
  })

  it("files a definition under a category of the closed list", () => {
    const closed = new Set([...read(style).matchAll(/^\| `([a-z ]+)` \|/gm)].map(([, category]) => category!))
    expect(closed.size).toBeGreaterThan(10)
    const found = globSync("packages/*/src/**/*.ts", { cwd: root }).flatMap((path) =>
      [...read(path).matchAll(/@category ([A-Za-z -]*[A-Za-z])/g)]
        .filter(([, category]) => !closed.has(category!))
        .map(([, category]) => `${path}: ${category}`)
    )
    expect(found).toEqual([])
  })
})
