/** Which Node the files are opened with, and what SQLite has to do for the log: told before anything is written. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import { lowestNode, runtimeFault, testedMajors } from "../src/files/Runtime.ts"
import { tryOut } from "../src/sqlite/SelfTest.ts"

const root = join(import.meta.dirname, "..", "..", "..")

/** A database of which one statement's rows are changed on their way. */
const changing = (sql: RegExp, change: (row: any) => unknown) => () => {
  const database = new DatabaseSync(":memory:")
  const prepare = database.prepare.bind(database)
  database.prepare = (text) => {
    const statement = prepare(text)
    if (!sql.test(text)) return statement
    const { all, get } = statement
    statement.get = (...values: ReadonlyArray<any>) => change(get.apply(statement, values as never)) as never
    statement.all = (...values: ReadonlyArray<any>) => all.apply(statement, values as never).map(change) as never
    return statement
  }
  return database
}

describe("the Node that opens a file", () => {
  it("is the lowest that `engines` names everywhere, or newer", () => {
    const packages = readdirSync(join(root, "packages")).map((name) => join("packages", name))
    for (const folder of ["", ...packages]) {
      const { engines } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"))
      expect([folder, `${engines.node}.0`]).toEqual([folder, `>=${lowestNode}`])
    }
    expect(testedMajors).toContain(Number(lowestNode.split(".")[0]))
    expect(testedMajors).toContain(Number(process.versions.node.split(".")[0]))
  })

  it("is refused where it is older, with the version that is needed", () => {
    for (const version of ["20.20.2", "22.18.9", "21.99.0", "0.1.0"])
      expect(runtimeFault(version)).toContain(`start with ${lowestNode} or newer`)
    for (const version of [lowestNode, "22.19.1", "22.20.0", "24.0.0", "99.0.0"])
      expect(runtimeFault(version)).toBeUndefined()
  })
})

describe("the SQLite under a log", () => {
  it("is tried out before a log is opened, and this one does what it must", () => {
    expect(tryOut(() => new DatabaseSync(":memory:"))).toBeUndefined()
  })

  it("promise 5: is refused where it returns another text than it was given, another hash, or other events than are asked for", () => {
    const isText = /SELECT position, events\.body/
    expect(tryOut(changing(isText, ([position, body, leaf]) => [position, body.slice(0, 60_000), leaf]))).toMatch(
      /text/
    )
    expect(tryOut(changing(isText, ([position, body]) => [position, body, ""]))).toMatch(/hash/)
    expect(tryOut(changing(/MATCH \? AND/, ([position, ...rest]) => [position + 1, ...rest]))).toMatch(/full-text/)
    expect(tryOut(changing(/ORDER BY position DESC LIMIT 1/, ([position, leaf]) => [position - 1, leaf]))).toMatch(
      /highest position/
    )
  })
})
