/**
 * What the documentation says is there: links, tests, routes. For a developer that moves or renames something.
 */
import { DistributionApi, ProblemTypes } from "@effekten/http"
import { Operation, Places, servedResources } from "@effekten/services"
import { OpenApi } from "effect/http-api"
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { expect, it } from "vitest"
import { snippets, snippetsOf } from "../scripts/packages/Snippets.ts"
import { sandboxRoutes } from "../packages/cli/src/SandboxControl.ts"
import { magicUnits } from "../packages/cli/src/SandboxLedger.ts"
import { ofAnyCommand } from "../packages/http/src/server/SandboxRefusals.ts"
import { root } from "./Process.ts"

const pages = [
  "README.md",
  "CHANGELOG.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  ...globSync("docs/**/*.md", { cwd: root }),
  ...globSync("packages/*/{README,AGENTS,CHANGELOG}.md", { cwd: root })
]

const textOf = (page: string): string => readFileSync(join(root, page), "utf8")

it("every link leads somewhere", () => {
  const broken = pages.flatMap((page) =>
    [...textOf(page).matchAll(/\]\(([^)]+)\)/g)]
      .map(([, target]) => target!.split("#")[0]!)
      .filter((target) => target !== "" && !/^https?:/.test(target))
      .filter((target) => !existsSync(resolve(root, dirname(page), target)))
      .map((target) => `${page}: ${target}`)
  )
  expect(broken).toEqual([])
})

