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
      return canonicalText(value)
    case "number":
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no canonical JSON text`)
      return JSON.stringify(value)
    case "boolean":
      return value ? "true" : "false"
    case "object":
      if (value === null) return "null"
      if (Array.isArray(value)) return canonicalArray(value)
      return canonicalObject(value as JsonObject)
    default:
      throw new TypeError(`a ${typeof value} has no canonical JSON text`)
  }
}

/** Printable ASCII without quotation mark and backslash: as it is, between quotation marks. Most strings of an event are. */
const PLAIN = /^[ !#-[\]-~]*$/

const canonicalText = (value: string): string => {
  if (PLAIN.test(value)) return `"${value}"`
  if (!value.isWellFormed()) throw new TypeError("a string with a lone surrogate has no canonical JSON text")
  return JSON.stringify(value)
}

const canonicalArray = (value: ReadonlyArray<Json | undefined>): string => {
  let text = "["
  for (let index = 0; index < value.length; index++) {
    const item = value[index]
    text += (index === 0 ? "" : ",") + canonical(item === undefined ? null : item)
  }
  return `${text}]`
}

const canonicalObject = (value: JsonObject): string => {
  let text = "{"
  for (const member of sorted(Object.keys(value))) {
    const content = value[member]
    if (content === undefined) continue
    text += `${text.length > 1 ? "," : ""}${canonicalText(member)}:${canonical(content)}`
  }
  return `${text}}`
}

/** Names by UTF-16 code units, in place. Objects have few members, so by insertion. @category encoding */
export const sorted = (names: Array<string>): ReadonlyArray<string> => {
  if (names.length > 24) return names.sort()
  for (let index = 1; index < names.length; index++) {
    const name = names[index]!
    let at = index
    for (; at > 0 && names[at - 1]! > name; at--) names[at] = names[at - 1]!
    names[at] = name
  }
  return names
}
