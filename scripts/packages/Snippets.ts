/**
 * The TypeScript of the pages, as modules that a compiler checks. For the checks of packages: a reader copies it as it stands.
 *
 * A block that begins with three backticks and `ts` is a module. `ts more` continues the module before it on the page. What a page leaves to
 * its reader stands in a comment before the block, which begins with `<!-- given` and is code. A module with tests is run, too.
 */
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { root } from "./Tarballs.ts"

/** Pages whose code is for a user. */
const pages = ["README.md", "docs/**/*.md", "packages/*/{README,AGENTS}.md"]

interface Snippet {
  readonly page: string
  /** On the lines of the page; the rest is empty, so that an error names the line of the page. */
  readonly code: string
}

/** The modules of a page. */
export const snippetsOf = (page: string, text: string): ReadonlyArray<Snippet> => {
  const modules: Array<Map<number, string>> = []
  const given = new Map<number, string>()
  let inside: Map<number, string> | undefined
  text.split("\n").forEach((line, number) => {
    const opened = /^ *```ts( more)?$/.exec(line)
    if (inside === undefined && opened !== null) {
      if (opened[1] === undefined || modules.length === 0) modules.push(new Map())
      inside = modules.at(-1)!
      for (const [at, hidden] of given) inside.set(at, hidden)
      given.clear()
    } else if (inside === undefined && line === "<!-- given") inside = given
    else if (inside !== undefined && /^ *```$|^-->$/.test(line)) inside = undefined
    else inside?.set(number, line)
  })
  return modules.map((lines) => ({
    page,
    code: Array.from({ length: Math.max(...lines.keys()) + 1 }, (_, number) => lines.get(number) ?? "").join("\n")
  }))
}

export const snippets = (): ReadonlyArray<Snippet> =>
  globSync(pages, { cwd: root })
    .toSorted()
    .flatMap((page) => snippetsOf(page, readFileSync(join(root, page), "utf8")))

/** Writes them into a folder: examples that are files lie in it, and programs beside it. Returns the files, relative to the project. */
export const writeSnippets = (project: string): ReadonlyArray<string> => {
  const folder = join(project, "snippets")
  mkdirSync(folder, { recursive: true })
  for (const path of globSync("examples/*.ts", { cwd: root })) cpSync(join(root, path), join(folder, basename(path)))
  for (const path of globSync("examples/*/*.ts", { cwd: root }))
    cpSync(join(root, path), join(project, path.slice("examples/".length)))
  const counts = new Map<string, number>()
  return snippets().map(({ code, page }) => {
    const count = (counts.get(page) ?? 0) + 1
    counts.set(page, count)
    const file = `${page.replaceAll(/\W+/g, "-")}-${count}${isTest(code) ? ".test" : ""}.ts`
    writeFileSync(join(folder, file), `${code}\nexport {}\n`)
    return `snippets/${file}`
  })
}

/** Whether a runner finds tests in it. */
const isTest = (code: string): boolean => /^it\b.*\(/m.test(code)
