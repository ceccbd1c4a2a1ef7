/**
 * JSON as values and as one canonical text (RFC 8785). For all that is hashed as JSON: event bodies, fingerprints, associated data. A text
 * may never change: hashes of it are stored.
 */

/** A JSON value. @category models */
export type Json = null | boolean | number | string | ReadonlyArray<Json> | { readonly [member: string]: Json }

/** A JSON object. @category models */
export type JsonObject = { readonly [member: string]: Json }

/**
 * The canonical text of a JSON value as RFC 8785 (JCS) defines it. Members are sorted by UTF-16 code units, there is no white space, and
 * numbers are as ECMAScript prints them. Members whose value is `undefined` are left out, as `JSON.stringify` does.
 *
 * Throws `TypeError` where no canonical text exists: for numbers that are not finite, lone surrogates, and values that are not JSON. What
 * JSON would not return as it is has none either, such as a list with holes, a date or a map.
 *
 * @category conversions
 */
export const canonical = (value: Json | undefined): string => {
  const copy = ordered(value)
  if (copy === undefined) throw new TypeError("a value that is undefined has no canonical JSON text")
  return copy === unorderable ? written(value) : JSON.stringify(copy)
}

/**
 * Stands for a value with an object that the engine lists in an order of its own. Names of digits come first, and an assigned `__proto__`
 * is no member.
 */
const unorderable = Symbol("unorderable")

/** Whether the engine lists a member of this name elsewhere than where it was assigned. @category predicates */
export const hasOwnPlace = (name: string): boolean => {
  const first = name.charCodeAt(0)
  return (first >= 48 && first <= 57) || name === "__proto__"
}

/** A copy that lists all members in their canonical order: the engine writes it faster than it could be put together here. */
const ordered = (value: Json | undefined): Json | undefined | typeof unorderable => {
  switch (typeof value) {
    case "string":
      return requireText(value)
    case "number":
      return requireFinite(value)
    case "boolean":
    case "undefined":
      return value
    case "object": {
      if (value === null) return value
      if (Array.isArray(value)) {
        const items: Array<Json> = []
        for (const item of value) {
          const copy = ordered(requireItem(item))
          if (copy === unorderable) return copy
          items.push(copy!)
        }
        return items
      }
      requirePlain(value)
      const members: { [member: string]: Json } = {}
      for (const name of sorted(Object.keys(value))) {
        if (hasOwnPlace(name)) return unorderable
        const copy = ordered((value as JsonObject)[name])
        if (copy === unorderable) return copy
        if (copy !== undefined) members[requireText(name)] = copy
      }
      return members
    }
    default:
      throw notJson(value)
  }
}

/** The same text, put together member by member. */
const written = (value: Json | undefined): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(requireText(value))
    case "number":
      return JSON.stringify(requireFinite(value))
    case "boolean":
      return value ? "true" : "false"
    case "object":
      if (value === null) return "null"
      if (Array.isArray(value)) return `[${Array.from(value, (item) => written(requireItem(item))).join(",")}]`
      requirePlain(value)
      return `{${sorted(Object.keys(value))
        .filter((name) => (value as JsonObject)[name] !== undefined)
        .map((name) => `${JSON.stringify(requireText(name))}:${written((value as JsonObject)[name])}`)
        .join(",")}}`
    default:
      throw notJson(value)
  }
}

const requireText = (text: string): string => {
  if (!text.isWellFormed()) throw new TypeError("a string with a lone surrogate has no canonical JSON text")
  return text
}

/** JSON writes `null` for a hole, which does not come back as one. */
const requireItem = (item: Json | undefined): Json => {
  if (item === undefined) throw new TypeError("a list with holes has no canonical JSON text")
  return item
}

/**
 * Whether an object is nothing but its members. JSON writes other objects as what they happen to show, or as nothing, and leaves out members
 * that are named by symbols.
 *
 * @category predicates
 */
export const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (Object.getOwnPropertySymbols(value).length > 0) return false
  // That of a plain object of another realm has none of its own either.
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null
}

const requirePlain = (value: object): void => {
  if (!isPlain(value)) throw new TypeError("an object that is not plain has no canonical JSON text")
}

const requireFinite = (number: number): number => {
  if (!Number.isFinite(number)) throw new TypeError(`${number} has no canonical JSON text`)
  return number
}

const notJson = (value: unknown): TypeError => new TypeError(`a ${typeof value} has no canonical JSON text`)

/** Names by UTF-16 code units, in place. Objects have few members, so by insertion. @category conversions */
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
