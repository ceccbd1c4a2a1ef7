/**
 * What would delay a reader of the sources: definitions and files that are too long, exports that no module imports. For every developer.
 * The budgets below may only fall; at zero the list is gone.
 */
import { parseSync, type Node } from "oxc-parser"
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"
import { fast } from "../vitest.fast.ts"
import { root } from "./Modules.ts"

/** Lines of a definition, of a file, and of a file of tests. A constant that is a table of data is no definition. */
const longestDefinition = 70
const longestFile = 400
const longestTest = 470

/** How many are left. A number may only fall: lower it with what you mend. */
const budgets = { definitions: 0, files: 0, tests: 0, exports: 0 }

const within = (what: keyof typeof budgets, found: ReadonlyArray<string>): void => {
  console.log(`${what} to mend: ${found.length} of at most ${budgets[what]}`)
  if (found.length > budgets[what]) expect(found).toEqual([])
}

interface Definition {
  readonly name: string
  readonly lines: number
}

interface Module {
  readonly path: string
  readonly text: string
  readonly lines: number
  readonly definitions: ReadonlyArray<Definition>
  readonly exports: ReadonlyArray<string>
}

/** Names a declaration or a list in braces exports. What is exported again from elsewhere is another module's. */
const exportsOf = (node: Node): ReadonlyArray<string> => {
  if (node.type !== "ExportNamedDeclaration" || node.source !== null) return []
  const declaration = node.declaration
  if (declaration === null) return node.specifiers.map(({ exported }) => nameOf(exported))
  if (declaration.type === "VariableDeclaration") return declaration.declarations.map(({ id }) => nameOf(id))
  return "id" in declaration && declaration.id !== null ? [nameOf(declaration.id)] : []
}

const nameOf = (node: Node): string =>
  node.type === "Identifier" ? node.name : node.type === "Literal" ? String(node.value) : "default"

/** Functions and classes, and constants that are made by a function's body: not a table of data, however long. */
const definitionsOf = (text: string, body: ReadonlyArray<Node>): ReadonlyArray<Definition> => {
  const lineOf = linesOf(text)
  const measured = (name: string, { end, start }: Node): Definition => ({
    name,
    lines: lineOf(end) - lineOf(start) + 1
  })
  return body.flatMap((statement) => {
    const node =
      statement.type === "ExportNamedDeclaration" && statement.declaration !== null ? statement.declaration : statement
    if (node.type === "FunctionDeclaration") return [measured(node.id === null ? "default" : node.id.name, node)]
    if (node.type !== "VariableDeclaration") return []
    return node.declarations
      .filter(
        ({ init }) =>
          init !== null && (isFunction(init) || (init.type === "CallExpression" && init.arguments.some(isFunction)))
      )
      .map((each) => measured(nameOf(each.id), each))
  })
}

const isFunction = ({ type }: Node): boolean => type === "ArrowFunctionExpression" || type === "FunctionExpression"

const linesOf = (text: string) => {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  return (offset: number): number => starts.findLastIndex((start) => start <= offset)
}

const moduleOf = (path: string): Module => {
  const text = readFileSync(join(root, path), "utf8")
  const { errors, program } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`)
  const body = program.body as ReadonlyArray<Node>
  return {
    path,
    text,
    lines: text.split("\n").length - 1,
    definitions: definitionsOf(text, body),
    exports: body.flatMap(exportsOf)
  }
}

const sources = globSync("packages/*/src/**/*.ts", { cwd: root }).toSorted().map(moduleOf)
const readers = globSync(
  ["packages/*/{bin,test}/**/*.{ts,js}", "{test,bench,examples,docs}/**/*.{ts,md}", "*.md", "packages/*/README.md"],
  {
    cwd: root
  }
).map((path) => readFileSync(join(root, path), "utf8"))

/** Modules that an entry of a package exports as a whole: what is in them is for its users. */
const isPublic: ReadonlySet<string> = new Set(
  sources.flatMap(({ path, text }) =>
    [...text.matchAll(/export \* (?:as \w+ )?from "(\.[^"]+)"/g)].map(([, target]) => join(dirname(path), target!))
  )
)

const words = (text: string): ReadonlySet<string> => new Set(text.match(/[A-Za-z_$][\w$]*/g))

describe("the sources are tidy", () => {
  it("finds what it is about to judge", () => {
    expect(sources.length).toBeGreaterThan(200)
    const planted = moduleOf("packages/domain/src/Fifo.ts")
    expect(planted.exports.length).toBeGreaterThan(0)
    expect(planted.definitions.length).toBeGreaterThan(0)
  })

  it("a definition is short enough to be read at once", () => {
    const found = sources.flatMap(({ definitions, path }) =>
      definitions
        .filter(({ lines }) => lines > longestDefinition)
        .map(({ lines, name }) => `${path}: ${name}, ${lines} lines`)
    )
    within("definitions", found)
  })

  it("a file is one room", () => {
    const found = sources.filter(({ lines }) => lines > longestFile).map(({ lines, path }) => `${path}: ${lines} lines`)
    within("files", found)
  })

  it("a file of tests has one subject", () => {
    const tests = globSync(["packages/*/test/**/*.test.ts", "test/*.test.ts"], { cwd: root }).toSorted()
    expect(tests.length).toBeGreaterThan(200)
    const found = tests
      .map((path) => ({ path, lines: readFileSync(join(root, path), "utf8").split("\n").length - 1 }))
      .filter(({ lines }) => lines > longestTest)
      .map(({ lines, path }) => `${path}: ${lines} lines`)
    within("tests", found)
  })

  it("what a module exports, an entry, another module, a test or a page uses", () => {
    const used = new Map<string, number>()
    for (const { text } of sources) for (const word of words(text)) used.set(word, (used.get(word) ?? 0) + 1)
    const elsewhere = new Set(readers.flatMap((text) => [...words(text)]))
    const found = sources
      .filter(({ path }) => !isPublic.has(path))
      .flatMap(({ exports, path }) =>
        exports.filter((name) => used.get(name) === 1 && !elsewhere.has(name)).map((name) => `${path}: ${name}`)
      )
    within("exports", found)
  })
})

it("an error bears its name as its tag", () => {
  const declared = sources.flatMap(({ path, text }) =>
    [...text.matchAll(/class (\w+) extends (?:Schema|Data)\.TaggedError(?:<\w+>)?(?:\(\))?\(\s*"(\w+)"/g)].map(
      ([, name, tag]) => ({ path, name, tag })
    )
  )
  expect(declared.length).toBeGreaterThan(40)
  expect(declared.filter(({ name, tag }) => name !== tag)).toEqual([])
})

it("every test of the inner loop is there", () => {
  const missing = Object.entries(fast).flatMap(([name, files]) =>
    files
      .split("|")
      .map((file) => `${name === "house" ? "" : `packages/${name}/`}test/${file}.test.ts`)
      .filter((path) => !existsSync(join(root, path)))
  )
  expect(missing).toEqual([])
})
