/**
 * Effect builds a layer that is a value once in a program. Made over one database or one client, it would be the same over another. So what
 * stands on something given is a function, or fresh. For developers that add a layer.
 */
import { parseSync, type Node } from "oxc-parser"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { root } from "./Modules.ts"

interface Value {
  readonly name: string
  readonly text: string
}

/** Constants of a module, and static members of its classes, that are made when it is loaded. Functions are not. */
const valuesOf = (path: string, text: string): ReadonlyArray<Value> => {
  const { errors, program } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`)
  const made = (name: Node, value: Node | null | undefined, whole: Node): ReadonlyArray<Value> =>
    value === null || value === undefined || /Function/.test(value.type) || name.type !== "Identifier"
      ? []
      : [{ name: name.name, text: text.slice(whole.start, whole.end) }]
  return (program.body as ReadonlyArray<Node>).flatMap((statement) => {
    const node =
      statement.type === "ExportNamedDeclaration" && statement.declaration !== null ? statement.declaration : statement
    if (node.type === "VariableDeclaration") return node.declarations.flatMap((each) => made(each.id, each.init, each))
    if (node.type !== "ClassDeclaration") return []
    return node.body.body.flatMap((member) =>
      member.type === "PropertyDefinition" && member.static ? made(member.key, member.value, member) : []
    )
  })
}

const makesLayer = /=\s*Layer\.(?!succeed|empty|launch)\w*\(/
/** The type says that nothing is needed: `Layer.Layer<A>`, `Layer.Layer<A, E>`. */
const needsNothing = (text: string): boolean => {
  const type = /: Layer\.Layer<((?:[^<>]|<[^<>]*>)*)>\s*=/.exec(text)?.[1]
  return (
    type !== undefined &&
    type
      .replace(/<[^<>]*>/g, "")
      .split(",")
      .filter((part) => part.trim() !== "").length < 3
  )
}

const isShared = ({ name, text }: Value): boolean =>
  makesLayer.test(text) &&
  // Gone with the process: what is given to it is of the same program.
  name !== "layerMemory" &&
  !needsNothing(text) &&
  !text.includes("Layer.fresh")

// A command serves one register, and ends.
const modules = globSync("packages/*/src/**/*.ts", { cwd: root, exclude: ["packages/cli/**"] }).toSorted()

describe("layers", () => {
  it("that are values and stand on something given are made anew for each user", () => {
    const shared = modules.flatMap((path) =>
      valuesOf(path, readFileSync(join(root, path), "utf8"))
        .filter(isShared)
        .map(({ name }) => `${path}: ${name}`)
    )
    expect(shared).toEqual([])
  })

  it("are found where they are shared", () => {
    const found = (text: string) =>
      valuesOf("planted.ts", text)
        .filter(isShared)
        .map(({ name }) => name)
    const over = "Layer.effect(Rows, Effect.map(SqlClient.SqlClient, make))"
    expect(found(`export const layerSql: Layer.Layer<Rows, SqlError, SqlClient.SqlClient> = ${over}`)).toEqual([
      "layerSql"
    ])
    expect(found(`const rows = ${over}`)).toEqual(["rows"])
    expect(found(`class Rows { static readonly layerSql = ${over} }`)).toEqual(["layerSql"])
    expect(found(`const rows: Layer.Layer<Rows, never, Map<A, B>> = ${over}`)).toEqual(["rows"])
    expect(found(`const rows = ${over}.pipe(Layer.fresh)`)).toEqual([])
    expect(found(`const rows = () => ${over}`)).toEqual([])
    expect(found("const rows: Layer.Layer<Rows, SqlError> = Layer.effect(Rows, make)")).toEqual([])
    expect(modules.length).toBeGreaterThan(200)
  })
})
