/**
 * Bodies that the OpenAPI document allows, made from its schemas. For the tests.
 */
import * as fc from "fast-check"

type Json = Record<string, any>

const day = fc
  .date({ min: new Date("1900-01-01"), max: new Date("2254-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString())

const formats: { readonly [format: string]: fc.Arbitrary<string> } = {
  date: day.map((text) => text.slice(0, 10)),
  "date-time": fc
    .tuple(day, fc.constantFrom("Z", "+00:00", "-11:30", "+14:00"), fc.constantFrom("", ".5", ".123456", ".123456789"))
    .map(([text, offset, fraction]) => `${text.slice(0, 19)}${fraction}${offset}`)
}

const texts = (schema: Json): fc.Arbitrary<string> => {
  if (schema["enum"] !== undefined) return fc.constantFrom(...(schema["enum"] as ReadonlyArray<string>))
  if (schema["format"] !== undefined) return formats[schema["format"] as string]!
  if (schema["pattern"] !== undefined) return fc.stringMatching(new RegExp(schema["pattern"] as string))
  return fc.string({
    minLength: schema["minLength"] ?? 0,
    maxLength: Math.min(schema["maxLength"] ?? 40, 40),
    unit: "grapheme"
  })
}

/** Values of a schema of the document. Members that no schema names are among them. */
export const valuesOf = (schema: Json, document: Json): fc.Arbitrary<unknown> => {
  const ref: string | undefined = schema["$ref"]
  if (ref !== undefined)
    return valuesOf(
      ref
        .slice(2)
        .split("/")
        .reduce((node, name) => node[name] as Json, document),
      document
    )
  const either: ReadonlyArray<Json> | undefined = schema["anyOf"]
  if (either !== undefined) return fc.oneof(...either.map((each) => valuesOf(each, document)))
  switch (schema["type"]) {
    case "null":
      return fc.constant(null)
    case "string":
      return texts(schema)
    case "integer":
      return fc.integer({ min: schema["minimum"], max: schema["maximum"] })
    case "boolean":
      return fc.boolean()
    case "array":
      return fc.array(valuesOf(schema["items"] as Json, document), { maxLength: 3 })
    case "object": {
      const members = Object.entries<Json>(schema["properties"])
      return fc
        .record(
          {
            ...Object.fromEntries(members.map(([name, each]) => [name, valuesOf(each, document)])),
            x_unknown: fc.string()
          },
          { requiredKeys: schema["required"] ?? [] }
        )
        .filter((value) => Object.keys(value).some((name) => name !== "x_unknown"))
    }
    default:
      throw new Error(`no values are made of ${JSON.stringify(schema)}`)
  }
}

/** Pointers of the members whose rules a schema cannot say in full: check digits, lists of countries, days that exist. */
export const ruledMembers = (schema: Json, document: Json, at = ""): ReadonlyArray<string> => {
  const ref: string | undefined = schema["$ref"]
  if (ref !== undefined)
    return ruledMembers(
      ref
        .slice(2)
        .split("/")
        .reduce((node, name) => node[name] as Json, document),
      document,
      at
    )
  const either: ReadonlyArray<Json> | undefined = schema["anyOf"]
  if (either !== undefined) return either.flatMap((each) => ruledMembers(each, document, at))
  if (schema["type"] === "object")
    return Object.entries<Json>(schema["properties"]).flatMap(([name, each]) =>
      ruledMembers(each, document, `${at}/${name}`)
    )
  return schema["pattern"] === undefined || schema["pattern"].includes("{1,64}") ? [] : [at]
}