it("every page is reached from the README", () => {
  const reached = new Set<string>()
  const visit = (page: string): void => {
    if (reached.has(page)) return
    reached.add(page)
    for (const [, target] of textOf(page).matchAll(/\]\(([^)#]+\.md)[^)]*\)/g)) {
      if (!/^https?:/.test(target!)) visit(resolve(root, dirname(page), target!).slice(root.length))
    }
  }
  visit("README.md")
  expect(pages.filter((page) => !page.startsWith("packages/") && !reached.has(page))).toEqual([])
})

it("the TypeScript of a page is taken as modules, each line where it stands", () => {
  const fence = "```"
  const text = ["# A", "<!-- given", "let a = 1", "-->", "", `${fence}ts`, "a", fence, `${fence}sh`, "ls", fence]
  const more = ["", `${fence}ts more`, "b", fence, `${fence}ts`, "c", fence]
  expect(snippetsOf("A.md", [...text, ...more].join("\n")).map(({ code }) => code)).toEqual([
    "\n\nlet a = 1\n\n\n\na\n\n\n\n\n\n\nb",
    `${"\n".repeat(16)}c`
  ])
  expect(new Set(snippets().map(({ page }) => page)).size).toBeGreaterThan(10)
})

it("every test the guarantees quote is there under that name", () => {
  const text = textOf("docs/reference/guarantees.md")
  const quoted = [...text.matchAll(/^\* \[`([^`]+)`\][^:]*: "([^"]+)"/gm)]
  expect(quoted.length).toBeGreaterThan(20)
  const missing = quoted.filter(([, file, name]) => !textOf(file!).includes(name!))
  expect(missing.map(([, file, name]) => `${file}: ${name}`)).toEqual([])
  for (let promise = 1; promise <= 12; promise++) expect(text).toContain(`\n## ${promise}. `)
})

it("every point of erasure names the tests that bear its number", () => {
  const rows = [...textOf("docs/reference/erasure.md").matchAll(/^\| (D-\d\d) \|.*\|([^|]*)\|$/gm)]
  expect(rows.map(([, point]) => point)).toEqual(
    Array.from({ length: 20 }, (_, index) => `D-${String(index + 1).padStart(2, "0")}`)
  )
  const wrong = rows.flatMap(([, point, tests]) =>
    [...tests!.matchAll(/`([^`]+)`/g)]
      .map(([, file]) => file!)
      .filter((file) => !existsSync(join(root, file)) || !textOf(file).includes(point!))
      .map((file) => `${point}: ${file}`)
  )
  expect(wrong).toEqual([])
})

const code = (text: string): string => `\`${text}\``
const table = (...rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n")
const operations = servedResources.flatMap(({ resource }): ReadonlyArray<Operation.Any> =>
  Object.values(resource.operations)
)
const callOf = ({ route }: Operation.Any): string => code(route!.replace(/:(\w+)/g, "{$1}"))

/** The tables of the HTTP reference. */
const callTables = (): string => {
  const keyOf = (operation: Operation.Any): string => (operation._tag === "Command" ? operation.key : "")
  const rows = operations.map((operation) => [
    callOf(operation),
    code(operation.scope!),
    keyOf(operation),
    operation.summary
  ])
  const refused = operations
    .filter(({ refusals }) => refusals.length > 0)
    .map((operation) => [callOf(operation), operation.refusals.map(code).join(" ")])
  return [
    table(
      ["call", "scope", "key", "what it does"],
      ["---", "---", "---", "---"],
      [code("POST /oauth/token"), "", "", "Get an access token"],
      [code("POST /oauth/revoke"), "", "", "End an access token"],
      ...rows
    ),
    "What a call can be refused with, beside what any request can:",
    table(["call", "codes"], ["---", "---"], ...refused)
  ].join("\n\n")
}

/** What a list can be asked for by the values of its objects. */
const filterTables = (): string =>
  table(
    ["list", "by"],
    ["---", "---"],
    ...operations.flatMap((operation) => {
      const names = operation._tag === "List" ? Object.keys(Operation.filterFields(operation)) : []
      return names.length === 0 ? [] : [[callOf(operation), names.map(code).join(" ")]]
    })
  )

/** The tables of members: what each call takes, and what it does not. */
const memberTables = (): string => {
  const sections = operations.flatMap((operation) => {
    if (operation._tag !== "Command" || operation.body === "file") return []
    const { notOffered = {}, spellings = [], unused = [] } = operation.reads ?? {}
    const members = (operation.input === undefined ? [] : Places.placesOf(operation.input)).map((place) => {
      const { holds, names = [] } = spellings.find(({ member }) => member === place.pointer) ?? {}
      const notes = [
        ...(names.length === 0 ? [] : [`also ${names.map(code).join(", ")}`]),
        ...(holds === undefined ? [] : [`${code(String(holds))} holds wherever it stands`])
      ]
      return [code(place.pointer), place.optional ? "optional" : "required", notes.join("; ")]
    })
    const reasons = new Map<string, Array<string>>()
    for (const [name, reason] of Object.entries(notOffered))
      reasons.set(reason, [...(reasons.get(reason) ?? []), code(name)])
    const parts = [
      ...(members.length === 0 ? [] : [table(["member", "is", "besides"], ["---", "---", "---"], ...members)]),
      ...Array.from(reasons, ([reason, names]) => `Not offered: ${names.join(", ")}. ${reason}`),
      ...(unused.length === 0 ? [] : [`Ignored, for it says nothing to a register: ${unused.map(code).join(", ")}.`])
    ]
    return parts.length === 0 ? [] : [[`### ${callOf(operation)}`, ...parts].join("\n\n")]
  })
  return sections.join("\n\n")
}

/** The tables of problems: what each means, and what a client does about it. */
const problemTables = (): string => {
  const statuses = [...new Set(Object.values(ProblemTypes.problemTypes).map(({ status }) => status))].toSorted()
  const byRule = new Map<string, Array<number>>()
  for (const status of statuses) {
    const rule = ProblemTypes.repeatOf(status)
    byRule.set(rule, [...(byRule.get(rule) ?? []), status])
  }
  return [
    table(
      ["status", "repeat the request?"],
      ["---", "---"],
      ...Array.from(byRule, ([rule, statuses]) => [statuses.join(", "), rule])
    ),
    table(
      ["code", "status", "what it means", "what to do"],
      ["---", "---", "---", "---"],
      ...Object.entries(ProblemTypes.problemTypes).map(([name, { advice, meaning, status }]) => [
        code(name),
        String(status),
        meaning,
        advice
      ])
    )
  ].join("\n\n")
}

/** A page with other text between its two marks, or what stands there now: both, where the marks are there once each, in this order. */
const between = (text: string, what: string) => {
  const [begin, end] = [`<!-- ${what} -->`, `<!-- end of ${what} -->`]
  const [before = "", written, ...others] = text.split(begin)
  const [inside, after, ...more] = written?.split(end) ?? []
  if (inside === undefined || after === undefined || others.length > 0 || more.length > 0)
    throw new Error(`The page needs one ${begin} and, behind it, one ${end}.`)
  return {
    written: inside.trim(),
    replaced: (tables: string): string => `${before}${begin}\n\n${tables}\n\n${end}${after}`
  }
}

it("what is written between two marks leaves the rest of the page as it is, whatever stood there", () => {
  const [begin, end] = ["<!-- calls -->", "<!-- end of calls -->"]
  for (const inside of ["", "\n", "\n\n", "\n\n\n\n", " ", "old", "\n\nold\n\n"]) {
    const page = between(`before\n${begin}${inside}${end}\nafter $& $1\n`, "calls")
    expect(page.written).toBe(inside.trim())
    const replaced = page.replaced("new $& $1")
    expect(replaced).toBe(`before\n${begin}\n\nnew $& $1\n\n${end}\nafter $& $1\n`)
    expect(between(replaced, "calls").replaced("new $& $1")).toBe(replaced)
  }
  for (const page of ["", begin, end, `${end}${begin}`, `${begin}${begin}${end}`, `${begin}${end}${end}`])
    expect(() => between(page, "calls")).toThrow("The page needs one")
})

/** What a sandbox serves beside the API, and the values that decide what its ledger says. */
const sandboxTables = (): string =>
  [
    table(
      ["call", "what happens"],
      ["---", "---"],
      ...sandboxRoutes.map(({ happens, method, path }) => [code(`${method} ${path}`), happens])
    ),
    table(
      ["units", "what becomes of a credit, redemption or transfer of so many"],
      ["---", "---"],
      ...magicUnits.map(({ meaning, units }) => [code(String(units)), meaning])
    )
  ].join("\n\n")

/** Which refusals the key of a command brings about in a sandbox. */
const refusalTables = (): string => {
  const commands = operations.filter(({ _tag }) => _tag === "Command")
  const statusOf = (name: string): string => String(ProblemTypes.problemTypes[name]!.status)
  const own = [...new Set(commands.flatMap(({ refusals }): ReadonlyArray<string> => refusals))].toSorted()
  return table(
    ["code", "status", "key of"],
    ["---", "---", "---"],
    ...ofAnyCommand.map((name) => [code(name), statusOf(name), "any command"]),
    ...own.map((name) => {
      const refused = commands.filter(({ refusals }) => (refusals as ReadonlyArray<string>).includes(name))
      return [code(name), statusOf(name), refused.map(callOf).join(", ")]
    })
  )
}

it.each([
  ["problems", "docs/reference/problems.md", problemTables],
  ["calls", "docs/reference/http.md", callTables],
  ["filters", "docs/reference/http.md", filterTables],
  ["members", "docs/reference/members.md", memberTables],
  ["routes and magic values", "docs/guide/sandbox.md", sandboxTables],
  ["refusals", "docs/guide/sandbox.md", refusalTables]
])("the %s of %s are those that are described; `DOCS=write` writes them", (what, page, tables) => {
  const { replaced, written } = between(textOf(page), what)
  if (process.env["DOCS"] === "write") {
    writeFileSync(join(root, page), replaced(tables()))
    return
  }
  expect(written, "run this test with DOCS=write, and look at what was written").toBe(tables())
})

it("what is described is what is served", () => {
  const { paths } = OpenApi.fromApi(DistributionApi)
  const served = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`)
  )
  const described = servedResources.flatMap(({ resource }) =>
    Object.values<Operation.Any>(resource.operations).map(({ route }) => route!.replace(/:(\w+)/g, "{$1}"))
  )
  expect(served.toSorted()).toEqual(["POST /oauth/revoke", "POST /oauth/token", ...described].toSorted())
})
