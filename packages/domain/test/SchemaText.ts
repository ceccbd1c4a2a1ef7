/**
 * Schemas as plain data that can be kept and compared: what an event could hold, version by version. For the tests.
 */
import { SchemaAST } from "effect"

/** A schema as text: two texts are equal if and only if both schemas accept the same JSON, as far as a schema can tell. */
export type SchemaText =
  | { readonly kind: "object"; readonly members: { readonly [name: string]: Member }; readonly rest?: SchemaText }
  | { readonly kind: "array"; readonly elements: ReadonlyArray<SchemaText>; readonly rest: ReadonlyArray<SchemaText> }
  | { readonly kind: "oneOf"; readonly values: ReadonlyArray<unknown> }
  | { readonly kind: "union"; readonly of: ReadonlyArray<SchemaText> }
  | { readonly kind: "value"; readonly type: string; readonly checks: ReadonlyArray<string> }

export interface Member {
  readonly optional: boolean
  readonly is: SchemaText
}

const checksOf = (ast: SchemaAST.AST): ReadonlyArray<string> =>
  (ast.checks ?? []).flatMap(function textOf(check): ReadonlyArray<string> {
    if (check._tag === "FilterGroup") return check.checks.flatMap(textOf)
    const { representation, expected } = (check.annotations ?? {}) as { representation?: unknown; expected?: unknown }
    if (representation === undefined && expected === undefined)
      throw new Error("a check that says nothing of itself cannot be compared: give it an `expected`")
    return [JSON.stringify(representation ?? expected)]
  })

export const textOfSchema = (ast: SchemaAST.AST): SchemaText => {
  if (SchemaAST.isObjects(ast)) {
    const members = ast.propertySignatures
      .map(({ name, type }): [string, Member] => [
        String(name),
        { optional: SchemaAST.isOptional(type), is: textOfSchema(type) }
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1))
    const [rest] = ast.indexSignatures
    return {
      kind: "object",
      members: Object.fromEntries(members),
      ...(rest === undefined ? {} : { rest: textOfSchema(rest.type) })
    }
  }
  if (SchemaAST.isArrays(ast))
    return { kind: "array", elements: ast.elements.map(textOfSchema), rest: ast.rest.map(textOfSchema) }
  if (SchemaAST.isLiteral(ast)) return { kind: "oneOf", values: [ast.literal] }
  if (SchemaAST.isUnion(ast)) {
    const parts = ast.types.map(textOfSchema)
    const values = parts.flatMap((part) => (part.kind === "oneOf" ? part.values : []))
    return parts.every((part) => part.kind === "oneOf")
      ? { kind: "oneOf", values: values.sort() }
      : { kind: "union", of: parts }
  }
  const name = (ast.annotations as { readonly identifier?: string } | undefined)?.identifier
  return { kind: "value", type: name ?? ast._tag, checks: checksOf(ast) }
}

/** Checks that let more pass than the checks they replaced: what fitted those fits these, and means the same. */
const widened: ReadonlyMap<string, string> = new Map([
  [
    '"a timestamp with offset (RFC 3339) of the years 1900 to 2254, at most microseconds"',
    '"a timestamp with offset (RFC 3339) of the years 1900 to 2254"'
  ]
])

/**
 * The same without its checks. A personal part is checked where it comes in, and revealed as it was written. So its checks may change; its
 * members and types may not.
 */
export const withoutChecks = (text: SchemaText): SchemaText => {
  switch (text.kind) {
    case "object":
      return {
        ...text,
        members: Object.fromEntries(
          Object.entries(text.members).map(([name, member]) => [name, { ...member, is: withoutChecks(member.is) }])
        )
      }
    case "array":
      return { ...text, elements: text.elements.map(withoutChecks), rest: text.rest.map(withoutChecks) }
    case "union":
      return { ...text, of: text.of.map(withoutChecks) }
    case "value":
      return { ...text, checks: [] }
    case "oneOf":
      return text
  }
}

/**
 * How a schema stands to what was kept of it. `wider`: whatever fitted before still fits, and means the same. That is a member more that may
 * be absent, a code more in a closed list, or a check that lets more pass. Everything else is `other`.
 */
export const compareSchemas = (kept: SchemaText, now: SchemaText): "same" | "wider" | "other" => {
  if (JSON.stringify(kept) === JSON.stringify(now)) return "same"
  if (kept.kind === "object" && now.kind === "object" && JSON.stringify(kept.rest) === JSON.stringify(now.rest)) {
    const names = [...new Set([...Object.keys(kept.members), ...Object.keys(now.members)])]
    return names.every((name) => {
      const [before, after] = [kept.members[name], now.members[name]]
      if (after === undefined) return false
      if (before === undefined) return after.optional
      return before.optional === after.optional && compareSchemas(before.is, after.is) !== "other"
    })
      ? "wider"
      : "other"
  }
  if (kept.kind === "array" && now.kind === "array") {
    const [before, after] = [
      [...kept.elements, ...kept.rest],
      [...now.elements, ...now.rest]
    ]
    const alike = kept.elements.length === now.elements.length && before.length === after.length
    return alike && before.every((each, index) => compareSchemas(each, after[index]!) !== "other") ? "wider" : "other"
  }
  if (kept.kind === "oneOf" && now.kind === "oneOf")
    return kept.values.every((value) => now.values.includes(value)) ? "wider" : "other"
  if (kept.kind === "union" && now.kind === "union") {
    const alike = kept.of.length === now.of.length
    return alike && kept.of.every((each, index) => compareSchemas(each, now.of[index]!) !== "other") ? "wider" : "other"
  }
  if (kept.kind === "value" && now.kind === "value" && kept.type === now.type) {
    const checks = kept.checks.map((check) => widened.get(check) ?? check)
    return JSON.stringify(checks) === JSON.stringify(now.checks) ? "wider" : "other"
  }
  return "other"
}
