/**
 * A schema that changes gets a new version. For the author of an event or of a command's input.
 *
 * `golden/schemas.json` keeps what each version of each type could hold, and each version of each input. A version may become wider, and
 * `GOLDEN=write` records that. Any other change is a new version with an upcaster from the version before.
 */
import { Schema } from "effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { Commands, Event, Events } from "../src/index.ts"
import { compareSchemas, type SchemaText, textOfSchema, withoutChecks } from "./SchemaText.ts"

const file = new URL("./golden/schemas.json", import.meta.url)

interface Kept {
  readonly data: SchemaText
  readonly personal?: SchemaText
}
type Book = Record<string, Record<string, Kept>>

const book: Book = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}

const types = Object.keys(Events.catalogue.events) as ReadonlyArray<Events.EventType>
const now: Record<string, { readonly version: number; readonly text: Kept }> = Object.fromEntries(
  types.map((type) => {
    const { version, data, personal } = Events.catalogue.events[type]
    const text: Kept = {
      data: textOfSchema(data.ast),
      ...(personal === undefined ? {} : { personal: textOfSchema(personal.schema.ast) })
    }
    return [type, { version, text }]
  })
)
for (const { operation, version, input } of Object.values(Commands.all))
  now[`input of ${operation}`] = { version, text: { data: textOfSchema(input.ast) } }
now["meta"] = { version: 1, text: { data: textOfSchema(Event.Meta.ast) } }

/** How a type stands to what was kept of its version. */
const standing = (name: string): "new" | "same" | "wider" | "other" => {
  const { version, text } = now[name]!
  const kept = book[name]?.[version]
  if (kept === undefined) return "new"
  if (kept.personal !== undefined && text.personal === undefined) return "other"
  const parts = [compareSchemas(kept.data, text.data)]
  // An event may always lack its personal part, so those from before it had one are what they were.
  if (kept.personal === undefined && text.personal !== undefined) parts.push("wider")
  if (kept.personal !== undefined && text.personal !== undefined) {
    if (JSON.stringify(kept.personal) !== JSON.stringify(text.personal)) parts.push("wider")
    parts.push(compareSchemas(withoutChecks(kept.personal), withoutChecks(text.personal)))
  }
  return parts.includes("other") ? "other" : parts.includes("wider") ? "wider" : "same"
}

if (process.env["GOLDEN"] === "write") {
  for (const name of Object.keys(now)) {
    const { version, text } = now[name]!
    if (standing(name) === "other") continue
    book[name] = { ...book[name], [version]: text }
  }
  // One line per type, so that a change is seen where it is.
  const lines = Object.entries(book).map(([name, versions]) => `  ${JSON.stringify(name)}: ${JSON.stringify(versions)}`)
  writeFileSync(file, `{\n${lines.join(",\n")}\n}\n`)
}

describe("schemas of events and of recorded inputs", () => {
  it("do not change without a new version", () => {
    const changed = Object.keys(now).filter((name) => standing(name) === "other")
    expect(changed, "raise the version and add an upcaster from the one before").toEqual([])
  })

  it("are written down, in every version", () => {
    const unwritten = Object.keys(now).filter((name) => standing(name) !== "same")
    expect(unwritten, "run the tests with GOLDEN=write, and look at what was written").toEqual([])
    for (const name of Object.keys(book)) {
      const versions = Array.from({ length: now[name]?.version ?? 0 }, (_, index) => String(index + 1))
      expect([name, Object.keys(book[name]!)]).toEqual([name, versions])
    }
  })

  const text = (schema: Schema.Top) => textOfSchema(schema.ast)
  const before = Schema.Struct({
    id: Schema.String,
    code: Schema.Literals(["a", "b"]),
    at: Schema.optionalKey(Schema.Int)
  })

  it.each([
    [
      "the same members in another order",
      { at: before.fields.at, code: before.fields.code, id: before.fields.id },
      "same"
    ],
    ["an optional member more", { ...before.fields, more: Schema.optionalKey(Schema.String) }, "wider"],
    ["a code more", { ...before.fields, code: Schema.Literals(["c", "a", "b"]) }, "wider"],
    ["a member more that must be there", { ...before.fields, more: Schema.String }, "other"],
    ["a member less", { id: before.fields.id, code: before.fields.code }, "other"],
    ["a code less", { ...before.fields, code: Schema.Literals(["a"]) }, "other"],
    ["a member that must be there now", { ...before.fields, at: Schema.Int }, "other"],
    ["a member that may be absent now", { ...before.fields, id: Schema.optionalKey(Schema.String) }, "other"],
    ["another type", { ...before.fields, id: Schema.Int }, "other"],
    ["another check", { ...before.fields, id: Schema.String.check(Schema.isMaxLength(3)) }, "other"]
  ])("%s is seen", (_name, fields, expected) => {
    expect(compareSchemas(text(before), text(Schema.Struct(fields as Schema.Struct.Fields)))).toBe(expected)
  })
})
