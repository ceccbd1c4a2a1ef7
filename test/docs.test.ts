/**
 * What the documentation says is there: links, tests, routes. For whoever moves something.
 */
import { DistributionApi } from "@effekten/http"
import { OpenApi } from "effect/http-api"
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { expect, it } from "vitest"
import { root } from "./Process.ts"

const pages = [
  "README.md",
  "CHANGELOG.md",
  ...globSync("docs/**/*.md", { cwd: root }),
  ...globSync("packages/*/README.md", { cwd: root })
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
  expect(pages.filter((page) => page.startsWith("docs/") && !reached.has(page))).toEqual([])
})

it("every test the guarantees quote is there under that name", () => {
  const text = textOf("docs/reference/guarantees.md")
  const quoted = [...text.matchAll(/^\* \[`([^`]+)`\][^:]*: "([^"]+)"/gm)]
  expect(quoted.length).toBeGreaterThan(20)
  const missing = quoted.filter(([, file, name]) => !textOf(file!).includes(name!))
  expect(missing.map(([, file, name]) => `${file}: ${name}`)).toEqual([])
  for (let promise = 1; promise <= 11; promise++) expect(text).toContain(`\n## ${promise}. `)
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

it("the calls of the HTTP reference are the contract's", () => {
  const documented = [...textOf("docs/reference/http.md").matchAll(/^\| `([A-Z]+ \/[^`]+)` \|/gm)].map(
    ([, call]) => call
  )
  const { paths } = OpenApi.fromApi(DistributionApi)
  const served = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`)
  )
  expect(documented.toSorted()).toEqual(served.toSorted())
})
