/**
 * JSON as values and as one canonical text (RFC 8785). For everyone who hashes JSON: event bodies, fingerprints, associated data.
 */

/** A JSON value. @category models */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [member: string]: Json }

/** A JSON object. @category models */
export type JsonObject = { readonly [member: string]: Json }

/**
 * The canonical text of a JSON value as RFC 8785 (JCS) defines it: members sorted by UTF-16 code units, no white space, numbers as
 * ECMAScript prints them. Members whose value is `undefined` are left out, as `JSON.stringify` does.
 *
 * Throws `TypeError` where no canonical text exists: numbers that are not finite, lone surrogates, values that are not JSON.
 *
 * @category encoding
 */
export const canonical = (value: Json | undefined): string => {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw new TypeError("a string with a lone surrogate has no canonical JSON text")
      return JSON.stringify(value)
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no canonical JSON text`)
      return JSON.stringify(value)
    case "boolean":
      return value ? "true" : "false"
    case "object":
      if (value === null) return "null"
      if (Array.isArray(value)) return `[${value.map((item) => canonical(item === undefined ? null : item)).join(",")}]`
      return canonicalObject(value as JsonObject)
    default:
      throw new TypeError(`a ${typeof value} has no canonical JSON text`)
  }
}

const canonicalObject = (value: JsonObject): string => {
  let text = "{"
  for (const member of Object.keys(value).sort()) {
    const content = value[member]
    if (content === undefined) continue
    text += `${text.length > 1 ? "," : ""}${canonical(member)}:${canonical(content)}`
  }
  return `${text}}`
}
